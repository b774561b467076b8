package aws

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

// disagreement is a difference between moto and the emulator on one step of
// testdata/aws_moto.py, with who is right: "ours", "theirs" or "unknown".
type disagreement struct {
	Call   string `json:"call"` // the step
	At     string `json:"at"`   // the field; empty is the answer as a whole
	Theirs string `json:"theirs"`
	Ours   string `json:"ours"`
	right  string
	why    string
}

func (d disagreement) seen() disagreement {
	d.right, d.why = "", ""
	return d
}

// disagreements are all that are known. The table in docs/emulators.md is made of them.
var disagreements = []disagreement{
	{"create a provider", "Tags", "absent", "[{\"Key\": \"k\", \"Value\": \"v\"}]", "ours", "its answer has the field in AWS's API reference"},
	{"add a client", "", "a page of HTML", "accepted", "ours", "the call exists; moto has not made it"},
	{"remove a client", "", "a page of HTML", "accepted", "ours", "the call exists; moto has not made it"},
	{"delete a missing provider", "", "accepted", "NoSuchEntity 404", "ours", "AWS lists NoSuchEntity among the errors of the call"},
	{"an http provider", "", "accepted", "InvalidInput 400", "ours", "the URL must begin with https://"},
	{"a provider with a port", "", "accepted", "InvalidInput 400", "ours", "the URL must not contain a port number"},
	{"create a role", "Role.PermissionsBoundary.PermissionsBoundaryType", "PermissionsBoundaryPolicy", "Policy", "ours", "AWS's example of get-user and answers of real accounts say Policy; moto goes by the enumeration in the API's model"},
	{"get a role", "Role.PermissionsBoundary.PermissionsBoundaryType", "PermissionsBoundaryPolicy", "Policy", "ours", "AWS's example of get-user and answers of real accounts say Policy; moto goes by the enumeration in the API's model"},
	{"describe a role", "Role.PermissionsBoundary.PermissionsBoundaryType", "PermissionsBoundaryPolicy", "Policy", "ours", "AWS's example of get-user and answers of real accounts say Policy; moto goes by the enumeration in the API's model"},
	{"details of roles", "RoleDetailList[0].PermissionsBoundary.PermissionsBoundaryType", "PermissionsBoundaryPolicy", "Policy", "ours", "AWS's example of get-user and answers of real accounts say Policy; moto goes by the enumeration in the API's model"},
	{"create a role", "Role.RoleLastUsed", "{}", "absent", "unknown", "AWS's example of CreateRole does not show it, nor says that it is never there; an empty one means the same"},
	{"create a plain role", "Role.RoleLastUsed", "{}", "absent", "unknown", "AWS's example of CreateRole does not show it, nor says that it is never there; an empty one means the same"},
	{"create its name in other case", "", "accepted", "EntityAlreadyExists 409", "ours", "names are not distinguished by case"},
	{"get its name in other case", "", "NoSuchEntity 404", "accepted", "unknown", "AWS says only that two names must not differ by case alone"},
	{"put a boundary that is no policy", "", "InvalidParameterValue 400", "ValidationError 400", "unknown", "AWS lists neither for the call; both are a 400 that no repetition mends"},
	{"instance profiles of a role", "IsTruncated", "absent", "false", "ours", "the field is in every answer of a list that has pages"},
	{"list versions", "IsTruncated", "absent", "false", "ours", "the field is in every answer of a list that has pages"},
	{"the account's alias", "IsTruncated", "absent", "false", "ours", "the field is in every answer of a list that has pages"},
	{"put an inline policy with a principal", "", "accepted", "MalformedPolicyDocument 400", "ours", "an identity policy names no principal"},
	{"put an inline policy of 10,300 characters", "", "accepted", "LimitExceeded 409", "ours", "a role holds 10,240 characters of inline policies"},
	{"create a policy", "Policy.Description", "absent", "d", "unknown", "AWS says of the field that GetPolicy has it and ListPolicies does not, and nothing of CreatePolicy"},
	{"create a policy", "Policy.PermissionsBoundaryUsageCount", "absent", "0", "ours", "its answer has the field in AWS's API reference"},
	{"create a policy", "Policy.PolicyId", "<A...>", "<ANPA>", "ours", "ids of managed policies begin with ANPA"},
	{"get a policy", "Policy.PermissionsBoundaryUsageCount", "absent", "0", "ours", "its answer has the field in AWS's API reference"},
	{"get a policy", "Policy.PolicyId", "<A...>", "<ANPA>", "ours", "ids of managed policies begin with ANPA"},
	{"list policies of a path", "Policies[0].PermissionsBoundaryUsageCount", "absent", "0", "ours", "its answer has the field in AWS's API reference"},
	{"list policies of a path", "Policies[0].PolicyId", "<A...>", "<ANPA>", "ours", "ids of managed policies begin with ANPA"},
	{"create a policy of 6,200 characters", "", "accepted", "LimitExceeded 409", "ours", "a managed policy holds 6,144 characters"},
	{"create a version", "PolicyVersion.Document", "{\"Statement\": [{\"Action\": \"s3:GetObject\", \"Effect\": \"Allo...", "absent", "ours", "AWS says that neither CreatePolicyVersion nor ListPolicyVersions returns the document"},
	{"list versions", "Versions[0].Document", "{\"Statement\": [{\"Action\": \"s3:GetObject\", \"Effect\": \"Allo...", "absent", "ours", "AWS says that neither CreatePolicyVersion nor ListPolicyVersions returns the document"},
	{"list versions", "Versions[1].Document", "{\"Statement\": [{\"Action\": \"s3:GetObject\", \"Effect\": \"Allo...", "absent", "ours", "AWS says that neither CreatePolicyVersion nor ListPolicyVersions returns the document"},
	{"delete a policy with versions", "", "accepted", "DeleteConflict 409", "ours", "all versions but the default one must be deleted before"},
	{"delete an attached policy", "", "accepted", "DeleteConflict 409", "ours", "a policy must be detached before"},
	{"delete the boundary in use", "", "accepted", "DeleteConflict 409", "ours", "a policy in use as a boundary is in use"},
	{"details, one a page", "IsTruncated", "false", "true", "ours", "MaxItems is the size of a page; moto does not read it here"},
	{"details, one a page", "Marker", "absent", "<Marker>", "ours", "the same"},
	{"details, one a page", "RoleDetailList", "[{\"Arn\": \"arn:aws:iam::111122223333:role/ado-federation/S...", "[{\"Arn\": \"arn:aws:iam::111122223333:role/plain\", \"AssumeR...", "ours", "the same: moto returns all of them at once"},
	{"create a role with a name of 65", "", "accepted", "ValidationError 400", "ours", "a role's name has 64 characters at most"},
	{"create a role with a name with a space", "", "accepted", "ValidationError 400", "ours", "names match [\\w+=,.@-]+"},
	{"create a role with a path without slashes", "", "accepted", "ValidationError 400", "ours", "a path begins and ends with a slash"},
	{"create a role with sessions of a minute", "", "accepted", "ValidationError 400", "ours", "the least is 3,600 seconds"},
	{"create a role with a trust that is no JSON", "", "accepted", "MalformedPolicyDocument 400", "ours", "and moto itself refuses it in UpdateAssumeRolePolicy"},
	{"create a role with a trust with a resource", "", "accepted", "MalformedPolicyDocument 400", "ours", "a trust policy has no Resource"},
	{"create a role with a trust of 3,000 characters", "", "accepted", "LimitExceeded 409", "ours", "2,048 where the quota was not raised"},
	{"create a role with a trust without a principal", "", "accepted", "MalformedPolicyDocument 400", "ours", "a trust policy names a principal"},
	{"create a role with a trust in a missing role", "", "accepted", "MalformedPolicyDocument 400", "ours", "a principal of IAM must exist"},
	{"create a role with a missing boundary", "", "accepted", "NoSuchEntity 404", "ours", "a boundary must exist"},
	{"create a role with a reserved tag", "", "accepted", "InvalidInput 400", "ours", "keys that begin with aws: are AWS's own"},
	{"who am I", "Arn", "arn:aws:sts::111122223333:user/moto", "arn:aws:iam::111122223333:user/administrator", "ours", "moto knows no keys, so anybody is its user; a user's ARN is one of IAM"},
	{"who am I", "UserId", "<AKIA>", "<AIDA>", "ours", "ids of users begin with AIDA"},
	{"assume a role that does not trust", "", "accepted", "AccessDenied 403", "ours", "moto reads no trust policy"},
	{"assume a missing role", "", "accepted", "AccessDenied 403", "ours", "there is nothing to assume"},
	{"assume a role for a minute", "", "accepted", "ValidationError 400", "ours", "the least is 900 seconds"},
	{"sign in with garbage", "", "accepted", "InvalidIdentityToken 400", "ours", "moto verifies no token"},
	{"sign in as another connection", "", "accepted", "InvalidIdentityToken 400", "ours", "moto verifies no token; ours has no client id that fits it in this script, and AccessDenied in the others"},
	{"a report of what was used", "", "a page of HTML", "accepted", "ours", "the call exists; moto has not made it"},
	{"look events up", "", "500 500", "accepted", "ours", "the call exists; moto has not made it"},
	{"get a secret parameter, open", "Parameter.Selector", "absent", ":3", "ours", "AWS returns the version or label that was asked for"},
	{"parameters of a bad path", "", "accepted", "ValidationException 400", "ours", "a path begins with a slash"},
	{"get a missing secret", "", "ResourceNotFoundException 404", "ResourceNotFoundException 400", "ours", "refusals of AWS's JSON protocol have the status 400 unless the model says otherwise, and it does not"},
	{"get a missing stage", "", "ResourceNotFoundException 404", "ResourceNotFoundException 400", "ours", "refusals of AWS's JSON protocol have the status 400 unless the model says otherwise, and it does not"},
	{"accounts, outside an organization", "", "accepted", "AWSOrganizationsNotInUseException 400", "ours", "AWS lists the error for accounts that are in no organization"},
}

// table is the list as docs/emulators.md shows it, without what it repeats.
func table() string {
	var b strings.Builder
	cell := strings.NewReplacer("|", "\\|", "<", "&lt;").Replace
	for _, d := range disagreements {
		call := d.Call
		if d.At != "" {
			call += ": `" + d.At + "`"
		}
		fmt.Fprintf(&b, "| moto | %s | %s | %s | %s: %s |\n", call, cell(d.Theirs), cell(d.Ours), d.right, cell(d.why))
	}
	return b.String()
}

func TestTheTableOfDisagreementsIsInTheDocs(t *testing.T) {
	for _, d := range disagreements {
		if d.why == "" || d.right != "ours" && d.right != "theirs" && d.right != "unknown" {
			t.Errorf("%s: who is right, and why?", d.Call)
		}
	}
	raw, err := os.ReadFile("../../../docs/emulators.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(raw), "\n## AWS\n")
	section, _, _ = strings.Cut(section, "\n## Azure DevOps\n")
	_, got, _ := strings.Cut(section, "|---|---|---|---|---|\n")
	if strings.TrimSpace(got) != strings.TrimSpace(table()) {
		t.Errorf("the AWS table in docs/emulators.md is not the list of disagreements_test.go, which is:\n%s", table())
	}
}
