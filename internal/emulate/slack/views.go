package slack

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// view is a modal or a home tab that the app has put before a person.
type view struct {
	ID              string           `json:"id"`
	User            string           `json:"user"`
	Type            string           `json:"type"`
	Root            string           `json:"root"`
	Previous        string           `json:"previous,omitempty"`
	Title           json.RawMessage  `json:"title,omitempty"`
	Submit          json.RawMessage  `json:"submit,omitempty"`
	Close           json.RawMessage  `json:"close,omitempty"`
	Blocks          json.RawMessage  `json:"blocks"`
	PrivateMetadata string           `json:"private_metadata,omitempty"`
	CallbackID      string           `json:"callback_id,omitempty"`
	ExternalID      string           `json:"external_id,omitempty"`
	ClearOnClose    bool             `json:"clear_on_close,omitempty"`
	NotifyOnClose   bool             `json:"notify_on_close,omitempty"`
	SubmitDisabled  bool             `json:"submit_disabled,omitempty"`
	Hash            string           `json:"hash"`
	State           map[string]state `json:"state,omitempty"` // by block id
}

const (
	mostModals = 3
	mostView   = 250_000 // bytes
)

// readView checks the view argument and turns it into a row without an id.
func (s *Server) readView(raw, kind string) (view, error) {
	if raw == "" {
		return view{}, invalid("missing required field: view")
	}
	if len(raw) > mostView {
		return view{}, no("view_too_large")
	}
	v, err := decode(raw)
	if err != nil {
		return view{}, invalid("must be valid JSON [json-pointer:/view]")
	}
	if err := refused("invalid_arguments", checkView("/view", v)); err != nil {
		return view{}, err
	}
	o := v.(object)
	if o["type"] != kind {
		return view{}, invalid("unsupported type: " + o["type"].(string) + " [json-pointer:/view/type]")
	}
	o["blocks"] = s.named(o["blocks"])
	tidy, err := json.Marshal(o)
	if err != nil {
		return view{}, err
	}
	var out view
	if err := json.Unmarshal(tidy, &out); err != nil {
		return view{}, err
	}
	out.State = initialState(out.Blocks)
	return out, nil
}

// free says whether an external id belongs to no other view than the given one.
func (s *Server) free(externalID, except string) error {
	if externalID == "" {
		return nil
	}
	for _, v := range append(s.views.All(), s.homes.All()...) {
		if v.ExternalID == externalID && v.ID != except {
			return no("duplicate_external_id")
		}
	}
	return nil
}

func (s *Server) newHash() string { return fmt.Sprintf("%d.%s", s.o.Now().Unix(), secret()[:8]) }

// putModal stores a modal and brings it to the top of its person's stack.
func (s *Server) putModal(v view) view {
	v.Hash = s.newHash()
	s.keep(s.views.Put(v.ID, v))
	stack, _ := s.stacks.Get(v.User)
	if !slices.Contains(stack, v.ID) {
		s.keep(s.stacks.Put(v.User, append(slices.Clone(stack), v.ID)))
	}
	return v
}

// closeFrom closes the modals of a person from a depth upwards.
func (s *Server) closeFrom(user string, depth int) {
	stack, _ := s.stacks.Get(user)
	if depth >= len(stack) {
		return
	}
	for _, id := range stack[depth:] {
		s.keep(s.views.Delete(id))
	}
	s.keep(s.stacks.Put(user, slices.Clone(stack[:depth])))
}

func viewsOpen(s *Server, c *call) (object, error) {
	t, err := s.exchange(c)
	if err != nil {
		return nil, err
	}
	v, err := s.readView(c.args["view"], "modal")
	if err != nil {
		return nil, err
	}
	if err := s.free(v.ExternalID, ""); err != nil {
		return nil, err
	}
	s.used(c.args["trigger_id"], t)
	s.closeFrom(t.User, 0) // a person has one stack; a new root replaces it
	v.ID, v.User = s.id("V"), t.User
	v.Root = v.ID
	return object{"view": s.viewObject(s.putModal(v))}, nil
}

func viewsPush(s *Server, c *call) (object, error) {
	t, err := s.exchange(c)
	if err != nil {
		return nil, err
	}
	if t.View == "" {
		return nil, no("invalid_trigger_id") // from a message or a command there is nothing to push onto
	}
	v, err := s.readView(c.args["view"], "modal")
	if err != nil {
		return nil, err
	}
	if home, ok := s.homes.Get(t.User); ok && home.ID == t.View {
		return nil, invalid("must match the `type` of the root view whose stack we're pushing onto [json-pointer:/view/type]")
	}
	below, ok := s.views.Get(t.View)
	if !ok {
		return nil, no("not_found")
	}
	if v, err = s.pushOn(below, v); err != nil {
		return nil, err
	}
	s.used(c.args["trigger_id"], t)
	return object{"view": s.viewObject(v)}, nil
}

