package policies

import (
	"strings"

	"fedbot/workflows"
)

// PermissionsWant is what the inline policies of a role have to be.
type PermissionsWant struct {
	Account   string                 // 12 digits
	Region    string                 // eu-west-1
	Documents map[string]string      // policy name → document, as rendered and approved
	Excepts   map[string][]Exception // policy name → what its template takes out of which check
}

// permissionChecks are what a card counts, each with the codes of the linter that it
// stands for.
var permissionChecks = []struct{ name, codes string }{
	{"I16 as rendered", "I16"},
	{"I18 wildcards", "I18"},
	{"I19 known actions", "I19"},
	{"I20 handing over roles", "I20"},
	{"I21 becoming roles", "I21"},
	{"I22 no power over permissions", "I22"},
	{"I23 region and account", "I23"},
	{"I24 size", "I24"},
	{"D document", "D"},
	{"E no way to more rights", "E"},
	{"X nothing of others", "X"},
}

// CheckPermissions looks at the inline policies of a role, as planned or as read
// back (name → document), with every invariant that documents alone can show. The
// hold and the ended sessions are no permissions: leave them out. A document that
// cannot be read passes none.
func CheckPermissions(found map[string]string, want PermissionsWant) []workflows.Check {
	approved := want.Documents
	if approved == nil {
		approved = map[string]string{}
	}
	problems := LintPermissions(found, LintFrame{Account: want.Account, Region: want.Region, Approved: approved, Excepts: want.Excepts})
	unread := ""
	for _, p := range problems {
		if p.Code == "D1" {
			unread = p.Say
		}
	}
	out := make([]workflows.Check, 0, len(permissionChecks))
	for _, row := range permissionChecks {
		c := workflows.Check{Name: row.name, OK: true}
		for _, p := range problems {
			if c.OK && p.Counts() && (p.Code == row.codes || len(row.codes) == 1 && strings.HasPrefix(p.Code, row.codes)) {
				policy, _, _ := strings.Cut(p.Where, ":")
				c.OK, c.Say = false, strings.TrimPrefix(policy+": "+p.Say, ": ")
			}
		}
		if unread != "" {
			c.OK, c.Say = false, unread
		}
		out = append(out, c)
	}
	return out
}
