package aws

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
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
	Region    string          `json:"region"`
	ReadOnly  bool            `json:"read_only,omitempty"`
	Number    int64           `json:"number"` // within the account, in the order of what happened
	Raw       string          `json:"raw"`
}

type trailResource struct {
	Type string `json:"ResourceType"`
	Name string `json:"ResourceName"`
}

// keptReads is how many events of an account that only tell of reads are kept;
// they are not in the journal, since a read is no effect.
const keptReads = 5000

// readTrail brings the journal's events back into their order.
func (s *Server) readTrail() error {
	for _, ev := range s.trail.All() {
		s.events[ev.Account] = append(s.events[ev.Account], ev)
	}
	for _, events := range s.events {
		slices.SortStableFunc(events, func(a, b trailEvent) int { return cmp.Compare(a.Number, b.Number) })
	}
	return nil
}

// record stores an event. A trail that cannot be written does not undo the
// effect that it tells of. Sign-ins only read, by AWS's word, but stay for good.
func (c *call) record(ev trailEvent, body map[string]any, failed error) {
	ev.ID, ev.At, ev.Region = newUUID(), c.now, c.home()
	if ev.Name == "" {
		ev.Name = c.operation
	}
	ev.ReadOnly, _ = body["readOnly"].(bool)
	ev.Source = c.service + ".amazonaws.com"
	body["eventVersion"], body["eventID"], body["requestID"] = "1.08", ev.ID, c.id
	body["eventTime"], body["eventSource"], body["eventName"] = iso(c.now), ev.Source, ev.Name
	body["awsRegion"], body["userAgent"] = ev.Region, c.r.UserAgent()
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
	all := c.s.events[ev.Account]
	ev.Number = 1
	if len(all) > 0 {
		ev.Number = all[len(all)-1].Number + 1
	}
	c.s.events[ev.Account] = append(all, ev)
	if ev.ReadOnly && !strings.HasPrefix(ev.Name, "AssumeRole") {
		c.s.dropReads(ev.Account)
		return
	}
	_ = put(c.s, c.s.trail, fmt.Sprintf("%s/%s/%012d", ev.Account, ev.At.Format("20060102T150405.000000000"), ev.Number), ev)
}

// dropReads forgets the older half of the reads when there are too many.
func (s *Server) dropReads(account string) {
	if s.reads[account]++; s.reads[account] <= keptReads {
		return
	}
	drop := keptReads / 2
	s.reads[account] -= drop
	s.events[account] = slices.DeleteFunc(s.events[account], func(ev trailEvent) bool {
		read := ev.ReadOnly && !strings.HasPrefix(ev.Name, "AssumeRole") && drop > 0
		if read {
			drop--
		}
		return read
	})
}

// recordRead records a call in JSON that only read, refused or not.
func (c *call) recordRead(failed error) {
	var sent, parameters map[string]any
	if json.Unmarshal(c.body, &sent) == nil && len(sent) > 0 {
		parameters = map[string]any{}
		for name, value := range sent {
			parameters[wireName(name)] = value
		}
	}
	c.recordManagement(trailEvent{}, true, parameters, failed)
}

// recordManagement records a call of the other services that is no access to data.
func (c *call) recordManagement(ev trailEvent, readOnly bool, parameters map[string]any, failed error) {
	ev.Account, ev.User, ev.KeyID = c.caller.account, c.caller.name, c.caller.keyID
	c.record(ev, map[string]any{
		"readOnly": readOnly, "requestParameters": parameters, "responseElements": nil, "userIdentity": c.trailIdentity(),
	}, failed)
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

// recordCall records a signed call of IAM or STS, refused or not. Callers that were
// not believed leave no trace. A session in another account is on the trails of both.
func (c *call) recordCall(result any, readOnly bool, failed error) {
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
			"readOnly": readOnly, "requestParameters": c.requestParameters(), "responseElements": nil, "userIdentity": c.trailIdentity(),
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
		if name == "WebIdentityToken" {
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
