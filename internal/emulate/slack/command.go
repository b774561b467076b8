package slack

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strconv"
)

// Reply is what the app said at once to a slash command.
type Reply struct {
	Type   string          `json:"type,omitempty"` // ephemeral or in_channel; empty when it said nothing
	TS     string          `json:"ts,omitempty"`
	Text   string          `json:"text,omitempty"`
	Blocks json.RawMessage `json:"blocks,omitempty"`
}

// Failure is what Slack shows to somebody whose command the app did not take.
type Failure struct {
	Command string
	Err     error
}

func (f *Failure) Error() string {
	return fmt.Sprintf("%s failed with the error %q", f.Command, Code(f.Err))
}

// Unwrap returns what went wrong.
func (f *Failure) Unwrap() error { return f.Err }

// Command types the app's slash command, with text after it, in a conversation
// that the person is in. It returns when the app has answered. The error is a
// *Failure when the app failed, and wraps ErrUnknown or ErrRefused when Slack
// itself would not have let the person.
func (s *Server) Command(ctx context.Context, user, channel, text string) (Reply, error) {
	payload, token, err := s.command(user, channel, text)
	if err != nil {
		return Reply{}, fmt.Errorf("command: %w", err)
	}
	heard, err := s.tell(ctx, delivery{kind: slashCommands, payload: payload, answers: true})
	if err != nil {
		return Reply{}, &Failure{s.o.App.Command, err}
	}
	out := bytes.TrimSpace(heard.body)
	if len(out) == 0 {
		return Reply{}, nil
	}
	body := response{Text: string(out)}
	if heard.json || out[0] == '{' {
		body = response{}
		if err := json.Unmarshal(out, &body); err != nil {
			return Reply{}, &Failure{s.o.App.Command, ErrDispatchFailed}
		}
	}
	return s.firstReply(token, body)
}

func (s *Server) command(user, channel, text string) (json.RawMessage, string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p, err := s.acting(user)
	if err != nil {
		return nil, "", err
	}
	if !s.served(p) || p.Bot {
		return nil, "", fmt.Errorf("%s is not a command here: %w", s.o.App.Command, ErrRefused)
	}
	ch, err := s.inside(channel, user)
	if err != nil {
		return nil, "", err
	}
	name := ch.Name
	switch {
	case ch.Direct != "":
		name = "directmessage"
	case ch.Private:
		name = "privategroup"
	}
	responseURL := s.newHook(hook{User: user, Channel: ch.ID})
	team := s.context(p)
	fields := map[string]string{
		"token": verificationToken, "team_id": team.ID, "team_domain": team.Domain,
		"channel_id": ch.ID, "channel_name": name, "user_id": p.ID, "user_name": p.Name,
		"command": s.o.App.Command, "text": text, "api_app_id": s.o.App.ID, "is_enterprise_install": strconv.FormatBool(s.o.App.OrgInstall),
		"response_url": responseURL, "trigger_id": s.newTrigger(user, ""),
	}
	if own := s.o.Seed.Team; own.Enterprise != "" {
		fields["enterprise_id"], fields["enterprise_name"] = own.Enterprise, own.EnterpriseName
	}
	payload, err := json.Marshal(fields)
	if err != nil {
		return nil, "", err
	}
	return payload, responseURL[len(s.base()+"/response/"):], s.fault
}

func (s *Server) firstReply(token string, body response) (Reply, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	h, _ := s.hooks.Get(token)
	if body.Text == "" && body.Blocks == nil && body.Attachments == nil {
		return Reply{}, nil // {"response_type":"in_channel"} alone shows the command and nothing else
	}
	m, err := s.apply(token, h, body)
	if err != nil {
		return Reply{}, &Failure{s.o.App.Command, fmt.Errorf("%w: %w", ErrDispatchFailed, err)}
	}
	r := Reply{Type: "in_channel", TS: m.TS, Text: m.Text, Blocks: m.Blocks}
	if m.For != "" {
		r.Type = "ephemeral"
	}
	return r, s.fault
}
