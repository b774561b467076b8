package policies

import (
	"fmt"
	"net/url"
	"regexp"
	"strings"

	"fedbot/workflows"
)

// Profile is how the tokens of an organization look: issuer, audience and subject.
// It is data because Microsoft changes it. Issuer and Subject may hold the
// placeholders {organization}, {organization.id}, {project}, {project.id},
// {connection} and {connection.id}.
type Profile struct {
	Name     string `json:"name"`
	Issuer   string `json:"issuer"`
	Audience string `json:"audience"`
	Subject  string `json:"subject"`
}

// Check reports the first mistake of a profile. A subject that does not name the
// connection would let in all of a project, so it is a mistake.
func (p Profile) Check() error {
	filled := party{"o", "1", "p", "2", "c", "3"}
	issuer, subject := filled.fill(p.Issuer), filled.fill(p.Subject)
	u, err := url.Parse(issuer)
	if err != nil || u.Scheme != "https" || u.Host == "" || u.Port() != "" || u.User != nil ||
		u.RawQuery != "" || u.Fragment != "" || strings.HasSuffix(issuer, "/") || !exact(issuer, "", 255) {
		return fmt.Errorf("check issuer profile %q: its issuer is not an https address that IAM takes", p.Name)
	}
	if strings.Contains(p.Issuer, "{connection") || strings.Contains(p.Issuer, "{project") {
		return fmt.Errorf("check issuer profile %q: its issuer may vary by organization only", p.Name)
	}
	if !exact(p.Audience, "", 255) {
		return fmt.Errorf("check issuer profile %q: its audience is empty or holds what IAM cannot", p.Name)
	}
	if !exact(subject, "", 1024) {
		return fmt.Errorf("check issuer profile %q: its subject holds an unknown placeholder or what IAM cannot", p.Name)
	}
	byName := strings.Contains(p.Subject, "{connection}") && strings.Contains(p.Subject, "{project") &&
		strings.Contains(p.Issuer+p.Subject, "{organization")
	if !byName && !strings.Contains(p.Subject, workflows.BlankConnection) {
		return fmt.Errorf("check issuer profile %q: its subject does not single out one connection", p.Name)
	}
	return nil
}

// host is an issuer as IAM writes it in ARNs and condition keys.
func host(issuer string) string { return strings.TrimPrefix(issuer, "https://") }

// providerARN is the ARN of an issuer's OIDC provider.
func providerARN(accountID, issuer string) string {
	return "arn:aws:iam::" + accountID + ":oidc-provider/" + host(issuer)
}

// party is a connection with its project and organization, by name and by id.
type party struct {
	organization, organizationID string
	project, projectID           string
	connection, connectionID     string
}

// fill puts a party into a format in one pass: what a name contains is never read
// as a placeholder.
func (p party) fill(format string) string {
	names := map[string]string{
		"{organization}": p.organization, "{organization.id}": p.organizationID,
		"{project}": p.project, "{project.id}": p.projectID,
		"{connection}": p.connection, workflows.BlankConnection: p.connectionID,
	}
	return placeholder.ReplaceAllStringFunc(format, func(s string) string {
		if v, ok := names[s]; ok {
			return v
		}
		return s
	})
}

var placeholder = regexp.MustCompile(`\{[a-z.]*\}`)
