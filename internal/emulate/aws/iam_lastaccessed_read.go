package aws

import "time"

type trackedXML struct {
	ActionName         string
	LastAccessedEntity string `xml:",omitempty"`
	LastAccessedTime   string `xml:",omitempty"`
	LastAccessedRegion string `xml:",omitempty"`
}

type serviceUseXML struct {
	ServiceName       string
	LastAuthenticated string `xml:",omitempty"`
	ServiceNamespace  string
	LastEntity        string            `xml:"LastAuthenticatedEntity,omitempty"`
	LastRegion        string            `xml:"LastAuthenticatedRegion,omitempty"`
	TotalEntities     int               `xml:"TotalAuthenticatedEntities"`
	Tracked           *list[trackedXML] `xml:"TrackedActionsLastAccessed"`
}

// jobHead is what both ways to read a report begin with.
type jobHead struct {
	JobStatus         string
	JobType           string `xml:",omitempty"`
	JobCreationDate   string
	JobCompletionDate string // an unfinished job has the time of asking
}

// job is the report that the call names. The first look finds it unfinished.
func (c *call) job(withType bool) (*job, jobHead, error) {
	id, err := c.text("JobId", 36, 36)
	if err != nil {
		return nil, jobHead{}, err
	}
	j := c.s.jobs[id]
	if j == nil || j.account != c.caller.account {
		return nil, jobHead{}, noSuchEntity("Job %s was not found.", id)
	}
	head := jobHead{JobStatus: "COMPLETED", JobCreationDate: isoMillis(j.made), JobCompletionDate: isoMillis(j.made.Add(time.Second))}
	if withType {
		head.JobType = j.level
	}
	if !j.looked {
		j.looked = true
		head.JobStatus, head.JobCompletionDate = "IN_PROGRESS", isoMillis(c.now)
		return nil, head, nil
	}
	return j, head, nil
}

func getLastAccessed(c *call) (any, error) {
	type result struct {
		jobHead
		Services *list[serviceUseXML] `xml:"ServicesLastAccessed"`
		page
	}
	j, head, err := c.job(true)
	if err != nil {
		return nil, err
	}
	if j == nil {
		return result{head, listOf[serviceUseXML](nil), page{}}, nil
	}
	services, next, err := pageOf(c, j.services)
	var out []serviceUseXML
	for _, one := range services {
		out = append(out, one.xml(j.level))
	}
	return result{head, listOf(out), next}, err
}

func (one serviceUse) xml(level string) serviceUseXML {
	x := serviceUseXML{ServiceName: one.namespace, ServiceNamespace: one.namespace, TotalEntities: len(one.entities)}
	if name := serviceNames[one.namespace]; name != "" {
		x.ServiceName = name
	}
	if len(one.entities) > 0 {
		x.LastAuthenticated, x.LastEntity, x.LastRegion = iso(one.last.At), one.last.ARN, one.last.Region
	}
	if level != "ACTION_LEVEL" || len(one.actions) == 0 {
		return x
	}
	x.Tracked = listOf[trackedXML](nil)
	for _, a := range one.actions {
		t := trackedXML{ActionName: a.name}
		if a.last.Entity != "" {
			t.LastAccessedTime, t.LastAccessedEntity, t.LastAccessedRegion = iso(a.last.At), a.last.ARN, a.last.Region
		}
		x.Tracked.Members = append(x.Tracked.Members, t)
	}
	return x
}

type entityUseXML struct {
	Entity            entityInfoXML `xml:"EntityInfo"`
	LastAuthenticated string        `xml:",omitempty"`
}

type entityInfoXML struct {
	ARN  string `xml:"Arn"`
	Name string
	Type string
	ID   string `xml:"Id"`
	Path string `xml:",omitempty"`
}

// getLastAccessedEntities lists who used one of the services.
func getLastAccessedEntities(c *call) (any, error) {
	type result struct {
		jobHead
		Entities *list[entityUseXML] `xml:"EntityDetailsList"`
		page
	}
	namespace, err := c.text("ServiceNamespace", 1, 64)
	if err != nil {
		return nil, err
	}
	j, head, err := c.job(false)
	if err != nil {
		return nil, err
	}
	if j == nil {
		return result{head, listOf[entityUseXML](nil), page{}}, nil
	}
	var out []entityUseXML
	known := false
	for _, one := range j.services {
		if one.namespace != namespace {
			continue
		}
		known = true
		for _, u := range one.entities {
			out = append(out, entityUseXML{c.entityInfo(u), iso(u.At)})
		}
	}
	if !known {
		return nil, noSuchEntity("Service %s was not found in the job.", namespace)
	}
	out, next, err := pageOf(c, out)
	return result{head, listOf(out), next}, err
}

func (c *call) entityInfo(u usage) entityInfoXML {
	path, name := arnPath(u.ARN)
	kind := "ROLE"
	if u.Entity[:4] == "AIDA" {
		kind = "USER"
	}
	return entityInfoXML{ARN: u.ARN, Name: name, Type: kind, ID: u.Entity, Path: path}
}
