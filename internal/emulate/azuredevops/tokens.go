package azuredevops

import (
	"fmt"
	"strings"
	"time"
)

// AddToken gives somebody of an organization, found by id, mail or name, another token with
// scopes of its own (none: all), which ends at a time (zero: never).
func (s *Server) AddToken(org, who, secret string, scopes []string, expires time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	o, ok := s.organization(org)
	if !ok {
		return fmt.Errorf("add token: no organization %q", org)
	}
	all := s.identitiesCalled(o.ID, nil, strings.ToLower(who))
	if len(all) != 1 || secret == "" {
		return fmt.Errorf("add token: %d people and services in %s are called %q, or the token is empty", len(all), o.Name, who)
	}
	return s.saved(s.tokens.Put(hashOf(secret), token{Identity: all[0].ID, Scopes: scopes, Expires: expires}))
}

// RevokeToken makes a token worthless; whoever uses it gets the sign-in page. One that the
// seed names is good again after a restart.
func (s *Server) RevokeToken(secret string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.tokens.Get(hashOf(secret)); !ok {
		return fmt.Errorf("revoke token: there is none like it")
	}
	return s.saved(s.tokens.Delete(hashOf(secret)))
}
