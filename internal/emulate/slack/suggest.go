package slack

import (
	"context"
	"encoding/json"
	"fmt"
)

// Option is one choice of an external select.
type Option struct {
	Text        string `json:"text"`
	Value       string `json:"value"`
	Description string `json:"description,omitempty"`
	Group       string `json:"group,omitempty"`
}

func offer(place string, block, element object, value string) string {
	return fmt.Sprintf("%s/%s/%s/%s", place, block["block_id"], element["action_id"], value)
}

// Options types into an external select of an open modal or the home tab and
// returns what the app offers. Only what was offered can be chosen afterwards.
// An answer that Slack would not show is ErrTrouble.
func (s *Server) Options(ctx context.Context, user, viewID, blockID, actionID, typed string) ([]Option, error) {
	payload, block, element, err := s.typing(user, viewID, blockID, actionID, typed)
	if err != nil {
		return nil, fmt.Errorf("options of %s: %w", actionID, err)
	}
	raw, err := s.interact(ctx, payload)
	if err != nil {
		return nil, fmt.Errorf("options of %s: %w", actionID, err)
	}
	options, err := readOptions(raw)
	if err != nil {
		return nil, fmt.Errorf("options of %s: %w", actionID, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, o := range options {
		s.offered[offer(viewID, block, element, o.Value)] = o
	}
	return options, nil
}

func (s *Server) typing(user, viewID, blockID, actionID, typed string) (payload, block, element object, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p, err := s.acting(user)
	if err != nil {
		return nil, nil, nil, err
	}
	v, err := s.viewOf(user, viewID)
	if err != nil {
		return nil, nil, nil, err
	}
	block, element, ok := find(v.Blocks, blockID, actionID)
	if !ok || element["type"] != "external_select" && element["type"] != "multi_external_select" {
		return nil, nil, nil, fmt.Errorf("external select %s in block %s: %w", actionID, blockID, ErrUnknown)
	}
	least := int64(3)
	if n, ok := element["min_query_length"].(json.Number); ok {
		least, _ = n.Int64()
	}
	if int64(len([]rune(typed))) < least {
		return nil, nil, nil, fmt.Errorf("fewer than %d characters typed: %w", least, ErrRefused)
	}
	payload = s.payload("block_suggestion", p)
	payload["action_id"], payload["block_id"], payload["value"] = actionID, blockID, typed
	payload["container"] = object{"type": "view", "view_id": v.ID}
	payload["view"] = s.viewObject(v)
	return payload, block, element, nil
}

var (
	optionsAnswer = shape("options", fields{"options": list(0, 100, plainOption)})
	groupsAnswer  = shape("option_groups", fields{"option_groups": list(0, 100, optionGroup)})
)

func readOptions(raw []byte) ([]Option, error) {
	v, err := decode(string(raw))
	o, _ := v.(object)
	if err != nil || o == nil {
		return nil, fmt.Errorf("answer %.80q: %w", raw, ErrTrouble)
	}
	c := &checker{}
	if _, grouped := o["option_groups"]; grouped {
		groupsAnswer(c, "", v)
	} else {
		optionsAnswer(c, "", v)
	}
	if len(c.problems) > 0 {
		return nil, fmt.Errorf("%s: %w", c.problems[0], ErrTrouble)
	}
	out := []Option{}
	add := func(group string, holder object) {
		for _, one := range optionsOf(object{"options": holder["options"]}) {
			value, _ := one["value"].(string)
			out = append(out, Option{textOf(one["text"]), value, textOf(one["description"]), group})
		}
	}
	add("", o)
	groups, _ := o["option_groups"].([]any)
	for _, g := range groups {
		add(textOf(g.(object)["label"]), g.(object))
	}
	return out, nil
}
