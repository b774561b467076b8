// Package identity turns a Slack user into exactly one person, or a refusal, and
// knows live who is in which user group. It trusts ids and nothing else: names,
// e-mail addresses and everything else that people can edit are for reading.
package identity

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/slack-go/slack"

	"fedbot/workflows"
)

// Slack is the directory of one workspace. It implements workflows.Directory.
type Slack struct {
	client  *slack.Client
	team    string
	domains []string // of the company's addresses
	now     func() time.Time
	fresh   time.Duration

	mu     sync.Mutex // held while reading, so that many presses at once make one call
	groups map[string]group
	read   time.Time
}

type group struct {
	id      string
	members []workflows.Actor
}

// New returns the directory of a workspace. Group membership is read again when
// it is older than fresh, which must not be more than a minute. Addresses outside
// the domains are nobody's: without a domain nobody has an address.
func New(client *slack.Client, team string, domains []string, now func() time.Time, fresh time.Duration) *Slack {
	return &Slack{client: client, team: team, domains: domains, now: now, fresh: min(fresh, time.Minute)}
}

// Actor makes the actor of a Slack user from the ids of a delivery.
func Actor(team, user string) workflows.Actor {
	return workflows.Actor("slack:" + team + "/" + user)
}

// Split takes an actor apart; ok is false for what is no Slack user.
func Split(a workflows.Actor) (team, user string, ok bool) {
	rest, ok := strings.CutPrefix(string(a), "slack:")
	if !ok {
		return "", "", false
	}
	team, user, ok = strings.Cut(rest, "/")
	return team, user, ok && team != "" && user != ""
}

// Person returns the one person behind an actor. Guests, bots, deactivated people
// and people of other workspaces are refused. What cannot be read is
// ErrUnreadable, which counts as no.
func (s *Slack) Person(ctx context.Context, a workflows.Actor) (workflows.Person, error) {
	team, id, ok := Split(a)
	if !ok {
		return workflows.Person{}, workflows.Refuse("not_a_member", "this is not a Slack user.")
	}
	if team != s.team {
		return workflows.Person{}, workflows.Refuse("not_a_member", "you belong to another Slack workspace. Only members of this one decide here.")
	}
	u, err := s.client.GetUserInfoContext(ctx, id)
	if err != nil {
		var said slack.SlackErrorResponse
		if errors.As(err, &said) && (said.Err == "user_not_found" || said.Err == "user_not_visible") {
			return workflows.Person{}, workflows.Refuse("not_a_member", "Slack does not show you to fedbot as a member of this workspace.")
		}
		return workflows.Person{}, fmt.Errorf("read user %s: %w", id, errors.Join(workflows.ErrUnreadable, err))
	}
	if why := refusal(u, id, s.team); why != "" {
		return workflows.Person{}, workflows.Refuse("not_a_member", "%s", why)
	}
	p := workflows.Person{Actor: a, Name: name(u)}
	if u.IsEmailConfirmed && s.company(u.Profile.Email) {
		p.Email = u.Profile.Email
	}
	return p, nil
}

// company says that an address is one of the company's. Whoever holds an address
// elsewhere can confirm it too, and Azure DevOps may know it as somebody's.
func (s *Slack) company(email string) bool {
	_, domain, ok := strings.Cut(email, "@")
	return ok && slices.ContainsFunc(s.domains, func(d string) bool { return strings.EqualFold(d, domain) })
}

// ByAddress returns the one person whose confirmed e-mail address this is; the
// zero Person if there is none who can ask or decide.
func (s *Slack) ByAddress(ctx context.Context, email string) (workflows.Person, error) {
	u, err := s.client.GetUserByEmailContext(ctx, email)
	if err != nil {
		var said slack.SlackErrorResponse
		if errors.As(err, &said) && said.Err == "users_not_found" {
			return workflows.Person{}, nil
		}
		return workflows.Person{}, fmt.Errorf("look up an address: %w", errors.Join(workflows.ErrUnreadable, err))
	}
	p, err := s.Person(ctx, Actor(s.team, u.ID))
	if errors.Is(err, workflows.ErrRefused) || err == nil && !strings.EqualFold(p.Email, email) {
		return workflows.Person{}, nil
	}
	return p, err
}

// refusal says why a user is nobody who can ask or decide; empty if nothing
// speaks against it.
func refusal(u *slack.User, id, team string) string {
	switch {
	case u.ID != id || u.Enterprise.ID != "" && u.Enterprise.ID != id:
		// In Enterprise Grid one person can have two ids, and would be two people here.
		return "Slack knows you under a second id, and one person must be one here."
	case u.TeamID != team || u.IsStranger:
		return "you belong to another Slack workspace. Only members of this one decide here."
	case u.Deleted:
		return "this Slack account is deactivated."
	case u.IsBot || u.IsAppUser || u.IsWorkflowBot || u.IsConnectorBot:
		return "bots and workflows cannot decide about AWS accounts."
	case u.IsUltraRestricted || u.IsRestricted:
		return "guests cannot decide about AWS accounts. A full member can."
	case u.IsInvitedUser:
		return "you have been invited and have not joined this workspace yet."
	}
	return ""
}

func name(u *slack.User) string {
	for _, n := range []string{u.Profile.DisplayName, u.RealName, u.Name} {
		if n != "" {
			return n
		}
	}
	return u.ID
}

// Members returns who is in a user group now, by its handle. A group that does
// not exist has no members.
func (s *Slack) Members(ctx context.Context, handle string) ([]workflows.Actor, error) {
	g, err := s.group(ctx, handle)
	return g.members, err
}

// GroupID returns the id of a user group, to mention it; empty if there is none.
func (s *Slack) GroupID(ctx context.Context, handle string) (string, error) {
	g, err := s.group(ctx, handle)
	return g.id, err
}

func (s *Slack) group(ctx context.Context, handle string) (group, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.groups == nil || s.now().Sub(s.read) > s.fresh {
		if err := s.readGroups(ctx); err != nil {
			return group{}, fmt.Errorf("read user groups: %w", errors.Join(workflows.ErrUnreadable, err))
		}
	}
	return s.groups[strings.ToLower(handle)], nil
}

// readGroups reads all groups with their members in one call. What was known
// before is forgotten first: stale membership must not outlive a failed reading.
func (s *Slack) readGroups(ctx context.Context) error {
	s.groups = nil
	list, err := s.client.GetUserGroupsContext(ctx, slack.GetUserGroupsOptionIncludeUsers(true))
	if err != nil {
		return err
	}
	groups := map[string]group{}
	for _, g := range list {
		if g.DateDelete != 0 {
			continue // a disabled group has nobody in it
		}
		members := make([]workflows.Actor, 0, len(g.Users))
		for _, u := range g.Users {
			members = append(members, Actor(s.team, u))
		}
		// A handle can be given to another group by whoever may edit groups; an id
		// cannot, so that a careful configuration names ids.
		groups[strings.ToLower(g.Handle)] = group{g.ID, members}
		groups[strings.ToLower(g.ID)] = group{g.ID, members}
	}
	s.groups, s.read = groups, s.now()
	return nil
}
