package workflows

import "time"

// Facts are what the preflight read on both sides before anybody was asked. The
// adapters fill them; Examine judges them; the plan is rendered from them.
type Facts struct {
	AzureDevOps AzureFacts `json:"azure_devops"`
	AWS         AWSFacts   `json:"aws"`
	ReadAt      time.Time  `json:"read_at"`
}

// AzureFacts are read from one organization.
type AzureFacts struct {
	Organization   string `json:"organization"` // canonical name, as in the subject
	OrganizationID string `json:"organization_id"`
	Project        string `json:"project"` // canonical name; empty: there is none
	ProjectID      string `json:"project_id"`

	Toolkit    string `json:"toolkit"`     // version of the AWS Toolkit; empty: not installed
	ToolkitOff string `json:"toolkit_off"` // why it is installed and not usable
	OIDC       bool   `json:"oidc"`        // the AWS connection type has the field useOIDC

	ConnectionID string `json:"connection_id"` // of a connection that has the wanted name already
	ConnectionIs string `json:"connection_is"` // "holds an access key", "uses OIDC", "is of type generic"
	MayConnect   string `json:"may_connect"`   // why fedbot may not create connections there; empty: it may

	Pipelines []Pipeline `json:"pipelines"` // those asked for that exist
	Branches  []Branch   `json:"branches"`
	Verifier  *Pipeline  `json:"verifier"` // the verification pipeline; nil: the project has none
	VerifyRef string     `json:"verify_ref"`
	VerifyOff string     `json:"verify_off"` // why the verification pipeline cannot be used

	Subject string `json:"subject,omitempty"` // as tokens spell it, where a proof showed that; empty: as the issuer profile has it

	Standing string `json:"standing"` // the requester's in the project: "administrator", "member", "none", "not read"
}

// Pipeline is one pipeline by its id, which survives a rename.
type Pipeline struct {
	ID         int    `json:"id"`
	Name       string `json:"name"`
	Repository string `json:"repository,omitempty"` // id of the repository that holds its YAML
	Path       string `json:"path,omitempty"`
}

// Branch is one branch pattern and what protects it.
type Branch struct {
	Name      string `json:"name"`
	Protected bool   `json:"protected"`
	Reviewers int    `json:"reviewers"` // minimum; 0: none needed
}

// AWSFacts are read from one account.
type AWSFacts struct {
	AccountID string `json:"account_id"`
	Alias     string `json:"alias"`
	Identity  string `json:"identity"` // ARN that fedbot's writer role has there

	ProviderARN string   `json:"provider_arn"` // of the issuer's provider, found or as it will be
	Provider    bool     `json:"provider"`     // it exists
	Audiences   []string `json:"audiences"`    // it accepts; empty when it does not exist
	Audience    string   `json:"audience"`     // that tokens of the organization carry, by its issuer profile

	Boundary         string `json:"boundary"`           // document of the permissions boundary; empty: there is none
	RoleIs           string `json:"role_is"`            // what holds the wanted role name; empty: free
	Roles            int    `json:"roles"`              // in the account
	RolesQuota       int    `json:"roles_quota"`        // 0: not told
	TrustPolicyQuota int    `json:"trust_policy_quota"` // characters without white space; 0: not told

	TrailOff string `json:"trail_off,omitempty"` // why CloudTrail cannot be read; asked only where the first use is the proof
}

// Bound returns the facts that a plan stands on. What may differ from hour to
// hour without changing what was approved (how many roles there are, whether
// somebody has created the shared provider meanwhile, when it was read) is left
// out, so that it cannot void an approval.
func (f Facts) Bound() Facts {
	f.ReadAt = time.Time{}
	f.AWS.Roles, f.AWS.RolesQuota, f.AWS.TrustPolicyQuota = 0, 0, 0
	f.AWS.Provider, f.AWS.Audiences = false, nil
	f.AWS.Identity, f.AWS.Alias, f.AWS.TrailOff = "", "", ""
	f.AzureDevOps.Standing = ""
	f.AzureDevOps.Toolkit = ""
	return f
}

// Check is one thing that was looked at before asking, with its verdict.
type Check struct {
	Name  string `json:"name"`
	OK    bool   `json:"ok"`
	Warn  bool   `json:"warn,omitempty"` // not OK, and approving without it is possible
	Say   string `json:"say,omitempty"`  // when not OK: why, and what to do and who
	Field string `json:"field,omitempty"`
}
