package azuredevops

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
)

func (p permission) key() string {
	return p.Project + "/" + strings.ToLower(p.Type) + "/" + strings.ToLower(p.Resource)
}

func (p permission) allows(pipeline int) bool {
	return p.All != nil || slices.ContainsFunc(p.Pipelines, func(g grant) bool { return g.Pipeline == pipeline })
}

// sentPermission is a change of pipeline permissions; what it does not name stays.
type sentPermission struct {
	Resource struct{ Type, ID, Name string }
	All      *struct{ Authorized bool } `json:"allPipelines"`
	Each     []sentGrant                `json:"pipelines"`
}

type sentGrant struct {
	ID         int
	Authorized bool
}

// permission reads what is granted on a resource that exists.
func (s *Server) permission(c *call, kind, id string) (permission, error) {
	none := missing("ResourceNotFoundException", "The resource of type %s with id %s was not found in the project %s.", kind, id, c.project.Name)
	switch kind = strings.ToLower(kind); kind {
	case "endpoint":
		if k, ok := s.connection(id); !ok || !k.Deleted.IsZero() || !k.in(c.project.ID) {
			return permission{}, none
		}
	case "queue":
		n, err := strconv.Atoi(id)
		if _, ok := s.queues.Get(c.project.ID + "/" + number(n)); err != nil || !ok {
			return permission{}, none
		}
	case "repository":
		owner, repo, _ := strings.Cut(id, ".")
		if r, ok := s.repositories.Get(strings.ToLower(repo)); !ok || !strings.EqualFold(owner, r.Project) {
			return permission{}, none
		}
	default:
		return permission{}, none
	}
	p := permission{Project: c.project.ID, Type: kind, Resource: strings.ToLower(id)}
	if old, ok := s.permissions.Get(p.key()); ok {
		p = old
	}
	return p, nil
}

func (s *Server) permissionView(p permission) object {
	v := object{"resource": object{"type": p.Type, "id": p.Resource}}
	each := make([]object, 0, len(p.Pipelines))
	for _, g := range p.Pipelines {
		each = append(each, object{"id": g.Pipeline, "authorized": true, "authorizedBy": s.identityRef(g.By), "authorizedOn": when(g.On)})
	}
	v["pipelines"] = each
	if p.All != nil {
		v["allPipelines"] = object{"authorized": true, "authorizedBy": s.identityRef(p.All.By), "authorizedOn": when(p.All.On)}
	}
	return v
}

func (s *Server) getPermission(c *call) (any, error) {
	p, err := s.permission(c, c.vars["resourceType"], c.vars["resourceId"])
	if err != nil {
		return nil, err
	}
	if seen, ok := s.seenPermission(p.key()); ok {
		p = seen
	}
	return s.permissionView(p), nil
}

// seenPermission is what is granted on a resource as readers and runs see it.
func (s *Server) seenPermission(key string) (permission, bool) {
	if old, ok := s.weather.stale[key]; ok && s.o.Now().Before(old.until) {
		return old.was, true
	}
	return s.permissions.Get(key)
}

// fade lets a change be seen only after the lag; changes in a row are seen together.
func (s *Server) fade(was permission) {
	if _, ok := s.weather.stale[was.key()]; s.weather.lag.Permit <= 0 || ok && s.o.Now().Before(s.weather.stale[was.key()].until) {
		return
	}
	if s.weather.stale == nil {
		s.weather.stale = map[string]stale{}
	}
	s.weather.stale[was.key()] = stale{was, s.o.Now().Add(s.weather.lag.Permit)}
}

func (s *Server) patchPermission(c *call) (any, error) {
	var in sentPermission
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	return s.changePermission(c, c.vars["resourceType"], c.vars["resourceId"], in)
}

func (s *Server) patchPermissions(c *call) (any, error) {
	var in []sentPermission
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	var all []any
	for _, p := range in {
		v, err := s.changePermission(c, p.Resource.Type, p.Resource.ID, p)
		if err != nil {
			return nil, err
		}
		all = append(all, v)
	}
	return list(all), nil
}

// mayGuard says whether the caller administers a resource: its permissions and checks.
func (s *Server) mayGuard(c *call, kind, id string) bool {
	if strings.EqualFold(kind, "endpoint") {
		k, ok := s.connection(id)
		return ok && s.administers(c.who, k)
	}
	return s.may(c.who, c.project.ID, RightAdmin)
}

func (s *Server) changePermission(c *call, kind, id string, in sentPermission) (any, error) {
	p, err := s.permission(c, kind, id)
	if err != nil {
		return nil, err
	}
	if !s.mayGuard(c, kind, id) {
		return nil, denied(c, "manage pipeline permissions of the resource "+id)
	}
	was := p
	p.Pipelines = slices.Clone(p.Pipelines)
	for _, change := range in.Each {
		if _, ok := s.pipelines.Get(c.project.ID + "/" + number(change.ID)); !ok {
			return nil, missing("PipelineNotFoundException", "The pipeline %d does not exist in the project %s.", change.ID, c.project.Name)
		}
		at := slices.IndexFunc(p.Pipelines, func(g grant) bool { return g.Pipeline == change.ID })
		switch {
		case change.Authorized && at < 0:
			p.Pipelines = append(p.Pipelines, grant{Pipeline: change.ID, By: c.who.ID, On: s.o.Now()})
		case !change.Authorized && at >= 0:
			p.Pipelines = slices.Delete(p.Pipelines, at, at+1)
		}
	}
	slices.SortFunc(p.Pipelines, func(a, b grant) int { return cmp.Compare(a.Pipeline, b.Pipeline) })
	action := "Pipelines.ResourceAuthorizedForPipeline"
	if slices.ContainsFunc(in.Each, func(e sentGrant) bool { return !e.Authorized }) {
		action = "Pipelines.ResourceUnauthorizedForPipeline"
	}
	if in.All != nil {
		p.All, action = nil, "Pipelines.ResourceUnauthorizedForProject"
		if in.All.Authorized {
			p.All, action = &grant{By: c.who.ID, On: s.o.Now()}, "Pipelines.ResourceAuthorizedForProject"
		}
	}
	if err := s.saved(s.permissions.Put(p.key(), p), s.audit(c, c.project, action, "permissions of "+p.Type+" "+p.Resource+" changed", object{"ResourceId": p.Resource, "ResourceType": p.Type})); err != nil {
		return nil, err
	}
	s.fade(was)
	return s.permissionView(p), nil
}
