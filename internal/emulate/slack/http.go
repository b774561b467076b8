package slack

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strconv"
)

const mostAnswer = 1 << 20

// overHTTP posts a delivery to its request URL, signed, and wants status 200 in time.
func (s *Server) overHTTP(ctx context.Context, d delivery) (ack, error) {
	const form = "application/x-www-form-urlencoded"
	switch d.kind {
	case slashCommands:
		var fields map[string]string
		if err := json.Unmarshal(d.payload, &fields); err != nil {
			return ack{}, fmt.Errorf("deliver: %w", err)
		}
		values := url.Values{}
		for k, v := range fields {
			values.Set(k, v)
		}
		return s.postSigned(ctx, d.at, s.o.App.CommandsURL, form, []byte(values.Encode()), nil)
	case interactive:
		body := url.Values{"payload": {string(d.payload)}}.Encode()
		return s.postSigned(ctx, d.at, s.o.App.InteractionsURL, form, []byte(body), nil)
	}
	header := http.Header{}
	if d.attempt > 0 {
		header.Set("X-Slack-Retry-Num", strconv.Itoa(d.attempt))
		header.Set("X-Slack-Retry-Reason", d.why)
	}
	return s.postSigned(ctx, d.at, s.o.App.EventsURL, "application/json", d.payload, header)
}

// postSigned makes one POST, signed with its timestamp.
func (s *Server) postSigned(ctx context.Context, at string, to func() string, kind string, body []byte, header http.Header) (ack, error) {
	if to == nil {
		return ack{}, fmt.Errorf("no address to deliver to: %w", ErrDispatchFailed)
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, to(), bytes.NewReader(body))
	if err != nil {
		return ack{}, err
	}
	for k, v := range header {
		r.Header[k] = v
	}
	r.Header.Set("Content-Type", kind)
	r.Header.Set("User-Agent", "Slackbot 1.0 (+https://api.slack.com/robots)")
	r.Header.Set("X-Slack-Request-Timestamp", at)
	r.Header.Set("X-Slack-Signature", sign(s.o.App.SigningSecret, at, body))
	w, err := s.client.Do(r)
	if err != nil {
		return ack{}, err
	}
	defer func() { _ = w.Body.Close() }()
	out, err := io.ReadAll(io.LimitReader(w.Body, mostAnswer))
	media, _, _ := mime.ParseMediaType(w.Header.Get("Content-Type"))
	a := ack{json: media == "application/json", final: w.Header.Get("X-Slack-No-Retry") == "1"}
	switch {
	case err != nil:
		return a, err
	case w.StatusCode != http.StatusOK:
		return a, fmt.Errorf("status %d: %w", w.StatusCode, ErrDispatchFailed)
	}
	a.body = out
	return a, nil
}

func sign(secret, at string, body []byte) string {
	mac := hmac.New(sha256.New, []byte(secret))
	fmt.Fprintf(mac, "v0:%s:%s", at, body)
	return "v0=" + hex.EncodeToString(mac.Sum(nil))
}
