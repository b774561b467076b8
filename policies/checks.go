package policies

import "fedbot/workflows"

// CheckInfo is one named check of the linter.
type CheckInfo struct {
	Code    string          `json:"code"`
	Name    string          `json:"name"`
	On      string          `json:"on"`       // what it looks at: "trust policy", "role", "permissions", "provider", "life"
	Level   workflows.Level `json:"severity"` // at most; a problem may be of a lower one
	Demands string          `json:"demands"`  // a sentence
	Fix     string          `json:"fix"`      // what to do, where the problem itself says nothing better
}

// AllChecks returns every check, in order: the invariants I1 to I30, the form of
// documents (D), ways to more rights (E), and exposure of data and resources (X).
func AllChecks() []CheckInfo {
	out := make([]CheckInfo, 0, len(checks)+len(paths()))
	out = append(out, checks...)
	for _, p := range paths() {
		out = append(out, CheckInfo{p.code, p.name, "permissions", p.level, "Nobody can " + p.does + ".", pathFix})
	}
	return out
}

// checkNamed returns the check of a code.
func checkNamed(code string) CheckInfo {
	for _, c := range checks {
		if c.Code == code {
			return c
		}
	}
	return CheckInfo{Code: code}
}

var checks = []CheckInfo{
	{"I1", "one statement", "trust policy", workflows.Medium, "A trust policy has one Allow statement of version 2012-10-17, and no element that belongs to none.", "Write it anew as fedbot does."},
	{"I2", "principal", "trust policy", workflows.Critical, "It trusts one OIDC provider, of the role's own account and of our organization.", "Trust the organization's provider alone."},
	{"I3", "action", "trust policy", workflows.High, "It allows sts:AssumeRoleWithWebIdentity and nothing else.", "Write that one action."},
	{"I4", "audience", "trust policy", workflows.Medium, "It tests that the token's audience equals one value.", "Test :aud with StringEquals."},
	{"I5", "subject", "trust policy", workflows.Critical, "It tests that the token's subject equals one service connection's.", "Test :sub with StringEquals."},
	{"I6", "operators", "trust policy", workflows.Critical, "It uses no operator that holds for tokens which nobody named.", "Use StringEquals."},
	{"I7", "keys", "trust policy", workflows.Critical, "It tests claims of its own issuer only, and no key is there twice.", "Test the issuer's own :sub and :aud."},
	{"I8", "names today", "life", workflows.Critical, "Organization, project and connection have today the ids that were approved for their names.", "Quarantine it, and find out who took the name."},
	{"I9", "size", "trust policy", workflows.Medium, "A trust policy fits the account's quota.", "Take out what it does not need."},
	{"I10", "name", "role", workflows.High, "The role has fedbot's path and a name of at most 64 characters that IAM takes.", "Let fedbot name it."},
	{"I11", "boundary", "role", workflows.Critical, "The role carries the account's permissions boundary, and it allows what the role is granted.", "Put the boundary back."},
	{"I12", "session", "role", workflows.Medium, "A session lasts no longer than an hour, or than the template says.", "Set the longest session back."},
	{"I13", "tags", "role", workflows.Low, "The role's tags say whose it is and what it came from.", "Put the tags back."},
	{"I14", "role id", "role", workflows.Critical, "The role is the one that was made, and not another under its name.", "Quarantine it, and find out who made the other."},
	{"I15", "no instance profile", "role", workflows.High, "No instance profile holds the role, and no service owns it.", "Take it out of the instance profile."},
	{"I16", "as rendered", "permissions", workflows.High, "Every inline policy is what its template makes of the approved parameters.", "Restore what was approved."},
	{"I17", "no managed policy", "role", workflows.Critical, "No managed policy is attached that was not approved.", "Detach it."},
	{"I18", "wildcards", "permissions", workflows.Critical, "A policy names its actions, and its resources wherever IAM can limit an action to them.", "Name them."},
	{"I19", "known actions", "permissions", workflows.High, "Every action is one that AWS publishes, and none changes permissions.", "Take it out."},
	{"I20", "handing over roles", "permissions", workflows.Critical, "iam:PassRole names the role and the service that gets it, and never a role of fedbot's.", "Name the role, and test iam:PassedToService."},
	{"I21", "becoming roles", "permissions", workflows.High, "sts:AssumeRole names roles of the own account.", "Name them."},
	{"I22", "no power over permissions", "permissions", workflows.Critical, "No action changes who may do what.", "Take it out."},
	{"I23", "region and account", "permissions", workflows.High, "Every resource is held to one region and one account.", "Write both into the ARN, or test aws:RequestedRegion or aws:ResourceAccount."},
	{"I24", "size", "permissions", workflows.Medium, "All inline policies of the role fit the quota, with room for the hold.", "Ask for less, or for a federation more."},
	{"I25", "provider", "provider", workflows.Critical, "The provider's address is the issuer's, and it takes one audience.", "Take the other audiences out."},
	{"I26", "thumbprints", "provider", workflows.Low, "Thumbprints are noted and not compared: AWS trusts public authorities for these issuers.", ""},
	{"I27", "order", "life", workflows.High, "The role is held from its first moment until it was read back and proved.", "Render the plan anew."},
	{"I28", "consent", "life", workflows.High, "Somebody else than the requester has approved, and it ends within the longest time.", "Ask for approval."},
	{"I29", "from the record", "life", workflows.High, "What is written was rendered from a plan whose digest is in the record.", "Render it from the record."},
	{"I30", "ours", "life", workflows.High, "fedbot edits no role that is not its own.", "Report it, and adopt it by request."},
	{"D1", "readable", "permissions", workflows.High, "A document can be read in one way only.", "Write it anew."},
	{"D2", "version", "permissions", workflows.Medium, "A document is of version 2012-10-17.", `Write "Version": "2012-10-17".`},
	{"D3", "characters", "permissions", workflows.High, "A document holds only characters that IAM takes: tab, line ends, and U+0020 to U+00FF.", "Write it in those."},
	{"D4", "elements", "permissions", workflows.Medium, "A statement has an action and a resource, and a Sid of letters and digits that no other has.", "Mend the statement."},
	{"D5", "meets something", "permissions", workflows.Medium, "Every action can be used on one of the resources that stand beside it.", "Put the action beside a resource of its kind."},
	{"D6", "keys that are sent", "permissions", workflows.High, "A condition tests keys that AWS sends with the action.", "Test a key that is sent."},
	{"D7", "operators", "permissions", workflows.High, "A condition uses an operator of IAM's with values that it can read, and holds only where its key is there.", "Mend the condition."},
}
