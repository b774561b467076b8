package slack

import (
	"encoding/json"
)

// View is Slack as one person sees it. Its JSON is the same as long as nothing
// they can see has changed, but for Revision, which counts everybody's changes.
type View struct {
	Revision uint64         `json:"revision"`
	Me       Person         `json:"me"`
	Team     Team           `json:"team"`
	Channels []Conversation `json:"channels"`
	Modals   []AppView      `json:"modals"` // bottom first; the last one is on top
	Home     *AppView       `json:"home,omitempty"`
	People   []Person       `json:"people"` // for names of mentions
	Groups   []Group        `json:"groups"`
}

// Conversation is a channel or a direct message, with what the person can read in it.
type Conversation struct {
	ID       string   `json:"id"`
	Name     string   `json:"name"`
	Kind     string   `json:"kind"` // channel, private or direct
	Members  []string `json:"members"`
	Messages []Post   `json:"messages"` // oldest first, replies among them
}

// Post is a message of the app. Blocks and attachments are Slack's JSON.
type Post struct {
	TS          string          `json:"ts"`
	ThreadTS    string          `json:"thread_ts,omitempty"`
	Broadcast   bool            `json:"reply_broadcast,omitempty"`
	User        string          `json:"user"`
	Text        string          `json:"text"`
	Blocks      json.RawMessage `json:"blocks,omitempty"`
	Attachments json.RawMessage `json:"attachments,omitempty"`
	Metadata    json.RawMessage `json:"metadata,omitempty"`
	Files       []object        `json:"files,omitempty"`
	Edited      string          `json:"edited,omitempty"` // ts of the last edit
	Ephemeral   bool            `json:"ephemeral,omitempty"`
	Deleted     bool            `json:"deleted,omitempty"`
}

// AppView is an open modal or a published home tab.
type AppView struct {
	ID              string           `json:"id"`
	Type            string           `json:"type"` // modal or home
	Title           string           `json:"title,omitempty"`
	Submit          string           `json:"submit,omitempty"`
	Close           string           `json:"close,omitempty"`
	Blocks          json.RawMessage  `json:"blocks"`
	PrivateMetadata string           `json:"private_metadata,omitempty"`
	CallbackID      string           `json:"callback_id,omitempty"`
	ExternalID      string           `json:"external_id,omitempty"`
	Hash            string           `json:"hash"`
	State           map[string]state `json:"state"` // what is entered, by block and action, as Slack sends it
}

func appView(v view) AppView {
	text := func(raw json.RawMessage) string {
		var o struct{ Text string }
		_ = json.Unmarshal(raw, &o) // absent is empty
		return o.Text
	}
	return AppView{
		ID: v.ID, Type: v.Type, Title: text(v.Title), Submit: text(v.Submit), Close: text(v.Close), Blocks: v.Blocks,
		PrivateMetadata: v.PrivateMetadata, CallbackID: v.CallbackID, ExternalID: v.ExternalID, Hash: v.Hash, State: values(v),
	}
}

// Snapshot returns what a person sees now. For somebody unknown it is empty.
func (s *Server) Snapshot(user string) View {
	s.mu.Lock()
	defer s.mu.Unlock()
	me, ok := s.people.Get(user)
	out := View{
		Revision: s.revision, Me: me, Team: s.o.Seed.Team, Channels: []Conversation{}, Modals: []AppView{},
		People: []Person{}, Groups: []Group{},
	}
	if !ok {
		return out
	}
	out.People, out.Groups = s.people.All(), s.groups.All()
	for _, ch := range s.channels.All() {
		if ch.has(user) {
			out.Channels = append(out.Channels, s.conversationOf(ch, s.postsFor(ch.ID, user)))
		}
	}
	out.Modals = s.modalsOf(user)
	if v, ok := s.homes.Get(user); ok {
		home := appView(v)
		out.Home = &home
	}
	return out
}

func (s *Server) conversationOf(ch Channel, posts []Post) Conversation {
	kind, name := "channel", ch.Name
	switch {
	case ch.Direct != "":
		kind, name = "direct", s.o.App.Name
	case ch.Private:
		kind = "private"
	}
	return Conversation{ID: ch.ID, Name: name, Kind: kind, Members: s.members(ch), Messages: append([]Post{}, posts...)}
}

// postsFor is what a person can read in a conversation.
func (s *Server) postsFor(channel, user string) []Post {
	var out []Post
	for _, ts := range s.index.all[channel] {
		if m, ok := s.messages.Get(key(channel, ts)); ok && (m.For == "" || m.For == user) {
			out = append(out, s.postOf(m))
		}
	}
	return out
}

func (s *Server) postOf(m message) Post {
	p := Post{
		TS: m.TS, ThreadTS: m.ThreadTS, Broadcast: m.Broadcast, User: s.o.App.BotUser, Text: m.Text, Blocks: m.Blocks,
		Attachments: m.Attachments, Metadata: m.Metadata, Edited: m.Edited, Ephemeral: m.For != "", Deleted: m.Gone,
	}
	if len(m.Files) > 0 {
		p.Files = s.fileObjects(m.Files)
	}
	return p
}

// Home returns the home tab that the app has published for a person.
func (s *Server) Home(user string) (AppView, bool) {
	v, ok := s.homes.Get(user)
	return appView(v), ok
}

func (s *Server) modalsOf(user string) []AppView {
	out := []AppView{}
	stack, _ := s.stacks.Get(user)
	for _, id := range stack {
		if v, ok := s.views.Get(id); ok {
			out = append(out, appView(v))
		}
	}
	return out
}

// top is the modal that a person has before them.
func (s *Server) top(user string) *AppView {
	s.mu.Lock()
	defer s.mu.Unlock()
	modals := s.modalsOf(user)
	if len(modals) == 0 {
		return nil
	}
	return &modals[len(modals)-1]
}
