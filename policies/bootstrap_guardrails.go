package policies

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
)

// The most that AWS takes of a service or resource control policy, in characters.
const largestControl = 5120

var errNoIssuer = errors.New("name the issuer whose tokens it is about: --issuer vstoken.dev.azure.com/ORGANIZATION-ID")

// ServiceControlPolicy returns a guardrail for an AWS organization: in its member
// accounts nobody but fedbot's writer, and the roles in further, changes federated
// roles, the boundary or the issuer's provider.
func (b Bootstrap) ServiceControlPolicy(further []string) ([]byte, error) {
	if err := b.Check(); err != nil {
		return nil, fmt.Errorf("write service control policy: %w", err)
	}
	if len(b.Issuers) == 0 {
		return nil, errNoIssuer
	}
	may := list{"arn:aws:iam::*:role/ado-federation/" + WriterName}
	for _, arn := range further {
		if !breakGlass.MatchString(arn) {
			return nil, fmt.Errorf("write service control policy: %q is not the ARN of roles, such as arn:aws:iam::*:role/break-glass", shown(arn))
		}
		may = append(may, arn)
	}
	others := conditions{"ArnNotLike": {"aws:PrincipalArn": may}}
	guarded := list{"arn:aws:iam::*:role/ado-federation/*", "arn:aws:iam::*:policy/ado-federation/*"}
	for _, issuer := range b.Issuers {
		guarded = append(guarded, "arn:aws:iam::*:oidc-provider/"+issuer)
	}
	return control(Document{Version: policyVersion, Statement: []Statement{
		{Sid: "OnlyFedbotChanges", Effect: "Deny", Resource: guarded, Condition: others, Action: list{
			"iam:Add*", "iam:Attach*", "iam:Create*", "iam:Delete*", "iam:Detach*", "iam:Put*", "iam:Remove*", "iam:Set*", "iam:Tag*", "iam:Untag*", "iam:Update*"}},
		{Sid: "NobodyFreesARole", Effect: "Deny", Action: list{"iam:DeleteRolePermissionsBoundary"}, Resource: list{"arn:aws:iam::*:role/ado-federation/ado-*"}},
	}})
}

// ResourceControlPolicy returns a second guardrail: whatever a role trusts, a token
// of the issuer opens it only if it is a service connection's and for this purpose.
// Tokens that any pipeline can ask for, with subjects such as p://…, open nothing.
func (b Bootstrap) ResourceControlPolicy() ([]byte, error) {
	if err := b.Check(); err != nil {
		return nil, fmt.Errorf("write resource control policy: %w", err)
	}
	if len(b.Issuers) == 0 {
		return nil, errNoIssuer
	}
	d := Document{Version: policyVersion}
	for i, issuer := range b.Issuers {
		name := fmt.Sprint(i + 1)
		deny := func(sid, operator, claim, value string) {
			key := issuer + ":" + claim
			d.Statement = append(d.Statement, Statement{
				Sid: sid + name, Effect: "Deny", Principal: principals{"*": {"*"}}, Action: list{"sts:AssumeRoleWithWebIdentity"}, Resource: list{anything},
				Condition: conditions{operator: {key: {value}}, "Null": {key: {"false"}}},
			})
		}
		deny("OnlyConnections", "StringNotLike", "sub", "sc://*")
		deny("OnlyForThisPurpose", "StringNotEquals", "aud", DefaultAudience)
	}
	return control(d)
}

// DefaultAudience is what the tokens of Azure DevOps are for.
const DefaultAudience = "api://AzureADTokenExchange"

func control(d Document) ([]byte, error) {
	text := d.String()
	if n := Size(text); n > largestControl {
		return nil, fmt.Errorf("the policy has %d characters, and AWS takes %d: name fewer issuers or roles", n, largestControl)
	}
	var out bytes.Buffer
	if err := json.Indent(&out, []byte(text), "", "  "); err != nil {
		return nil, fmt.Errorf("write policy: %w", err)
	}
	return slices.Concat(out.Bytes(), []byte("\n")), nil
}
