package aws

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// trailEvent is one event of CloudTrail as it is kept. Raw is the event itself.
type trailEvent struct {
	Account   string          `json:"account"`
	ID        string          `json:"id"`
	Name      string          `json:"name"`
	Source    string          `json:"source"`
	User      string          `json:"user"`
	KeyID     string          `json:"key_id,omitempty"`
	Resources []trailResource `json:"resources,omitempty"`
	At        time.Time       `json:"at"`
	Raw       string          `json:"raw"`
}

type trailResource struct {
	Type string `json:"ResourceType"`
	Name string `json:"ResourceName"`
}

// record stores an event. A trail that cannot be written does not undo the
// effect that it tells of.
func (c *call) record(ev trailEvent, body map[string]any, failed error) {
	ev.ID, ev.At, ev.Name = newUUID(), c.now, c.operation
	ev.Source = c.service + ".amazonaws.com"
	body["eventVersion"], body["eventID"], body["requestID"] = "1.08", ev.ID, c.id
	body["eventTime"], body["eventSource"], body["eventName"] = iso(c.now), ev.Source, ev.Name
	body["awsRegion"], body["userAgent"] = c.trailRegion(), c.r.UserAgent()
	body["sourceIPAddress"] = sourceIP(c.r)
	body["eventType"], body["managementEvent"], body["eventCategory"] = "AwsApiCall", true, "Management"
	body["recipientAccountId"] = ev.Account
	if no := (*refusal)(nil); errors.As(failed, &no) {
		body["errorCode"], body["errorMessage"], body["responseElements"] = no.code, no.message, nil
	}
	raw, err := json.Marshal(body)
	if err != nil {
		return
	}
	ev.Raw = string(raw)
	// The revision keeps events of one instant in their order.
	key := fmt.Sprintf("%s/%s/%020d", ev.Account, ev.At.UTC().Format("20060102T150405.000000000"), c.s.Revision())
	_ = put(c.s, c.s.trail, key, ev)
}

// trailRegion is the region that keeps the event: IAM has only one.
func (c *call) trailRegion() string {
	if c.service == "iam" {
		return "us-east-1"
	}
	return c.region
}

// recordSignIn records AssumeRoleWithWebIdentity, refused or not, in the role's account.
func (c *call) recordSignIn(in webSignIn, failed error) {
	request := map[string]any{"roleArn": in.arn, "roleSessionName": in.name}
	if c.form.Has("DurationSeconds") {
		request["durationSeconds"] = in.duration
	}
	body := map[string]any{
		"readOnly": true, "requestParameters": request, "responseElements": nil,
		"userIdentity": map[string]any{
			"type": "WebIdentityUser", "principalId": in.provider.ARN + ":" + in.audience() + ":" + in.token.subject,
			"userName": in.token.subject, "identityProvider": in.provider.ARN,
		},
		"additionalEventData": map[string]any{"identityProviderConnectionVerificationMethod": "IAMTrustStore"},
		"resources":           []any{map[string]any{"type": "AWS::IAM::Role", "accountId": arnAccount(in.arn), "ARN": in.arn}},
	}
	if no := (*refusal)(nil); errors.As(failed, &no) && no.code == "AccessDenied" {
		failed = refuse(no.status, no.code, "An unknown error occurred")
	}
	ev := trailEvent{Account: in.provider.Account, User: in.token.subject, Resources: []trailResource{{"AWS::IAM::Role", in.arn}}}
	if failed == nil {
		body["responseElements"] = map[string]any{
			"credentials": map[string]any{
				"accessKeyId": in.held.AccessKeyID, "sessionToken": "HIDDEN_DUE_TO_SECURITY_REASONS",
				"expiration": in.held.Expires.Format("Jan 2, 2006, 3:04:05 PM"),
			},
			"subjectFromWebIdentityToken": in.token.subject,
			"assumedRoleUser":             map[string]any{"assumedRoleId": in.held.assumed(in.role).AssumedRoleID, "arn": in.held.assumed(in.role).ARN},
			"provider":                    in.provider.ARN, "audience": in.audience(),
		}
		ev.Resources = append(ev.Resources,
			trailResource{"AWS::STS::AssumedRole", in.held.assumed(in.role).ARN},
			trailResource{"AWS::IAM::AccessKey", in.held.AccessKeyID})
	}
	c.record(ev, body, failed)
}

