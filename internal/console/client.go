package console

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"syscall"

	"fedbot/workflows"
)

// ErrDown means that nobody serves the socket.
var ErrDown = errors.New("fedbot is not running here")

// Client speaks to a running fedbot over its socket.
type Client struct{ http *http.Client }

// Dial makes a client for the socket at path. It connects when it is used.
func Dial(path string) *Client {
	return &Client{&http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "unix", path)
	}}}}
}

// List returns all federations.
func (c *Client) List(ctx context.Context) (out []workflows.Federation, err error) {
	return out, c.call(ctx, http.MethodGet, "federations", nil, &out)
}

// Show returns one federation.
func (c *Client) Show(ctx context.Context, id workflows.FederationID) (out workflows.Federation, err error) {
	return out, c.call(ctx, http.MethodGet, "federations/"+url.PathEscape(string(id)), nil, &out)
}

// Offers returns the newer versions of templates that federations use in older ones.
func (c *Client) Offers(ctx context.Context) (out []workflows.Offer, err error) {
	return out, c.call(ctx, http.MethodGet, "offers", nil, &out)
}

// History returns the events of a federation or of a project's; of all when of is
// empty.
func (c *Client) History(ctx context.Context, of string) (out []Past, err error) {
	return out, c.call(ctx, http.MethodGet, "history?of="+url.QueryEscape(of), nil, &out)
}

// Request asks for a federation.
func (c *Client) Request(ctx context.Context, p workflows.Proposal) (out workflows.Federation, err error) {
	return out, c.call(ctx, http.MethodPost, "requests", map[string]any{"delivery": delivery(), "proposal": p}, &out)
}

// Explain says who would approve a proposal, and why.
func (c *Client) Explain(ctx context.Context, p workflows.Proposal) (out workflows.Foresight, err error) {
	return out, c.call(ctx, http.MethodPost, "explain", p, &out)
}

// Order quarantines or revokes.
func (c *Client) Order(ctx context.Context, id workflows.FederationID, verb workflows.OrderVerb, reason string) (out workflows.Federation, err error) {
	return out, c.call(ctx, http.MethodPost, "federations/"+url.PathEscape(string(id))+"/"+string(verb),
		map[string]any{"delivery": delivery(), "reason": reason}, &out)
}

// Drift reads federations now.
func (c *Client) Drift(ctx context.Context, ids []workflows.FederationID) (out workflows.Report, err error) {
	if ids == nil {
		ids = []workflows.FederationID{}
	}
	return out, c.call(ctx, http.MethodPost, "drift", ids, &out)
}

// Get copies a database check, backup or export ("check", "backup", "export").
func (c *Client) Get(ctx context.Context, what string, w io.Writer) (ok bool, err error) {
	res, err := c.do(ctx, http.MethodGet, "db/"+what, nil)
	if err != nil {
		return false, err
	}
	defer res.Body.Close()
	_, err = io.Copy(w, res.Body)
	return res.StatusCode == http.StatusOK, err
}

func delivery() string { return "socket/" + rand.Text() }

func (c *Client) call(ctx context.Context, method, path string, in, out any) error {
	res, err := c.do(ctx, method, path, in)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		var p Problem
		if err := json.NewDecoder(res.Body).Decode(&p); err != nil || p.Say == "" {
			return fmt.Errorf("fedbot answered %s", res.Status)
		}
		return &workflows.Refusal{Code: p.Code, Say: p.Say, Next: p.Next}
	}
	if err := json.NewDecoder(res.Body).Decode(out); err != nil {
		return fmt.Errorf("read fedbot's answer: %w", err)
	}
	return nil
}

func (c *Client) do(ctx context.Context, method, path string, in any) (*http.Response, error) {
	var body io.Reader
	if in != nil {
		raw, err := json.Marshal(in)
		if err != nil {
			return nil, fmt.Errorf("encode: %w", err)
		}
		body = bytes.NewReader(raw)
	}
	req, err := http.NewRequestWithContext(ctx, method, "http://fedbot/api/v1/"+path, body)
	if err != nil {
		return nil, fmt.Errorf("make request: %w", err)
	}
	res, err := c.http.Do(req)
	if errors.Is(err, syscall.ENOENT) || errors.Is(err, syscall.ECONNREFUSED) {
		return nil, ErrDown
	}
	if err != nil {
		return nil, fmt.Errorf("ask fedbot: %w", err)
	}
	return res, nil
}
