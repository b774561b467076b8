package azuredevops

import (
	"encoding/json"
	"fmt"
	"time"

	"fedbot/internal/emulate/wire"
)

type organization struct {
	ID, Name, Toolkit string
}

type project struct {
	ID, Org, Name, Description string
	OldNames                   []string
	Changed                    time.Time
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
	Scopes   []string // empty: all
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
	CreatedBy, ModifiedBy                                string
	Created, Modified                                    time.Time
	Used                                                 time.Time // last time that a job got hold of it
	Disabled                                             bool
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
	When               time.Time
	Data               map[string]any
}

type operation struct {
	ID, Org, Status string
}

// tables is the whole memory.
type tables struct {
	seeded       *wire.Table[string]
	counters     *wire.Table[int]
	keys         *wire.Table[string]
	orgs         *wire.Table[organization]
	projects     *wire.Table[project]
	identities   *wire.Table[identity]
	tokens       *wire.Table[token]
	repositories *wire.Table[repository]
	commits      *wire.Table[commit]
	policies     *wire.Table[policy]
	queues       *wire.Table[queue]
	pipelines    *wire.Table[pipeline]
	connections  *wire.Table[connection]
	permissions  *wire.Table[permission]
	checks       *wire.Table[check]
	approvals    *wire.Table[approval]
	runs         *wire.Table[run]
	logs         *wire.Table[logText]
	audits       *wire.Table[auditEntry]
	operations   *wire.Table[operation]
}

func open[T any](j *wire.Journal, name string, into **wire.Table[T], err *error) {
	if *err == nil {
		*into, *err = wire.NewTable[T](j, name)
	}
}

func openTables(j *wire.Journal) (tables, error) {
	var t tables
	var err error
	open(j, "seeded", &t.seeded, &err)
	open(j, "counters", &t.counters, &err)
	open(j, "keys", &t.keys, &err)
	open(j, "organizations", &t.orgs, &err)
	open(j, "projects", &t.projects, &err)
	open(j, "identities", &t.identities, &err)
	open(j, "tokens", &t.tokens, &err)
	open(j, "repositories", &t.repositories, &err)
	open(j, "commits", &t.commits, &err)
	open(j, "policies", &t.policies, &err)
	open(j, "queues", &t.queues, &err)
	open(j, "pipelines", &t.pipelines, &err)
	open(j, "connections", &t.connections, &err)
	open(j, "permissions", &t.permissions, &err)
	open(j, "checks", &t.checks, &err)
	open(j, "approvals", &t.approvals, &err)
	open(j, "runs", &t.runs, &err)
	open(j, "logs", &t.logs, &err)
	open(j, "audit", &t.audits, &err)
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
