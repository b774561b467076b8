package policies

import (
	"regexp"
	"strings"
)

// provider is an OIDC provider as a trust policy names it.
type provider struct {
	arn     string
	account string
	issuer  string // without https://, as it stands in the ARN
}

var (
	providerForm = regexp.MustCompile(`^arn:aws[a-z-]*:iam::([0-9]{12}):oidc-provider/(\S+)$`)
	guid         = `[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}`
	azureIssuer  = regexp.MustCompile(`^vstoken\.dev\.azure\.com/(` + guid + `)$`)
	entraIssuer  = regexp.MustCompile(`^login\.microsoftonline\.com/(` + guid + `)/v2\.0$`)
	entraSubject = regexp.MustCompile(`^\S+/sc/(` + guid + `)/(` + guid + `)$`)
)

func readProvider(arn string) (provider, bool) {
	m := providerForm.FindStringSubmatch(arn)
	if m == nil || strings.ContainsAny(arn, "*?") {
		return provider{arn: arn}, false
	}
	return provider{arn: arn, account: m[1], issuer: m[2]}, true
}

// azure reports whether tokens of Azure DevOps's service connections come from this
// issuer: one organization's, or one Entra tenant's.
func (p provider) azure() bool {
	return azureIssuer.MatchString(p.issuer) || entraIssuer.MatchString(p.issuer)
}

// subjectKind is what a subject names.
type subjectKind int

const (
	otherSubject subjectKind = iota
	connectionSubject
	pipelineSubject // p://…: the pipeline's own token, for which no connection is needed
)

// readSubject reads the subject of a token of an issuer. Names of organizations and
// projects cannot hold a slash; a connection's can.
func readSubject(issuer, s string) (party, subjectKind) {
	if m := entraSubject.FindStringSubmatch(s); m != nil && entraIssuer.MatchString(issuer) {
		return party{organizationID: m[1], connectionID: m[2]}, connectionSubject
	}
	if len(s) >= 4 && strings.EqualFold(s[:4], "p://") {
		return party{}, pipelineSubject
	}
	// Where tokens spell the scheme in other letters, so does the policy.
	scheme, rest, ok := strings.Cut(s, "://")
	ok = ok && strings.EqualFold(scheme, "sc")
	part := strings.SplitN(rest, "/", 3)
	if !ok || len(part) != 3 || part[0] == "" || part[1] == "" || part[2] == "" || !azureIssuer.MatchString(issuer) {
		return party{}, otherSubject
	}
	return party{organization: part[0], project: part[1], connection: part[2], organizationID: azureIssuer.FindStringSubmatch(issuer)[1]}, connectionSubject
}

// shared are issuers whose tokens anybody can get, by the beginning of their
// address, with who that is.
var shared = []struct{ issuer, who string }{
	{"token.actions.githubusercontent.com", "a workflow in a repository at GitHub"},
	{"gitlab.com", "a job in a project at GitLab.com"},
	{"app.terraform.io", "a run in an organization at HCP Terraform"},
	{"oidc.circleci.com", "a job in an organization at CircleCI"},
	{"agent.buildkite.com", "a job in an organization at Buildkite"},
	{"api.pulumi.com", "a stack in an organization at Pulumi"},
	{"oidc.vercel.com", "a project of a team at Vercel"},
	{"oidc-configuration.scalr.io", "a workspace in an account at Scalr"},
	{"accounts.google.com", "an application with Google sign-in"},
	{"cognito-identity.amazonaws.com", "a user of a Cognito identity pool"},
	{"graph.facebook.com", "an application with Facebook sign-in"},
	{"www.amazon.com", "an application with Amazon sign-in"},
}

// strangers is who gets tokens of an issuer that is not Azure DevOps's.
func strangers(issuer string) string {
	for _, s := range shared {
		if strings.HasPrefix(issuer, s.issuer) {
			return s.who
		}
	}
	if hasNoOrganization(issuer) {
		return "a pipeline of any organization of Azure DevOps"
	}
	return "whoever runs " + shown(issuer) + " or has a token from it"
}
