package azuredevops

import (
	"fmt"
	"slices"
	"sort"
	"strings"
)

// seed puts what was never seeded into this journal before.
func (s *Server) seed(d Seed) error {
	for _, o := range d.Organizations {
		if err := checkOrganizationName(o.Name); err != nil {
			return fmt.Errorf("seed organization %q: %w", o.Name, err)
		}
		id, err := s.once("organization/"+o.Name, o.ID, func(id string) error {
			return s.orgs.Put(id, organization{ID: id, Name: o.Name, Toolkit: o.Toolkit, Tenant: strings.ToLower(o.Tenant), NotAudited: o.NoAudit})
		})
		if err != nil {
			return fmt.Errorf("seed organization %q: %w", o.Name, err)
		}
		projects := map[string]string{}
		for _, p := range o.Projects {
			if projects[p.Name], err = s.seedProject(id, o.Name, p); err != nil {
				return fmt.Errorf("seed project %q: %w", p.Name, err)
			}
		}
		if err := s.seedIdentities(id, o, projects); err != nil {
			return fmt.Errorf("seed people of %q: %w", o.Name, err)
		}
	}
	return nil
}

// once runs put with the given or a new id, unless the journal knows the key; it
// returns the id either way.
func (s *Server) once(key, id string, put func(id string) error) (string, error) {
	if old, ok := s.seeded.Get(key); ok {
		return old, nil
	}
	id = strings.ToLower(orNew(id))
	if err := put(id); err != nil {
		return "", err
	}
	return id, s.seeded.Put(key, id)
}

func (s *Server) seedProject(org, orgName string, p Project) (string, error) {
	if err := checkProjectName(p.Name); err != nil {
		return "", err
	}
	key := orgName + "/" + p.Name
	id, err := s.once("project/"+key, p.ID, func(id string) error {
		return s.projects.Put(id, project{ID: id, Org: org, Name: p.Name, Changed: s.o.Now()})
	})
	if err != nil {
		return "", err
	}
	if len(p.Queues) == 0 {
		p.Queues = []Queue{{Name: "Azure Pipelines"}}
	}
	for i, q := range p.Queues {
		if q.ID == 0 {
			q.ID = i + 1
		}
		if _, err := s.once("queue/"+key+"/"+q.Name, "", func(string) error { return s.seedQueue(id, q) }); err != nil {
			return "", err
		}
	}
	repos := map[string]string{}
	for _, r := range p.Repositories {
		if repos[r.Name], err = s.seedRepository(org, id, key, r); err != nil {
			return "", err
		}
	}
	for _, l := range p.Pipelines {
		repo, ok := repos[l.Repository]
		if !ok {
			return "", fmt.Errorf("pipeline %q: no repository %q", l.Name, l.Repository)
		}
		if _, err := s.once("pipeline/"+key+"/"+l.Name, "", func(string) error { return s.seedPipeline(id, repo, l) }); err != nil {
			return "", err
		}
	}
	for _, c := range p.Connections {
		if _, err := s.once("connection/"+key+"/"+c.Name, c.ID, func(cid string) error { return s.seedConnection(org, id, cid, c) }); err != nil {
			return "", err
		}
	}
	return id, nil
}

func (s *Server) seedQueue(project string, q Queue) error {
	perm := permission{Project: project, Type: "queue", Resource: fmt.Sprint(q.ID)}
	if q.Closed {
		for _, n := range q.Allowed {
			perm.Pipelines = append(perm.Pipelines, grant{Pipeline: n, On: s.o.Now()})
		}
	} else {
		perm.All = &grant{On: s.o.Now()}
	}
	return s.saved(
		s.queues.Put(project+"/"+number(q.ID), queue{ID: q.ID, Project: project, Name: q.Name, Offline: q.Offline}),
		s.permissions.Put(perm.key(), perm))
}

