package azuredevops

// Seed declares what exists before anybody calls. Ids that are empty are made
// up once and journaled. What was seeded into a journal before is not seeded
// again, whatever has happened to it since; only tokens are always accepted.
type Seed struct {
	Organizations []Organization
}

// Organization is one Azure DevOps organization and the issuer of its tokens.
type Organization struct {
	ID       string // the GUID at the end of the issuer
	Name     string
	Toolkit  string // version of the AWS Toolkit; empty: not installed
	Tenant   string // GUID of an Entra tenant that issues tokens of connections; empty: vstoken does
	NoAudit  bool   // auditing is switched off
	Projects []Project
	People   []Person
	Services []Service
}

// Project is one project with everything in it.
type Project struct {
	ID           string
	Name         string
	Repositories []Repository
	Queues       []Queue // empty: one queue "Azure Pipelines", open to all pipelines
	Pipelines    []Pipeline
	Connections  []Connection
}

// Repository is a Git repository; each branch is a commit with its files.
type Repository struct {
	ID       string
	Name     string
	Branches map[string]map[string]string // "main" → path "/aws-check.yml" → content; the first of main, master, … is the default
	Policies []Policy
}

// Policy is a minimum number of reviewers on one branch.
type Policy struct {
	Branch    string // "main"
	Reviewers int
	Optional  bool // switched on but not blocking
}

// Queue is an agent queue of a project.
type Queue struct {
	ID      int
	Name    string
	Offline bool  // no agent ever answers: jobs wait
	Closed  bool  // not open to all pipelines; see Allowed
	Allowed []int // pipelines permitted on a closed queue
}

// Pipeline is a YAML pipeline.
type Pipeline struct {
	ID         int
	Name       string
	Folder     string // empty: "\"
	Repository string // name in the same project
	Path       string // "/azure-pipelines.yml"
	Branch     string // default branch of the pipeline; empty: the repository's
}

// Right is something that an identity may do in a project.
type Right string

// The rights. RightView shows the details of service connections, RightCreate makes
// one and makes its creator the administrator of it, RightManage administers all
// of them, RightQueue starts pipelines, RightAdmin is a project administrator's.
const (
	RightRead   Right = "read"
	RightView   Right = "view"
	RightCreate Right = "create"
	RightManage Right = "manage"
	RightQueue  Right = "queue"
	RightPush   Right = "push"
	RightAdmin  Right = "admin"
	RightAudit  Right = "audit" // view the organization's audit log
)

// Person is a user. The lists hold names of projects.
type Person struct {
	ID                    string
	Name                  string
	Email                 string
	Token                 string   // a personal access token, if the person has one
	Scopes                []string // of that token; empty: all
	Inactive              bool
	ProjectAdministrator  []string
	EndpointAdministrator []string
	EndpointCreator       []string
	Contributor           []string
	Reader                []string
}

// Service is a service principal or a build identity with a token.
type Service struct {
	ID     string
	Name   string
	Token  string
	Scopes []string           // empty: all
	Rights map[string][]Right // by project name
}

// Connection is a service connection.
type Connection struct {
	ID          string
	Name        string
	Type        string // empty: AWS
	Description string
	Parameters  map[string]string // of the UsernamePassword scheme
	Disabled    bool
	Pipelines   []int // permitted pipelines
	All         bool  // open to every pipeline of the project
	CreatedBy   string
}
