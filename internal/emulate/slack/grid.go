package slack

// An organization of Enterprise Grid has several workspaces. This server is one of
// them; people of the others, and of workspaces outside, meet it in shared channels.

// teamOf is the workspace that a person belongs to.
func (s *Server) teamOf(p Person) string {
	if p.Team == "" {
		return s.o.Seed.Team.ID
	}
	return p.Team
}

// foreign says that somebody belongs to another workspace.
func (s *Server) foreign(p Person) bool { return s.teamOf(p) != s.o.Seed.Team.ID }

// orgOf is the organization that a person belongs to, if any.
func (s *Server) orgOf(p Person) string {
	if s.foreign(p) {
		return p.Enterprise
	}
	return s.o.Seed.Team.Enterprise
}

// served says that the app is installed for a person: in their workspace, or in the
// whole organization that both belong to.
func (s *Server) served(p Person) bool {
	return !s.foreign(p) || s.o.App.OrgInstall && p.Enterprise != "" && p.Enterprise == s.o.Seed.Team.Enterprise
}

// context is the workspace in which a person does something: their own where the app
// is installed for it, otherwise the one that shares the channel with them.
func (s *Server) context(p Person) Team {
	if s.foreign(p) && s.served(p) {
		return Team{ID: p.Team, Domain: p.Team}
	}
	return s.o.Seed.Team
}

// enterprise is what deliveries say of the organization: null where there is none.
func (s *Server) enterprise() any {
	if s.o.Seed.Team.Enterprise == "" {
		return nil
	}
	return object{"id": s.o.Seed.Team.Enterprise, "name": s.o.Seed.Team.EnterpriseName}
}

func orNull(text string) any {
	if text == "" {
		return nil
	}
	return text
}

// enterpriseUser is a person as the organization knows them.
func (s *Server) enterpriseUser(p Person) object {
	name := ""
	if s.orgOf(p) == s.o.Seed.Team.Enterprise {
		name = s.o.Seed.Team.EnterpriseName
	}
	return object{
		"id": p.ID, "enterprise_id": s.orgOf(p), "enterprise_name": name, "is_admin": false, "is_owner": false,
		"is_primary_owner": false, "teams": []string{s.teamOf(p)},
	}
}

// authorization says for which installation an event is.
func (s *Server) authorization() object {
	team := any(s.o.Seed.Team.ID)
	if s.o.App.OrgInstall {
		team = nil
	}
	return object{
		"enterprise_id": orNull(s.o.Seed.Team.Enterprise), "team_id": team, "user_id": s.o.App.BotUser, "is_bot": true,
		"is_enterprise_install": s.o.App.OrgInstall,
	}
}

// installed is where the app is: the workspace, or the organization.
func (s *Server) installed() string {
	if s.o.App.OrgInstall {
		return s.o.Seed.Team.Enterprise
	}
	return s.o.Seed.Team.ID
}

// inTeam wants the workspace that a call of an organization's token is about.
func inTeam(run func(*Server, *call) (object, error)) func(*Server, *call) (object, error) {
	return func(s *Server, c *call) (object, error) {
		switch team := c.args["team_id"]; {
		case !s.o.App.OrgInstall || !c.bot || team == s.o.Seed.Team.ID:
			return run(s, c)
		case team == "":
			return nil, no("missing_argument")
		}
		return nil, no("team_access_not_granted")
	}
}

// shared is what is said of a conversation that others share.
func (s *Server) shared(ch Channel) object {
	own, all := []string{s.o.Seed.Team.ID}, append([]string{s.o.Seed.Team.ID}, ch.Teams...)
	if ch.Org {
		own = all
	}
	return object{
		"is_shared": ch.External || ch.Org, "is_ext_shared": ch.External, "is_org_shared": ch.Org,
		"is_pending_ext_shared": ch.Pending, "shared_team_ids": all, "internal_team_ids": own,
		"connected_team_ids": append([]string{}, ch.Teams...), "conversation_host_id": s.o.Seed.Team.ID,
	}
}