func (s *Server) seedRepository(org, project, key string, r Repository) (string, error) {
	return s.once("repository/"+key+"/"+r.Name, r.ID, func(id string) error {
		repo := repository{ID: id, Org: org, Project: project, Name: r.Name, Refs: map[string]string{}}
		branches := make([]string, 0, len(r.Branches))
		for b := range r.Branches {
			branches = append(branches, b)
		}
		sort.Strings(branches)
		for _, b := range branches {
			c := s.newCommit(id, "", "Seed", "first commit", r.Branches[b])
			if err := s.commits.Put(id+"/"+c.ID, c); err != nil {
				return err
			}
			repo.Refs["refs/heads/"+b] = c.ID
			if repo.DefaultBranch == "" || b == "main" {
				repo.DefaultBranch = "refs/heads/" + b
			}
		}
		if err := s.repositories.Put(id, repo); err != nil {
			return err
		}
		for _, p := range r.Policies {
			n, err := s.next("policy", 1)
			if err == nil {
				err = s.policies.Put(number(n), policy{ID: n, Project: project, Repository: id, Ref: "refs/heads/" + p.Branch,
					Reviewers: p.Reviewers, Blocking: !p.Optional, Enabled: true, When: s.o.Now()})
			}
			if err != nil {
				return err
			}
		}
		return s.saved()
	})
}

func (s *Server) seedPipeline(project, repo string, l Pipeline) error {
	if l.ID == 0 {
		n, err := s.next("pipeline", 100)
		if err != nil {
			return err
		}
		l.ID = n
	}
	if l.Folder == "" {
		l.Folder = `\`
	}
	if l.Branch == "" {
		r, _ := s.repositories.Get(repo)
		l.Branch = r.DefaultBranch
	}
	return s.saved(s.pipelines.Put(project+"/"+number(l.ID), pipeline{ID: l.ID, Project: project, Name: l.Name, Folder: l.Folder,
		Repository: repo, Path: l.Path, Branch: fullRef(l.Branch), Revision: 1}))
}

func (s *Server) seedConnection(org, project, id string, c Connection) error {
	if c.Type == "" {
		c.Type = awsType
	}
	now := s.o.Now()
	perm := permission{Project: project, Type: "endpoint", Resource: id}
	for _, n := range c.Pipelines {
		perm.Pipelines = append(perm.Pipelines, grant{Pipeline: n, By: c.CreatedBy, On: now})
	}
	if c.All {
		perm.All = &grant{By: c.CreatedBy, On: now}
	}
	return s.saved(
		s.connections.Put(id, connection{ID: id, Org: org, Name: c.Name, Type: c.Type, URL: awsURL, Scheme: "UsernamePassword",
			Description: c.Description, Owner: "library", Parameters: c.Parameters, Data: map[string]string{}, Disabled: c.Disabled,
			References: []reference{{Project: project, Name: c.Name, Description: c.Description}}, CreatedBy: c.CreatedBy, Created: now, Modified: now}),
		s.permissions.Put(perm.key(), perm))
}

func (s *Server) seedIdentities(org string, o Organization, projects map[string]string) error {
	for _, p := range o.People {
		who := identity{Org: org, Name: p.Name, Email: p.Email, Inactive: p.Inactive}
		for group, names := range map[string][]string{
			groupAdministrators: p.ProjectAdministrator, groupEndpointAdministrators: p.EndpointAdministrator,
			groupEndpointCreators: p.EndpointCreator, groupContributors: p.Contributor, groupReaders: p.Reader,
		} {
			for _, name := range names {
				id, ok := projects[name]
				if !ok {
					return fmt.Errorf("%s: no project %q", p.Name, name)
				}
				who.Groups = append(who.Groups, id+"/"+group)
			}
		}
		slices.Sort(who.Groups)
		if err := s.seedIdentity("person/"+o.Name+"/"+p.Name, p.ID, who, p.Token, p.Scopes); err != nil {
			return err
		}
	}
	for _, v := range o.Services {
		who := identity{Org: org, Name: v.Name, Service: true, Rights: map[string][]Right{}}
		for name, rights := range v.Rights {
			id, ok := projects[name]
			if !ok {
				return fmt.Errorf("%s: no project %q", v.Name, name)
			}
			who.Rights[id] = rights
		}
		if err := s.seedIdentity("service/"+o.Name+"/"+v.Name, v.ID, who, v.Token, v.Scopes); err != nil {
			return err
		}
	}
	return nil
}

func (s *Server) seedIdentity(key, id string, who identity, secret string, scopes []string) error {
	id, err := s.once(key, id, func(id string) error {
		who.ID = id
		return s.identities.Put(id, who)
	})
	if err != nil || secret == "" {
		return err
	}
	return s.tokens.Put(hashOf(secret), token{Identity: id, Scopes: scopes})
}
