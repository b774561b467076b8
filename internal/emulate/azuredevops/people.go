package azuredevops

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strings"
)

func (i identity) account() string {
	if i.Service {
		return i.ID
	}
	return i.Email
}

func (i identity) descriptor() string {
	if i.Service {
		return "Microsoft.VisualStudio.Services.Claims.AadServicePrincipal;" + i.ID
	}
	return "Microsoft.IdentityModel.Claims.ClaimsIdentity;" + i.ID + `\` + i.Email
}

func (i identity) subjectDescriptor() string {
	kind := "aad."
	if i.Service {
		kind = "aadsp."
	}
	return kind + base64.RawURLEncoding.EncodeToString([]byte(i.ID))
}

// identityRef is how other objects mention who did something. Ids of nobody we
// know (seeded objects) are mentioned all the same.
func (s *Server) identityRef(id string) object {
	i, ok := s.identities.Get(id)
	if !ok {
		return object{"id": id, "displayName": id, "uniqueName": id, "descriptor": "svc." + id}
	}
	o, _ := s.orgs.Get(i.Org)
	picture := s.link(o, "_apis/GraphProfile/MemberAvatars/"+i.subjectDescriptor())
	return object{"id": i.ID, "displayName": i.Name, "uniqueName": i.account(), "descriptor": i.subjectDescriptor(), "imageUrl": picture,
		"url": s.link(o, "_apis/Identities/"+i.ID), "_links": object{"avatar": object{"href": picture}}}
}

// group is one of a project's built-in groups. Its ids follow from the project.
type group struct {
	project project
	name    string
}

func (g group) sum() [32]byte { return sha256.Sum256([]byte(g.project.ID + "/" + g.name)) }

func (g group) id() string {
	sum := g.sum()
	h := hex.EncodeToString(sum[:16])
	return fmt.Sprintf("%s-%s-%s-%s-%s", h[:8], h[8:12], h[12:16], h[16:20], h[20:])
}

func (g group) sid() string {
	sum := g.sum()
	n := func(i int) uint32 { return binary.BigEndian.Uint32(sum[4*i:]) }
	return fmt.Sprintf("S-1-9-1551374245-%d-%d-%d-%d", n(0), n(1), n(2), n(3))
}

func (g group) descriptor() string { return "Microsoft.TeamFoundation.Identity;" + g.sid() }
func (g group) subjectDescriptor() string {
	return "vssgp." + base64.RawURLEncoding.EncodeToString([]byte(g.sid()))
}
func (g group) fullName() string { return "[" + g.project.Name + "]\\" + g.name }
func (g group) key() string      { return g.project.ID + "/" + g.name }

func property(value string) object { return object{"$type": "System.String", "$value": value} }

// groupsOf are the groups that somebody is in.
func (s *Server) groupsOf(i identity) []group {
	var all []group
	for _, key := range i.Groups {
		id, name, _ := strings.Cut(key, "/")
		if p, ok := s.projects.Get(id); ok {
			all = append(all, group{p, name})
		}
	}
	return all
}

// groupsCalled are the groups of the projects of which one is called by any of the words.
func (s *Server) groupsCalled(org string, wanted map[string]bool, value string) []group {
	projects := map[string]project{}
	for _, x := range append(sortedKeys(wanted), value) {
		for _, p := range s.projects.where(term("group", org, x)) {
			projects[p.ID] = p
		}
	}
	var all []group
	for _, id := range sortedKeys(projects) {
		for _, name := range groupNames {
			all = append(all, group{projects[id], name})
		}
	}
	return all
}

// identitiesCalled are the people and services that are called by any of the words.
func (s *Server) identitiesCalled(org string, wanted map[string]bool, value string) []identity {
	found := map[string]identity{}
	for _, x := range append(sortedKeys(wanted), value) {
		for _, i := range s.identities.where(term("called", org, x)) {
			found[i.ID] = i
		}
	}
	var all []identity
	for _, id := range sortedKeys(found) {
		all = append(all, found[id])
	}
	return all
}

func (s *Server) groupView(c *call, g group, members bool) object {
	v := object{"id": g.id(), "descriptor": g.descriptor(), "subjectDescriptor": g.subjectDescriptor(),
		"providerDisplayName": g.fullName(), "customDisplayName": g.fullName(), "isActive": true, "isContainer": true,
		"members": []string{}, "memberOf": []string{}, "memberIds": []string{}, "resourceVersion": 2, "metaTypeId": 255,
		"properties": object{"SchemaClassName": property("Group"), "Account": property(g.name), "LocalScopeId": property(g.project.ID),
			"ScopeType": property("TeamProject"), "ScopeName": property(g.project.Name)}}
	if members {
		var descriptors, ids []string
		for _, i := range s.identities.where(term("member", g.key())) {
			descriptors, ids = append(descriptors, i.descriptor()), append(ids, i.ID)
		}
		if ids != nil {
			v["members"], v["memberIds"] = descriptors, ids
		}
	}
	return v
}

func (s *Server) identityView(c *call, i identity, members bool) object {
	memberOf := []string{}
	if members {
		for _, g := range s.groupsOf(i) {
			memberOf = append(memberOf, g.descriptor())
		}
	}
	class := "User"
	if i.Service {
		class = "ServicePrincipal"
	}
	return object{"id": i.ID, "descriptor": i.descriptor(), "subjectDescriptor": i.subjectDescriptor(), "providerDisplayName": i.Name,
		"isActive": !i.Inactive, "isContainer": false, "members": []string{}, "memberOf": memberOf, "memberIds": []string{},
		"resourceVersion": 2, "metaTypeId": 0,
		"properties": object{"SchemaClassName": property(class), "Account": property(i.account()), "Mail": property(i.Email), "Domain": property(c.org.ID)}}
}

// readIdentities searches by mail or name, or resolves ids and descriptors.
func (s *Server) readIdentities(c *call) (any, error) {
	members := c.q.Get("queryMembership") != "" && !strings.EqualFold(c.q.Get("queryMembership"), "None")
	wanted := map[string]bool{}
	for _, name := range []string{"descriptors", "identityIds", "subjectDescriptors"} {
		for _, v := range strings.Split(c.q.Get(name), ",") {
			if v != "" {
				wanted[strings.ToLower(v)] = true
			}
		}
	}
	filter, value := strings.ToLower(c.q.Get("searchFilter")), strings.ToLower(c.q.Get("filterValue"))
	if len(wanted) == 0 && (filter == "" || value == "") {
		return nil, bad("ArgumentException", "Either descriptors, identityIds, subjectDescriptors or searchFilter with filterValue must be given.")
	}
	var found []object
	for _, i := range s.identitiesCalled(c.org.ID, wanted, value) {
		mail, name := strings.ToLower(i.Email), strings.ToLower(i.Name)
		hit := wanted[i.ID] || wanted[strings.ToLower(i.descriptor())] || wanted[strings.ToLower(i.subjectDescriptor())]
		switch filter {
		case "mailaddress":
			hit = hit || mail == value
		case "accountname":
			hit = hit || strings.ToLower(i.account()) == value
		case "displayname":
			hit = hit || name == value
		case "general":
			hit = hit || mail == value || name == value || strings.ToLower(i.account()) == value
		}
		if hit {
			found = append(found, s.identityView(c, i, members))
		}
	}
	for _, g := range s.groupsCalled(c.org.ID, wanted, value) {
		full := strings.ToLower(g.fullName())
		if wanted[g.id()] || wanted[strings.ToLower(g.descriptor())] || (filter != "" && filter != "mailaddress" && full == value) {
			found = append(found, s.groupView(c, g, members))
		}
	}
	return list(found), nil
}

func (s *Server) teamRef(c *call, p project) object {
	id := group{p, "Team"}.id()
	return object{"id": id, "name": p.Name + " Team", "url": s.link(c.org, "_apis/projects/"+p.ID+"/teams/"+id)}
}

func (s *Server) listTeams(c *call) (any, error) {
	p, err := s.visibleProject(c, c.vars["projectId"])
	if err != nil {
		return nil, err
	}
	t := s.teamRef(c, p)
	t["projectId"], t["projectName"], t["description"] = p.ID, p.Name, "The default project team."
	return list([]object{t}), nil
}
