package awsiam

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"fedbot/workflows"
)

const (
	trailPages = 10                  // of 50 events, looked through for one object
	trailKept  = 90 * 24 * time.Hour // CloudTrail's own limit
	trailRate  = 2                   // calls a second to one account: CloudTrail's own limit
	trailName  = "CloudTrail"
	longestWho = 150
)

// Writers reads in CloudTrail who wrote an object since a time, as fedbot's reader.
// It is one lookup by the object's name. See workflows.Historian.
func (a *AWS) Writers(ctx context.Context, t workflows.Task, fields []string, since time.Time) (map[string][]workflows.Writer, error) {
	_, account, err := a.kind(t)
	if err != nil {
		return nil, err
	}
	c, err := a.reader(ctx, account, t.Federation)
	if err != nil {
		return nil, unreadable(err)
	}
	us, err := a.ourselves(ctx, c)
	if err != nil {
		return nil, unreadable(err)
	}
	if oldest := a.at(t).Add(-trailKept); since.Before(oldest) {
		since = oldest
	}
	out := map[string][]workflows.Writer{}
	err = c.lookUp(ctx, c.trail, trailObject(t.Step), since.Truncate(time.Second), func(ev trailEvent) error {
		if ev.ErrorCode != "" || us(ev) {
			return nil // refused: it made no difference
		}
		for _, field := range fields {
			if ev.could(t.Step, field) {
				out[field] = append(out[field], ev.writer(c.ID))
			}
		}
		return nil
	})
	return out, err
}

// trailObject is the name that CloudTrail files the step's object under.
func trailObject(s workflows.Step) string {
	switch {
	case s.Provider != nil:
		return s.Provider.ARN
	case s.Role != nil:
		return s.Role.Name
	}
	return s.Policy.Role
}

// lookUp reads the events about one object, newest first. An event that cannot be
// understood fails the whole: it may be the one that matters.
func (c *client) lookUp(ctx context.Context, trail *cloudtrail.Client, object string, since time.Time, each func(trailEvent) error) error {
	in := &cloudtrail.LookupEventsInput{StartTime: &since, MaxResults: aws.Int32(50),
		LookupAttributes: []types.LookupAttribute{{AttributeKey: types.LookupAttributeKeyResourceName, AttributeValue: &object}}}
	for range trailPages {
		page, err := trail.LookupEvents(ctx, in)
		if err != nil {
			return unreadTrail(c, err)
		}
		for _, raw := range page.Events {
			ev, err := parseTrail(aws.ToString(raw.CloudTrailEvent))
			if err == nil {
				err = each(ev)
			}
			if err != nil {
				return &workflows.Fault{Kind: workflows.ErrUnreadable, Say: "CloudTrail in " + c.said() + " holds an event that fedbot does not understand", Cause: err}
			}
		}
		if aws.ToString(page.NextToken) == "" {
			return nil
		}
		in.NextToken = page.NextToken
	}
	return &workflows.Fault{Kind: workflows.ErrUnreadable,
		Say: fmt.Sprintf("CloudTrail in %s holds more than %d events about it, too many to look through", c.said(), 50*trailPages)}
}

func unreadTrail(c *client, err error) error {
	f := &workflows.Fault{Kind: workflows.ErrUnreadable, Say: "CloudTrail in " + c.said() + " did not answer", Cause: fmt.Errorf("look up events: %w", err)}
	switch {
	case hasCode(err, denials...):
		f.Say = "CloudTrail in " + c.said() + " may not be read (AccessDenied on cloudtrail:LookupEvents)"
	case hasCode(err, "ThrottlingException"):
		f.Say = "CloudTrail in " + c.said() + " asked fedbot to slow down"
	}
	return f
}

// ourselves tells fedbot's own writes: those of its writer role, or of its base
// credentials where it has no role. A person who can assume that role hides behind
// it; then nobody is named, and that is said.
func (a *AWS) ourselves(ctx context.Context, c *client) (func(trailEvent) bool, error) {
	if c.WriterRoleARN != "" {
		return func(ev trailEvent) bool { return ev.UserIdentity.SessionContext.SessionIssuer.Arn == c.WriterRoleARN }, nil
	}
	who, err := c.sts.GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil {
		return nil, c.failed("ask who fedbot is", err)
	}
	return func(ev trailEvent) bool { return sameSigner(ev.UserIdentity.Arn, aws.ToString(who.Arn)) }, nil
}

// sameSigner compares ARNs; those of a role's sessions without the session's name.
func sameSigner(a, b string) bool {
	if role, _, ok := cutLast(a, "/"); ok && strings.Contains(a, ":assumed-role/") {
		other, _, _ := cutLast(b, "/")
		return role == other
	}
	return a != "" && a == b
}

func cutLast(s, sep string) (before, after string, ok bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(sep):], true
}

