package slack

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
)

// count returns the next number of a counter that survives a restart. Callers hold mu.
func (s *Server) count(name string) int64 {
	n, _ := s.counters.Get(name)
	n++
	s.keep(s.counters.Put(name, n))
	return n
}

// id returns a new id such as V0000000A7.
func (s *Server) id(prefix string) string {
	n := strings.ToUpper(strconv.FormatInt(s.count("id"), 36))
	return prefix + strings.Repeat("0", max(0, 9-len(n))) + n
}

// timestamp returns a new message ts: unique in the workspace, always growing,
// in the form 1760000000.000100.
func (s *Server) timestamp() string {
	last, _ := s.counters.Get("ts")
	next := max(s.o.Now().Unix()*1_000_000, last) + 100
	s.keep(s.counters.Put("ts", next))
	return fmt.Sprintf("%010d.%06d", next/1_000_000, next%1_000_000)
}

// secret returns what nobody can guess.
func secret() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // documented never to fail
	return hex.EncodeToString(b[:])
}

// uuid returns a random id in the form of RFC 9562's version 4.
func uuid() string {
	b := []byte(secret())
	b[12], b[16] = '4', '8'
	return fmt.Sprintf("%s-%s-%s-%s-%s", b[:8], b[8:12], b[12:16], b[16:20], b[20:])
}
