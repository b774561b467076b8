package policies

import (
	"regexp"
	"strings"

	"fedbot/workflows"
)

// reserved are the characters that mean more than themselves to an IAM policy: two
// wildcards, the parts of a variable, and what JSON quotes with.
const reserved = `*?${}"\`

// Limits of names. Azure DevOps sets those of organization and project; for
// connections it publishes none, and this one keeps a trust policy within 2,048.
const (
	longestOrganization = 50
	longestProject      = 64
	longestConnection   = 128
)

// CheckNames refuses names that a trust policy could not hold exactly. A subject is
// compared character by character, so a name that IAM might change, expand or
// refuse is a door to somebody else's connection.
func CheckNames(organization, project, connection string) *workflows.Refusal {
	if !exact(organization, "/", longestOrganization) {
		return onField("Organization", "bad_name", "%s cannot be federated: IAM cannot hold its name exactly, so a trust "+
			"policy could not name it safely. An owner of the organization can rename it.", shown(organization))
	}
	if !exact(project, "/", longestProject) {
		return onField("Project", "bad_name", "%s cannot be federated: IAM cannot hold its name exactly, so a trust "+
			"policy could not name it safely. An Azure DevOps administrator can rename the project.", shown(project))
	}
	if connection == "" {
		return onField("Name", "bad_name", "The connection needs a name, such as aws-shop-dev.")
	}
	if !exact(connection, "/,#", longestConnection) { // ## begins a command to the agent wherever a log shows the name
		return onField("Name", "bad_name", "%q cannot be the name of a connection that is federated: a trust policy could "+
			"not name it safely. Choose one of letters, digits, spaces and - _ . only, such as aws-shop-dev.", shown(connection))
	}
	return nil
}

// exact reports whether IAM holds a name exactly: printable ASCII, nothing reserved,
// nothing of also, no space at either end.
func exact(name, also string, longest int) bool {
	return name != "" && len(name) <= longest && strings.TrimSpace(name) == name &&
		printable(name) && !strings.ContainsAny(name, reserved+also)
}

func printable(s string) bool {
	for _, r := range s {
		if r < ' ' || r > '~' {
			return false
		}
	}
	return true
}

// shown keeps what a person typed from breaking the sentence that quotes it.
func shown(s string) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r == '\u2028' || r == '\u2029' || r == '`' {
			return -1
		}
		return r
	}, s)
	if r := []rune(s); len(r) > 80 {
		s = string(r[:79]) + "…"
	}
	return s
}

// short is a name in lower-case letters, digits and single hyphens, of at most n
// characters.
func short(name string, n int) string {
	out := strings.Trim(notPlain.ReplaceAllString(strings.ToLower(name), "-"), "-")
	if len(out) > n {
		out = strings.TrimRight(out[:n], "-")
	}
	return out
}

var (
	notPlain = regexp.MustCompile(`[^a-z0-9]+`)
	notInTag = regexp.MustCompile(`[^\p{L}\p{Z}\p{N}_.:/=+@-]`)
	plainID  = regexp.MustCompile(`^[A-Za-z0-9-]{1,64}$`)
	account  = regexp.MustCompile(`^[0-9]{12}$`)
	region   = regexp.MustCompile(`^[a-z]{2}(-[a-z]+)+-[0-9]$`)
)

// tagValue is text as an IAM tag can hold it.
func tagValue(s string) string {
	r := []rune(notInTag.ReplaceAllString(s, "-"))
	return string(r[:min(len(r), 256)])
}

func onField(field, code, format string, args ...any) *workflows.Refusal {
	r := workflows.Refuse(code, format, args...)
	r.Field = field
	return r
}