// trailEvent is what fedbot reads of an event. What it holds was written by AWS,
// but names in it were chosen by people.
type trailEvent struct {
	EventID         string
	EventName       string
	EventSource     string
	EventTime       time.Time
	ErrorCode       string
	SourceIPAddress string
	UserIdentity    struct {
		Type, Arn, AccountID, InvokedBy string
		UserName, IdentityProvider      string // of a sign-in with a token
		SessionContext                  struct {
			SessionIssuer struct{ Arn string }
		}
	}
	RequestParameters, ResponseElements json.RawMessage // of a shape for each call
}

// asked is one of the call's parameters, if the event tells it.
func (ev trailEvent) asked(name string) (string, bool) {
	var all map[string]json.RawMessage
	var value string
	if json.Unmarshal(ev.RequestParameters, &all) != nil || json.Unmarshal(all[name], &value) != nil {
		return "", false
	}
	return value, true
}

func parseTrail(raw string) (trailEvent, error) {
	var ev trailEvent
	if err := json.Unmarshal([]byte(raw), &ev); err != nil {
		return ev, fmt.Errorf("decode CloudTrail event: %w", err)
	}
	if ev.EventName == "" || ev.EventTime.IsZero() {
		return ev, fmt.Errorf("decode CloudTrail event: it has no name or no time")
	}
	return ev, nil
}

// could says whether the call can have made the difference in a field. What the
// event does not tell (AWS leaves long parameters out) counts as yes.
func (ev trailEvent) could(s workflows.Step, field string) bool {
	name := ev.EventName
	if field == "exists" && !strings.HasPrefix(name, "Delete") {
		return false
	}
	if s.Provider != nil {
		return strings.Contains(name, "OpenIDConnectProvider") && !strings.HasPrefix(name, "Get") && !strings.HasPrefix(name, "List")
	}
	switch name {
	case "CreateRole", "DeleteRole": // what hung on it went with it
		return true
	case "UpdateAssumeRolePolicy":
		return strings.HasPrefix(field, "trust policy")
	case "PutRolePermissionsBoundary", "DeleteRolePermissionsBoundary":
		return field == "permissions boundary"
	case "UpdateRole", "UpdateRoleDescription":
		return field == "session length" || field == "description"
	case "TagRole", "UntagRole":
		return strings.HasPrefix(field, "tag ")
	case "PutRolePolicy", "DeleteRolePolicy":
		wrote, told := ev.asked("policyName")
		inline, ok := strings.CutPrefix(field, "inline policy ")
		if s.Policy != nil {
			inline, ok = inlineName(s), true
		}
		return ok && (!told || wrote == inline)
	case "AttachRolePolicy", "DetachRolePolicy":
		wrote, told := ev.asked("policyArn")
		attached, ok := strings.CutPrefix(field, "attached policy ")
		return ok && (!told || strings.HasSuffix(wrote, "/"+attached))
	}
	return false
}

// madeByIdentityCenter says whether a role is one that only IAM Identity Center makes,
// and whose sessions bear the name that it gives them. Paths may hold colons, and
// people choose them: only the beginning of the ARN counts.
func madeByIdentityCenter(role, account string) bool {
	parts := strings.SplitN(role, ":", 6)
	return len(parts) == 6 && parts[2] == "iam" && parts[4] == account && strings.HasPrefix(parts[5], "role/aws-reserved/sso.amazonaws.com/")
}

func (ev trailEvent) writer(account string) workflows.Writer {
	id := ev.UserIdentity
	_, who, _ := strings.Cut(id.Arn, "::")
	if i := strings.Index(who, ":"); i >= 0 {
		who = who[i+1:]
	}
	if who == "" {
		who = strings.TrimSpace(id.Type + " " + id.InvokedBy)
	}
	if id.AccountID != "" && id.AccountID != account {
		who += " of account " + id.AccountID
	}
	if who == "" {
		who = "somebody whom CloudTrail does not name"
	}
	w := workflows.Writer{Who: printable(who), At: ev.EventTime.UTC(), From: printable(ev.SourceIPAddress), Did: printable(ev.EventName), Source: trailName}
	if _, name, ok := cutLast(id.Arn, "/"); ok && isAddress(name) {
		w.Email = strings.ToLower(name)
		w.Claimed = !madeByIdentityCenter(id.SessionContext.SessionIssuer.Arn, account)
	}
	return w
}

// isAddress is as strict as it can be: a name that only resembles an address is none.
func isAddress(s string) bool {
	local, domain, ok := strings.Cut(s, "@")
	plain := func(s string) bool {
		return s != "" && !strings.ContainsFunc(s, func(r rune) bool {
			return r > unicode.MaxASCII || !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune(".-_+", r)
		})
	}
	return ok && plain(local) && plain(domain) && slices.Contains([]rune(domain), '.') && len(s) <= 254
}

// printable is foreign text made safe to show: one short line.
func printable(s string) string {
	runes := []rune(strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, "")))
	if len(runes) > longestWho {
		runes = append(runes[:longestWho-1], '…')
	}
	return string(runes)
}
