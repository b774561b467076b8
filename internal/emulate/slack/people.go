package slack

import (
	"encoding/base64"
	"slices"
	"strconv"
	"strings"
	"time"
)

// user is a person as users.info shows them. The address needs its own scope.
func (s *Server) user(p Person, withEmail bool) object {
	team := s.teamOf(p)
	zone, err := time.LoadLocation(p.TZ)
	if err != nil {
		zone = time.UTC
	}
	name, offset := s.o.Now().In(zone).Zone()
	profile := object{"real_name": p.RealName, "display_name": p.Name, "team": team}
	if withEmail && p.Email != "" {
		profile["email"] = p.Email
	}
	out := object{
		"id": p.ID, "team_id": team, "name": p.Name, "real_name": p.RealName, "deleted": p.Deactivated, "profile": profile,
		"is_bot": p.Bot, "is_app_user": p.AppUser, "is_workflow_bot": p.Workflow, "is_connector_bot": p.Connector,
		"is_invited_user": p.Invited, "is_email_confirmed": p.Email != "" && !p.Unconfirmed, "updated": 1700000000,
	}
	if s.foreign(p) {
		out["is_stranger"] = p.Stranger
	}
	if s.orgOf(p) != "" {
		out["enterprise_user"] = s.enterpriseUser(p)
	}
	if p.Deactivated {
		return out // Slack leaves the rest out
	}
	out["tz"], out["tz_label"], out["tz_offset"] = zone.String(), name, offset
	out["is_admin"], out["is_owner"], out["is_primary_owner"] = p.Admin, false, false
	out["is_restricted"], out["is_ultra_restricted"] = p.Guest || p.UltraGuest, p.UltraGuest
	return out
}

func (c *call) mayReadEmail() bool { return slices.Contains(c.scopes, "users:read.email") }

func usersInfo(s *Server, c *call) (object, error) {
	id, err := c.need("user")
	if err != nil {
		return nil, err
	}
	p, ok := s.people.Get(id)
	switch {
	case !ok:
		return nil, no("user_not_found")
	case p.Hidden:
		return nil, no("user_not_visible")
	}
	return object{"user": s.user(p, c.mayReadEmail())}, nil
}

func usersList(s *Server, c *call) (object, error) {
	visible := slices.DeleteFunc(s.people.All(), func(p Person) bool { return p.Hidden || p.Stranger })
	some, next, err := page(c, visible, 1000)
	if err != nil {
		return nil, err
	}
	members := []object{}
	for _, p := range some {
		members = append(members, s.user(p, c.mayReadEmail()))
	}
	return object{
		"members": members, "cache_ts": s.o.Now().Unix(), "response_metadata": object{"next_cursor": next},
	}, nil
}

func usersLookupByEmail(s *Server, c *call) (object, error) {
	email, err := c.need("email")
	if err != nil {
		return nil, err
	}
	for _, p := range s.people.All() {
		if p.Email != "" && strings.EqualFold(p.Email, email) && !p.Deactivated && !p.Hidden && s.served(p) {
			return object{"user": s.user(p, true)}, nil
		}
	}
	return nil, no("users_not_found")
}

func usergroupsList(s *Server, c *call) (object, error) {
	groups := []object{}
	for _, g := range s.groups.All() {
		if g.Disabled && !c.flag("include_disabled") {
			continue
		}
		o := object{
			"id": g.ID, "team_id": s.o.Seed.Team.ID, "is_usergroup": true, "is_subteam": true, "is_external": false,
			"name": g.Name, "handle": g.Handle, "description": "", "date_create": 1700000000, "date_delete": 0,
			"prefs": object{"channels": []string{}, "groups": []string{}},
		}
		if g.Disabled {
			o["date_delete"] = 1700000001
		}
		if c.flag("include_users") {
			o["users"] = append([]string{}, g.Members...)
		}
		if c.flag("include_count") {
			o["user_count"] = len(g.Members)
		}
		groups = append(groups, o)
	}
	return object{"usergroups": groups}, nil
}

func usergroupsUsersList(s *Server, c *call) (object, error) {
	id, err := c.need("usergroup")
	if err != nil {
		return nil, err
	}
	g, ok := s.groups.Get(id)
	if !ok || g.Disabled && !c.flag("include_disabled") {
		return nil, no("no_such_subteam")
	}
	return object{"users": append([]string{}, g.Members...)}, nil
}

// page cuts a list as limit and cursor ask, and says where the next page begins.
func page[T any](c *call, all []T, most int) (some []T, next string, err error) {
	limit := most
	if v := c.args["limit"]; v != "" && v != "0" {
		if limit, err = strconv.Atoi(v); err != nil || limit < 1 || limit > most {
			return nil, "", no("invalid_limit")
		}
	}
	from := 0
	if v := c.args["cursor"]; v != "" {
		raw, err := base64.StdEncoding.DecodeString(v)
		n, ok := strings.CutPrefix(string(raw), "next:")
		if err != nil || !ok {
			return nil, "", no("invalid_cursor")
		}
		if from, err = strconv.Atoi(n); err != nil || from < 0 || from > len(all) {
			return nil, "", no("invalid_cursor")
		}
	}
	to := min(len(all), from+limit)
	if to < len(all) {
		next = base64.StdEncoding.EncodeToString([]byte("next:" + strconv.Itoa(to)))
	}
	return all[from:to], next, nil
}
