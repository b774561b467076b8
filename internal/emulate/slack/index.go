package slack

import (
	"slices"
)

// index finds messages, direct messages and uploads without looking at all of them.
// It holds nothing that the tables do not say. Guarded by the server's mu.
type index struct {
	all     map[string][]string // ts of a conversation's messages, oldest first, ephemerals among them
	shown   map[string][]string // of those that history shows: no replies but broadcast ones, no ephemerals
	replies map[string][]string // of a thread's replies, by the key of its parent
	direct  map[string]string   // the direct message with each person
	uploads map[string]string   // file ids, by the token of the upload URL
}

// buildIndex reads the tables once. Their rows come in the order of their keys, so
// that messages come oldest first.
func (s *Server) buildIndex() {
	s.index = index{
		all: map[string][]string{}, shown: map[string][]string{}, replies: map[string][]string{},
		direct: map[string]string{}, uploads: map[string]string{},
	}
	for _, m := range s.messages.All() {
		s.index.add(m)
	}
	for _, ch := range s.channels.All() {
		if ch.Direct != "" {
			s.index.direct[ch.Direct] = ch.ID
		}
	}
	for _, f := range s.files.All() {
		s.index.uploads[f.Token] = f.ID
	}
}

// lists are the lists that a message stands in.
func (x *index) lists(m message) (at []map[string][]string, keys []string) {
	at, keys = []map[string][]string{x.all}, []string{m.Channel}
	if m.For != "" {
		return at, keys
	}
	if m.ThreadTS == "" || m.Broadcast {
		at, keys = append(at, x.shown), append(keys, m.Channel)
	}
	if m.ThreadTS != "" {
		at, keys = append(at, x.replies), append(keys, key(m.Channel, m.ThreadTS))
	}
	return at, keys
}

// add takes a message that is newer than all others.
func (x *index) add(m message) {
	at, keys := x.lists(m)
	for i, list := range at {
		list[keys[i]] = append(list[keys[i]], m.TS)
	}
}

func (x *index) drop(m message) {
	at, keys := x.lists(m)
	for i, list := range at {
		l := list[keys[i]]
		if n, ok := slices.BinarySearch(l, m.TS); ok {
			list[keys[i]] = slices.Delete(l, n, n+1)
		}
	}
}

// between cuts a list of ts to what lies between oldest and latest.
func between(c *call, list []string) []string {
	inclusive := c.flag("inclusive")
	if oldest := c.args["oldest"]; oldest != "" && oldest != "0" {
		n, found := slices.BinarySearch(list, oldest)
		if found && !inclusive {
			n++
		}
		list = list[n:]
	}
	if latest := c.args["latest"]; latest != "" {
		n, found := slices.BinarySearch(list, latest)
		if found && inclusive {
			n++
		}
		list = list[:n]
	}
	return list
}
