package slack

import (
	"context"
	"encoding/json"
	"fmt"
)

// Press presses a button of a message, or chooses value in its select or overflow
// menu. For a button, value is empty or the button's own. It returns when the app
// has acknowledged; ErrDispatchFailed and ErrOperationTimeout are the app's fault.
func (s *Server) Press(ctx context.Context, user, channel, messageTS, blockID, actionID, value string) error {
	payload, err := s.pressed(user, channel, messageTS, blockID, actionID, value)
	if err == nil && payload != nil {
		_, err = s.interact(ctx, payload)
	}
	if err != nil {
		return fmt.Errorf("press %s: %w", actionID, err)
	}
	return nil
}

func (s *Server) pressed(user, channel, ts, blockID, actionID, value string) (object, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p, err := s.acting(user)
	if err != nil {
		return nil, err
	}
	if p.Bot {
		return nil, fmt.Errorf("a bot presses nothing: %w", ErrRefused)
	}
	ch, err := s.inside(channel, user)
	if err != nil {
		return nil, err
	}
	m, ok := s.messages.Get(key(ch.ID, ts))
	if !ok || m.Gone || m.For != "" && m.For != user {
		return nil, fmt.Errorf("message %s: %w", ts, ErrUnknown)
	}
	block, element, ok := findInMessage(m, blockID, actionID)
	if !ok {
		return nil, fmt.Errorf("element %s in block %s: %w", actionID, blockID, ErrUnknown)
	}
	act, held, err := s.act(ts, block, element, value)
	if err != nil {
		return nil, err
	}
	out := s.payload("block_actions", p)
	out["container"] = object{"type": "message", "message_ts": ts, "channel_id": ch.ID, "is_ephemeral": m.For != ""}
	if m.ThreadTS != "" {
		out["container"].(object)["thread_ts"] = m.ThreadTS
	}
	name := ch.Name
	switch {
	case ch.Direct != "":
		name = "directmessage"
	case ch.Private:
		name = "privategroup"
	}
	out["channel"] = object{"id": ch.ID, "name": name}
	if m.For == "" {
		out["message"] = s.withMetadata(m) // an ephemeral message is not sent along
	}
	all := initialState(m.Blocks)
	if held != nil {
		set(all, block, element, held)
	}
	out["state"] = object{"values": all}
	out["response_url"] = s.newHook(hook{User: user, Channel: ch.ID, TS: ts, Thread: m.ThreadTS})
	out["trigger_id"] = s.newTrigger(user, "")
	out["actions"] = []object{act}
	return out, s.fault
}

func findInMessage(m message, blockID, actionID string) (block, element object, ok bool) {
	if block, element, ok = find(m.Blocks, blockID, actionID); ok {
		return block, element, ok
	}
	var attached []struct {
		Blocks json.RawMessage `json:"blocks"`
	}
	_ = json.Unmarshal(m.Attachments, &attached) // checked when it came in
	for _, a := range attached {
		if block, element, ok = find(a.Blocks, blockID, actionID); ok {
			return block, element, ok
		}
	}
	return nil, nil, false
}

// act is one entry of an interaction's actions, and the state that the element
// holds from now on, if it holds any.
func (s *Server) act(place string, block, element object, v Value) (act, held object, err error) {
	kind, _ := element["type"].(string)
	act = object{
		"type": kind, "block_id": block["block_id"], "action_id": element["action_id"], "action_ts": s.timestamp(),
	}
	switch kind {
	case "button", "icon_button", "workflow_button":
		own, _ := element["value"].(string)
		if given, ok := v.(string); v != nil && (!ok || given != "" && given != own) {
			return nil, nil, fmt.Errorf("the button's value is %q: %w", own, ErrRefused)
		}
		act["text"] = element["text"]
		if own != "" {
			act["value"] = own
		}
		if element["style"] != nil {
			act["style"] = element["style"]
		}
		return act, nil, nil
	case "overflow":
		for _, o := range optionsOf(element) {
			if o["value"] == v {
				act["selected_option"] = o
				return act, nil, nil
			}
		}
		return nil, nil, fmt.Errorf("no option %v: %w", v, ErrRefused)
	}
	held, err = entered(element, v, func(value string) (Option, bool) {
		o, ok := s.offered[offer(place, block, element, value)]
		return o, ok
	})
	for k, v := range held {
		act[k] = v
	}
	if p := element["placeholder"]; p != nil {
		act["placeholder"] = p
	}
	return act, held, err
}

// PressInView presses a button or chooses value in an element of an open modal or
// of the home tab. What an element holds is kept. The app hears of it, except of
// an input block without dispatch_action.
func (s *Server) PressInView(ctx context.Context, user, viewID, blockID, actionID string, value any) error {
	payload, err := s.pressedInView(user, viewID, blockID, actionID, value)
	if err == nil && payload != nil {
		_, err = s.interact(ctx, payload)
	}
	if err != nil {
		return fmt.Errorf("press %s: %w", actionID, err)
	}
	return nil
}

func (s *Server) pressedInView(user, viewID, blockID, actionID string, value any) (object, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p, err := s.acting(user)
	if err != nil {
		return nil, err
	}
	v, err := s.viewOf(user, viewID)
	if err != nil {
		return nil, err
	}
	block, element, ok := find(v.Blocks, blockID, actionID)
	if !ok {
		return nil, fmt.Errorf("element %s in block %s: %w", actionID, blockID, ErrUnknown)
	}
	act, held, err := s.act(viewID, block, element, value)
	if err != nil {
		return nil, err
	}
	if held != nil {
		v.State = copyState(v.State)
		set(v.State, block, element, held)
		s.putView(v)
	}
	if block["type"] == "input" && block["dispatch_action"] != true {
		return nil, s.fault
	}
	out := s.payload("block_actions", p)
	out["container"] = object{"type": "view", "view_id": v.ID}
	out["view"] = s.viewObject(v)
	out["trigger_id"] = s.newTrigger(user, v.ID)
	out["actions"] = []object{act}
	return out, s.fault
}
