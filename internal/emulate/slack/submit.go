package slack

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/mail"
	"net/url"
	"strconv"
	"unicode/utf8"
)

// SubmitResult is what a person sees after pressing a modal's submit button.
type SubmitResult struct {
	Action string            `json:"action"`           // close, errors, update, push or clear
	Errors map[string]string `json:"errors,omitempty"` // by block id
	View   *AppView          `json:"view,omitempty"`   // the modal on top now
}

// Submit fills in a modal's input blocks and submits it. Elements that state leaves
// out keep what they hold. What Slack's client checks by itself (required, length,
// form of numbers, addresses and links) comes back as Errors without a delivery.
// An answer of the app that Slack would not understand is ErrTrouble.
func (s *Server) Submit(ctx context.Context, user, viewID string, state map[string]map[string]Value) (SubmitResult, error) {
	payload, missing, err := s.submitted(user, viewID, state)
	if err != nil {
		return SubmitResult{}, fmt.Errorf("submit: %w", err)
	}
	if len(missing) > 0 {
		return SubmitResult{Action: "errors", Errors: missing, View: s.top(user)}, nil
	}
	out, err := s.interact(ctx, payload)
	if err != nil {
		return SubmitResult{}, fmt.Errorf("submit: %w", err)
	}
	r, err := s.answered(user, viewID, out)
	if err != nil {
		return SubmitResult{}, fmt.Errorf("submit: %w", err)
	}
	r.View = s.top(user)
	return r, nil
}

func (s *Server) submitted(user, viewID string, filled map[string]map[string]Value) (object, map[string]string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p, err := s.acting(user)
	if err != nil {
		return nil, nil, err
	}
	v, err := s.viewOf(user, viewID)
	switch {
	case err != nil:
		return nil, nil, err
	case v.Type != "modal" || v.Submit == nil:
		return nil, nil, fmt.Errorf("view %s has no submit button: %w", viewID, ErrRefused)
	}
	v.State = copyState(v.State)
	for blockID, actions := range filled {
		for actionID, value := range actions {
			block, element, ok := find(v.Blocks, blockID, actionID)
			if !ok {
				return nil, nil, fmt.Errorf("element %s in block %s: %w", actionID, blockID, ErrUnknown)
			}
			_, held, err := s.act(viewID, block, element, value)
			if err != nil {
				return nil, nil, fmt.Errorf("element %s: %w", actionID, err)
			}
			set(v.State, block, element, held)
		}
	}
	s.putView(v)
	if missing := incomplete(v); len(missing) > 0 {
		return nil, missing, s.fault
	}
	out := s.payload("view_submission", p)
	out["trigger_id"], out["view"], out["response_urls"] = s.newTrigger(user, v.ID), s.viewObject(v), []object{}
	return out, nil, s.fault
}

// incomplete returns what Slack's client says at each field before it sends anything.
func incomplete(v view) map[string]string {
	out := map[string]string{}
	parts(v.Blocks, func(b, e object) {
		if b["type"] != "input" {
			return
		}
		id, _ := b["block_id"].(string)
		actionID, _ := e["action_id"].(string)
		kind, _ := e["type"].(string)
		held := v.State[id][actionID][stateful[kind]]
		l, isSlice := held.([]any)
		switch {
		case held == nil || held == "" || isSlice && len(l) == 0:
			if b["optional"] != true {
				out[id] = "Please complete this required field."
			}
		default:
			if why := malformed(kind, e, held); why != "" {
				out[id] = why
			}
		}
	})
	return out
}

func malformed(kind string, e object, held any) string {
	t, _ := held.(string)
	bound := func(name string, otherwise int) int {
		n, _ := e[name].(json.Number)
		if i, err := n.Int64(); err == nil {
			return int(i)
		}
		return otherwise
	}
	switch kind {
	case "plain_text_input":
		n := utf8.RuneCountInString(t)
		if lo := bound("min_length", 0); n < lo {
			return fmt.Sprintf("Must be at least %d characters.", lo)
		}
		if hi := bound("max_length", 3000); n > hi {
			return fmt.Sprintf("Must be at most %d characters.", hi)
		}
	case "email_text_input":
		if _, err := mail.ParseAddress(t); err != nil {
			return "Please enter a valid email address."
		}
	case "url_text_input":
		if u, err := url.Parse(t); err != nil || u.Host == "" {
			return "Please enter a valid URL."
		}
	case "number_input":
		f, err := strconv.ParseFloat(t, 64)
		if err != nil || e["is_decimal_allowed"] != true && f != float64(int64(f)) {
			return "Please enter a valid number."
		}
	}
	if l, ok := held.([]any); ok && len(l) > bound("max_selected_items", noLimit) {
		return "Too many items are selected."
	}
	return ""
}

// answered does what the app answered to a submission.
func (s *Server) answered(user, viewID string, raw []byte) (SubmitResult, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var a struct {
		Action string            `json:"response_action"`
		Errors map[string]string `json:"errors"`
		View   json.RawMessage   `json:"view"`
	}
	if len(raw) > 0 && !bytes.Equal(raw, []byte("{}")) {
		if json.Unmarshal(raw, &a) != nil || a.Action == "" {
			return SubmitResult{}, fmt.Errorf("answer %.80q: %w", raw, ErrTrouble)
		}
	}
	v, open := s.views.Get(viewID)
	if !open {
		return SubmitResult{Action: "close"}, s.fault // closed meanwhile
	}
	switch a.Action {
	case "":
		s.closeView(v)
		return SubmitResult{Action: "close"}, s.fault
	case "clear":
		s.closeFrom(user, 0)
		return SubmitResult{Action: "clear"}, s.fault
	case "errors":
		if err := errorsFit(v, a.Errors); err != nil {
			return SubmitResult{}, err
		}
		return SubmitResult{Action: "errors", Errors: a.Errors}, nil
	case "update", "push":
		next, err := s.readView(string(a.View), "modal")
		if err == nil && a.Action == "push" {
			_, err = s.pushOn(v, next)
		} else if err == nil {
			_, err = s.replace(v, next)
		}
		if err != nil {
			return SubmitResult{}, fmt.Errorf("%s: %w: %w", a.Action, ErrTrouble, err)
		}
		return SubmitResult{Action: a.Action}, s.fault
	}
	return SubmitResult{}, fmt.Errorf("response_action %q: %w", a.Action, ErrTrouble)
}

// errorsFit refuses errors at anything but an input block of the view.
func errorsFit(v view, errs map[string]string) error {
	inputs := map[string]bool{}
	parts(v.Blocks, func(b, _ object) {
		if b["type"] == "input" {
			inputs[b["block_id"].(string)] = true
		}
	})
	for id := range errs {
		if !inputs[id] {
			return fmt.Errorf("no input block %q: %w", id, ErrTrouble)
		}
	}
	if len(errs) == 0 {
		return fmt.Errorf("errors without an error: %w", ErrTrouble)
	}
	return nil
}