func (s *Server) pushOn(below, v view) (view, error) {
	stack, _ := s.stacks.Get(below.User)
	if len(stack) >= mostModals {
		return v, no("push_limit_reached")
	}
	if err := s.free(v.ExternalID, ""); err != nil {
		return v, err
	}
	v.ID, v.User, v.Root, v.Previous = s.id("V"), below.User, below.Root, below.ID
	return s.putModal(v), nil
}

func viewsUpdate(s *Server, c *call) (object, error) {
	old, ok := s.views.Get(c.args["view_id"])
	if id := c.args["external_id"]; c.args["view_id"] == "" && id != "" {
		for _, v := range s.views.All() {
			if v.ExternalID == id {
				old, ok = v, true
			}
		}
	} else if c.args["view_id"] == "" {
		return nil, invalid("must provide either `view_id` or `external_id`")
	}
	if !ok {
		return nil, no("not_found")
	}
	v, err := s.readView(c.args["view"], "modal")
	if err != nil {
		return nil, err
	}
	if h := c.args["hash"]; h != "" && h != old.Hash {
		return nil, no("hash_conflict")
	}
	if v, err = s.replace(old, v); err != nil {
		return nil, err
	}
	return object{"view": s.viewObject(v)}, nil
}

// replace puts new content into an open modal. What the person entered stays where
// block id, action id and type are the same.
func (s *Server) replace(old, v view) (view, error) {
	if err := s.free(v.ExternalID, old.ID); err != nil {
		return v, err
	}
	v.ID, v.User, v.Root, v.Previous = old.ID, old.User, old.Root, old.Previous
	if v.ExternalID == "" {
		v.ExternalID = old.ExternalID
	}
	v.State = carryOver(old.State, v.State, v.Blocks)
	return s.putModal(v), nil
}

func viewsPublish(s *Server, c *call) (object, error) {
	user, err := c.need("user_id")
	if err != nil {
		return nil, err
	}
	p, ok := s.people.Get(user)
	if !ok || p.Deactivated || p.Bot || !s.served(p) {
		return nil, invalid("invalid `user_id` [json-pointer:/user_id]")
	}
	v, err := s.readView(c.args["view"], "home")
	if err != nil {
		return nil, err
	}
	old, exists := s.homes.Get(user)
	if h := c.args["hash"]; h != "" && h != old.Hash {
		return nil, no("hash_conflict")
	}
	if err := s.free(v.ExternalID, old.ID); err != nil {
		return nil, err
	}
	v.ID, v.User = old.ID, user
	if !exists {
		v.ID = s.id("V")
	}
	v.Root, v.Hash = v.ID, s.newHash()
	v.State = carryOver(old.State, v.State, v.Blocks)
	s.keep(s.homes.Put(user, v))
	return object{"view": s.viewObject(v)}, nil
}

// viewObject is a view as answers and deliveries show it.
func (s *Server) viewObject(v view) object {
	return object{
		"id": v.ID, "team_id": s.context(s.person(v.User)).ID, "type": v.Type, "blocks": v.Blocks, "private_metadata": v.PrivateMetadata,
		"callback_id": v.CallbackID, "state": object{"values": values(v)}, "hash": v.Hash, "title": v.Title,
		"clear_on_close": v.ClearOnClose, "notify_on_close": v.NotifyOnClose, "close": v.Close, "submit": v.Submit,
		"previous_view_id": orNull(v.Previous), "root_view_id": v.Root, "app_id": s.o.App.ID,
		"external_id": v.ExternalID, "app_installed_team_id": s.installed(), "bot_id": s.o.App.BotID,
	}
}

// viewOf finds an open modal or home tab that belongs to a person.
func (s *Server) viewOf(user, id string) (view, error) {
	v, ok := s.views.Get(id)
	if !ok {
		if home, has := s.homes.Get(user); has && home.ID == id {
			v, ok = home, true
		}
	}
	if !ok || v.User != user {
		return v, fmt.Errorf("view %s of %s: %w", id, strings.TrimSpace(user), ErrUnknown)
	}
	return v, nil
}

func (s *Server) putView(v view) {
	if v.Type == "home" {
		s.keep(s.homes.Put(v.User, v))
	} else {
		s.keep(s.views.Put(v.ID, v))
	}
}
