package awsiam

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"

	"fedbot/workflows"
)

var _ workflows.SignIns = (*AWS)(nil)

// SignIns reads in CloudTrail who signed in to a role with a token since a time:
// in the region where the account works and in the one that keeps what came through
// the global endpoint. See workflows.SignIns.
func (a *AWS) SignIns(ctx context.Context, t workflows.Task, since time.Time) ([]workflows.SignIn, error) {
	if t.Step.Proof == nil {
		return nil, &workflows.Fault{Kind: workflows.ErrPermanent, Say: fmt.Sprintf("Step %s names no role that anybody could sign in to.", t.Step.ID)}
	}
	role := t.Step.Proof.RoleARN
	parts := roleARN.FindStringSubmatch(role)
	if parts == nil {
		return nil, &workflows.Fault{Kind: workflows.ErrPermanent, Say: fmt.Sprintf("Step %s names no role that anybody could sign in to.", t.Step.ID)}
	}
	c, err := a.reader(ctx, parts[2], t.Federation)
	if err != nil {
		return nil, unreadable(err)
	}
	if oldest := a.at(t).Add(-trailKept); since.Before(oldest) {
		since = oldest
	}
	var out []workflows.SignIn
	seen := map[string]bool{} // an event that both regions show is one event
	for _, trail := range c.trails() {
		err := c.lookUp(ctx, trail, role, since, func(ev trailEvent) error {
			if !ev.isSignIn() || ev.EventTime.Before(since) || seen[ev.EventID] {
				return nil
			}
			seen[ev.EventID] = true
			switch ev.ErrorCode {
			case "":
				in, err := ev.signIn()
				out = append(out, in)
				return err
			case "AccessDenied": // by the trust policy; the token itself was verified by then
				out = append(out, workflows.SignIn{At: ev.EventTime.UTC(), From: printable(ev.SourceIPAddress), Refused: true,
					Provider: ev.UserIdentity.IdentityProvider, Subject: ev.UserIdentity.UserName})
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (ev trailEvent) isSignIn() bool {
	return ev.EventName == "AssumeRoleWithWebIdentity" && ev.EventSource == "sts.amazonaws.com"
}

// trails are the clients of all regions in which a sign-in may be recorded.
func (c *client) trails() []*cloudtrail.Client {
	if c.local == nil {
		return []*cloudtrail.Client{c.trail}
	}
	return []*cloudtrail.Client{c.local, c.trail}
}

// signIn is what AWS answered, and not what was asked for: the session's role by its
// id, and the subject of the token that was verified.
func (ev trailEvent) signIn() (workflows.SignIn, error) {
	var got struct {
		SubjectFromWebIdentityToken, Provider, Audience string
		AssumedRoleUser                                 struct{ AssumedRoleID string }
	}
	if err := json.Unmarshal(ev.ResponseElements, &got); err != nil {
		return workflows.SignIn{}, fmt.Errorf("decode sign-in: %w", err)
	}
	id, _, _ := strings.Cut(got.AssumedRoleUser.AssumedRoleID, ":")
	return workflows.SignIn{
		At: ev.EventTime.UTC(), From: printable(ev.SourceIPAddress), RoleID: id, Provider: got.Provider,
		Subject: got.SubjectFromWebIdentityToken, Audience: got.Audience,
	}, nil
}

// TrailOff says why CloudTrail's record of sign-ins cannot be read in an account;
// empty: it can.
func (a *AWS) TrailOff(ctx context.Context, accountID string) (string, error) {
	c, err := a.reader(ctx, accountID, "")
	if err != nil {
		return "", unreadable(err)
	}
	for _, trail := range c.trails() {
		_, err := trail.LookupEvents(ctx, &cloudtrail.LookupEventsInput{MaxResults: aws.Int32(1)})
		if hasCode(err, denials...) {
			return workflows.Said(unreadTrail(c, err)), nil
		}
		if err != nil {
			return "", unreadTrail(c, err)
		}
	}
	return "", nil
}