// recordCall records a signed call that changes IAM or opens a session. Callers
// that were not believed leave no trace. A session in another account is on the
// trails of both.
func (c *call) recordCall(result any, failed error) {
	ev := trailEvent{Account: c.caller.account, User: c.caller.name, KeyID: c.caller.keyID, Resources: c.trailResources()}
	response := map[string]any{}
	switch r := result.(type) {
	case roleResult:
		response["role"] = map[string]any{
			"roleName": r.Role.RoleName, "roleId": r.Role.RoleID, "arn": r.Role.ARN, "path": r.Role.Path, "createDate": r.Role.CreateDate,
		}
		ev.Resources = append(ev.Resources, trailResource{"AWS::IAM::Role", r.Role.ARN}, trailResource{"AWS::IAM::Role", r.Role.RoleID})
	case assumeRoleResult:
		response["assumedRoleUser"] = map[string]any{"assumedRoleId": r.AssumedRoleUser.AssumedRoleID, "arn": r.AssumedRoleUser.ARN}
		response["credentials"] = map[string]any{"accessKeyId": r.Credentials.AccessKeyID, "expiration": r.Credentials.Expiration}
	}
	accounts := []string{ev.Account}
	if other := arnAccount(c.form.Get("RoleArn")); other != "" && other != ev.Account {
		if _, ours := c.s.accounts.Get(other); ours {
			accounts = append(accounts, other)
		}
	}
	for _, ev.Account = range accounts {
		body := map[string]any{
			"readOnly": c.service == "sts", "requestParameters": c.requestParameters(), "responseElements": nil, "userIdentity": c.trailIdentity(),
		}
		if len(response) > 0 && failed == nil {
			body["responseElements"] = response
		}
		c.record(ev, body, failed)
	}
}

func (c *call) trailIdentity() map[string]any {
	id := map[string]any{
		"principalId": c.caller.userID, "arn": c.caller.arn, "accountId": c.caller.account, "accessKeyId": c.caller.keyID,
	}
	if c.caller.kind == "User" {
		id["type"], id["userName"] = "IAMUser", c.caller.name
		return id
	}
	r := c.caller.role
	id["type"] = "AssumedRole"
	id["sessionContext"] = map[string]any{
		"sessionIssuer": map[string]any{"type": "Role", "principalId": r.ID, "arn": r.ARN, "accountId": r.Account, "userName": r.Name},
		"attributes":    map[string]any{"creationDate": iso(c.caller.issued), "mfaAuthenticated": "false"},
	}
	return id
}

// requestParameters are the call's parameters in CloudTrail's spelling.
func (c *call) requestParameters() map[string]any {
	out := map[string]any{}
	for name := range c.form {
		if name == "Action" || name == "Version" || strings.Contains(name, ".") {
			continue
		}
		out[wireName(name)] = c.form.Get(name)
		if n, err := strconv.Atoi(c.form.Get(name)); err == nil && strings.Contains(name, "Duration") {
			out[wireName(name)] = n
		}
	}
	for _, name := range []string{"ClientIDList", "ThumbprintList", "TagKeys"} {
		if values := c.members(name); values != nil {
			out[wireName(name)] = values
		}
	}
	if tags := c.tags(); tags != nil {
		out["tags"] = tags
	}
	return out
}

// trailResources are the objects that a call names, as lookups find them.
func (c *call) trailResources() []trailResource {
	var out []trailResource
	if arn := c.form.Get("PolicyArn"); arn != "" {
		out = append(out, trailResource{"AWS::IAM::Policy", arn})
	}
	if arn := c.form.Get("RoleArn"); arn != "" {
		out = append(out, trailResource{"AWS::IAM::Role", arn})
	}
	if name := c.form.Get("RoleName"); name != "" {
		out = append(out, trailResource{"AWS::IAM::Role", name})
	}
	if name := c.form.Get("PolicyName"); name != "" {
		out = append(out, trailResource{"AWS::IAM::Policy", name})
	}
	if arn := c.form.Get("OpenIDConnectProviderArn"); arn != "" {
		out = append(out, trailResource{"AWS::IAM::OIDCProvider", arn})
	}
	return out
}
