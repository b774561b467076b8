package azuredevops

import (
	"encoding/json"
	"fmt"
	"time"

	"fedbot/internal/emulate/wire"
)

type organization struct {
	ID, Name, Toolkit string
	ToolkitFlags      string // of its installation; empty: none
	Tenant            string // with one, tokens come from Entra's issuer instead of vstoken
	NotAudited        bool
}

type project struct {
	ID, Org, Name, Description string
	OldNames                   []string
	Changed                    time.Time
	Ready                      time.Time // when making it ends
}

type identity struct {
	ID, Org, Name, Email string
	Service, Inactive    bool
	Groups               []string           // project id + "/" + group name
	Rights               map[string][]Right // by project id
}

// token is kept by its hash.
type token struct {
	Identity string
	Scopes   []string  // empty: all
	Expires  time.Time // zero: never
}

type repository struct {
	ID, Org, Project, Name, DefaultBranch string
	Refs                                  map[string]string // refs/heads/main → commit id
}

type commit struct {
	ID, Repository, Parent, Author, Comment string
	When                                    time.Time
	Files                                   map[string]string
}

type policy struct {
	ID                       int
	Project, Repository, Ref string
	Reviewers                int
	Blocking, Enabled        bool
	When                     time.Time
}

type queue struct {
	ID            int
	Project, Name string
	Offline       bool
}

type pipeline struct {
	ID                                              int
	Project, Name, Folder, Repository, Path, Branch string
	Revision                                        int
}

type reference struct {
	Project, Name, Description string
}

type connection struct {
	ID, Org, Name, Type, URL, Scheme, Description, Owner string
	Parameters                                           map[string]string
	Data                                                 map[string]string
	References                                           []reference
	Administrators                                       []string
	Roles                                                map[string]string // by the id of a person or group: Reader, User, Administrator
	CreatedBy, ModifiedBy                                string
	Created, Modified                                    time.Time
	Used                                                 time.Time // last time that a job got hold of it
	Disabled                                             bool
	Ready                                                time.Time // when making it ends
	Failure                                              string    // what it ends with, if not well
	ServiceManagement                                    string    // a note of its owners for their own inventory
	Deleted                                              time.Time // zero: lives
}

type grant struct {
	Pipeline int // 0: all pipelines
	By       string
	On       time.Time
}

type permission struct {
	Project, Type, Resource string
	All                     *grant
	Pipelines               []grant
}

type check struct {
	ID, Timeout, Version     int
	Project, ResourceType    string
	ResourceID, ResourceName string
	Kind, KindName           string
	Settings                 json.RawMessage
	CreatedBy, ModifiedBy    string
	Created, Modified        time.Time
}

type approval struct {
	ID, Project      string
	Run, Check       int
	Stage            string
	Status           string // pending, approved, rejected, canceled, timedOut
	Approvers        []string
	Needed           int
	NotTheRequester  bool
	InSequence       bool
	Blocked          []string
	Instructions     string
	Votes            []vote
	Created, Changed time.Time
}

type vote struct {
	By, For, Status, Comment string
	When                     time.Time
}

type record struct {
	ID, Parent, Type, Name, Identifier string
	State, Result                      string // pending, inProgress, completed; succeeded, failed, skipped, canceled
	Order, Log, Queue                  int
	Task                               string
	Started, Finished                  time.Time
	Issues                             []string
	Worker                             string
}

type run struct {
	ID, Pipeline              int
	Org, Project, Name        string
	Ref, Commit, YAML         string
	By                        string
	Parameters, Variables     map[string]string
	Queued, Started, Finished time.Time
	State, Result             string // inProgress, canceling, completed
	Plan, Timeline, JobToken  string
	Records                   []record
	Files                     map[string]string // written by scripts of the job that runs
	Used                      []string          // connections that its jobs used
}

type logText struct {
	Run, ID int
	Created time.Time
	Lines   []string
}

type auditEntry struct {
	ID                 int
	Org, Action, Actor string
	Project, Area      string
	Details, Category  string
	Activity, Agent    string
	Address, Mechanism string
	When               time.Time
	Data               map[string]any
}

type operation struct {
	ID, Org string
	Status  string    // what it ends with
	Done    time.Time // when
}

// tables is the whole memory.
type tables struct {
	seeded       *wire.Table[string]
	counters     *wire.Table[int]
	keys         *wire.Table[string]
	orgs         *indexed[organization]
	projects     *indexed[project]
	identities   *indexed[identity]
	tokens       *wire.Table[token]
	repositories *indexed[repository]
	commits      *wire.Table[commit]
	policies     *indexed[policy]
	queues       *indexed[queue]
	pipelines    *indexed[pipeline]
	connections  *indexed[connection]
	permissions  *wire.Table[permission]
	checks       *indexed[check]
	approvals    *indexed[approval]
	runs         *indexed[run]
	logs         *indexed[logText]
	audits       *indexed[auditEntry]
	operations   *wire.Table[operation]
}

func open[T any](j *wire.Journal, name string, into **wire.Table[T], err *error) {
	if *err == nil {
		*into, *err = wire.NewTable[T](j, name)
	}
}

func openIndexed[T any](j *wire.Journal, name string, into **indexed[T], by func(T) []string, err *error) {
	var t *wire.Table[T]
	if open(j, name, &t, err); *err == nil {
		*into = index(t, by)
	}
}

func openTables(j *wire.Journal) (tables, error) {
	var t tables
	var err error
	open(j, "seeded", &t.seeded, &err)
	open(j, "counters", &t.counters, &err)
	open(j, "keys", &t.keys, &err)
	openIndexed(j, "organizations", &t.orgs, organization.terms, &err)
	openIndexed(j, "projects", &t.projects, project.terms, &err)
	openIndexed(j, "identities", &t.identities, identity.terms, &err)
	open(j, "tokens", &t.tokens, &err)
	openIndexed(j, "repositories", &t.repositories, repository.terms, &err)
	open(j, "commits", &t.commits, &err)
	openIndexed(j, "policies", &t.policies, policy.terms, &err)
	openIndexed(j, "queues", &t.queues, queue.terms, &err)
	openIndexed(j, "pipelines", &t.pipelines, pipeline.terms, &err)
	openIndexed(j, "connections", &t.connections, connection.terms, &err)
	open(j, "permissions", &t.permissions, &err)
	openIndexed(j, "checks", &t.checks, check.terms, &err)
	openIndexed(j, "approvals", &t.approvals, approval.terms, &err)
	openIndexed(j, "runs", &t.runs, run.terms, &err)
	openIndexed(j, "logs", &t.logs, logText.terms, &err)
	openIndexed(j, "audit", &t.audits, auditEntry.terms, &err)
	open(j, "operations", &t.operations, &err)
	if err != nil {
		return t, fmt.Errorf("open tables: %w", err)
	}
	return t, nil
}

// number makes keys of numbered rows, in order.
func number(n int) string { return fmt.Sprintf("%08d", n) }

// next counts per name, from first on; numbers are never used again.
func (t *tables) next(name string, first int) (int, error) {
	n, ok := t.counters.Get(name)
	if !ok {
		n = first - 1
	}
	n++
	return n, t.counters.Put(name, n)
}
