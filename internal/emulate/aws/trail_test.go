package aws

import (
	"context"
	"fmt"
	"testing"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/google/go-cmp/cmp"
)

// names are the events that a lookup finds, newest first, without its own traces.
func names(t *testing.T, c *cloudtrail.Client, in *cloudtrail.LookupEventsInput) []string {
	t.Helper()
	out := []string{}
	for pages := cloudtrail.NewLookupEventsPaginator(c, in); pages.HasMorePages(); {
		for _, ev := range must[*cloudtrail.LookupEventsOutput](t)(pages.NextPage(context.Background())).Events {
			if *ev.EventName != "LookupEvents" {
				out = append(out, *ev.EventName)
			}
		}
	}
	return out
}

func TestEachRegionHasItsTrail(t *testing.T) {
	r := start(t)
	ctx, admin := context.Background(), r.iam(devAdmin)
	must[*iam.CreateRoleOutput](t)(admin.CreateRole(ctx, newRoleInput("ado-x")))
	must[*sts.GetCallerIdentityOutput](t)(r.sts(devAdmin).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{}))
	_, err := admin.GetRole(ctx, &iam.GetRoleInput{RoleName: sdk.String("nobody")})
	wantCode(t, err, "NoSuchEntity")
	all := &cloudtrail.LookupEventsInput{}
	if got := names(t, r.trailIn(devAdmin, "us-east-1"), all); !cmp.Equal(got, []string{"GetRole", "CreateRole"}) {
		t.Errorf("us-east-1 has %v", got)
	}
	if got := names(t, r.trailIn(devAdmin, region), all); !cmp.Equal(got, []string{"GetCallerIdentity"}) {
		t.Errorf("%s has %v", region, got)
	}
	if got := names(t, r.trailIn(prodAdmin, "us-east-1"), all); len(got) != 0 {
		t.Errorf("another account has %v", got)
	}
	for attribute, want := range map[types.LookupAttribute][]string{
		{AttributeKey: "ReadOnly", AttributeValue: sdk.String("false")}:                {"CreateRole"},
		{AttributeKey: "ResourceName", AttributeValue: sdk.String("ado-x")}:            {"CreateRole"},
		{AttributeKey: "ResourceType", AttributeValue: sdk.String("AWS::IAM::Role")}:   {"GetRole", "CreateRole"},
		{AttributeKey: "EventSource", AttributeValue: sdk.String("iam.amazonaws.com")}: {"GetRole", "CreateRole"},
		{AttributeKey: "Username", AttributeValue: sdk.String("nobody")}:               {},
	} {
		got := names(t, r.trail(devAdmin), &cloudtrail.LookupEventsInput{LookupAttributes: []types.LookupAttribute{attribute}})
		if !cmp.Equal(got, want) {
			t.Errorf("%s %s finds %v, want %v", attribute.AttributeKey, *attribute.AttributeValue, got, want)
		}
	}
	r.Switch(Switches{OneTrail: true, Rates: []Rate{}})
	if got := names(t, r.trailIn(devAdmin, region), all); len(got) != 3 {
		t.Errorf("with one trail, %s has %v", region, got)
	}
}

func TestTheTrailLags(t *testing.T) {
	r := start(t, func(o *Options) { o.Switches.TrailLag, o.Wall = 5*time.Minute, time.Now })
	must[*iam.CreateRoleOutput](t)(r.iam(devAdmin).CreateRole(context.Background(), newRoleInput("ado-x")))
	r.advance(5*time.Minute - time.Second)
	if got := names(t, r.trail(devAdmin), &cloudtrail.LookupEventsInput{}); len(got) != 0 {
		t.Errorf("too early: %v", got)
	}
	r.advance(time.Second)
	if got := names(t, r.trail(devAdmin), &cloudtrail.LookupEventsInput{}); len(got) != 1 {
		t.Errorf("in time: %v", got)
	}
	r.advance(91 * 24 * time.Hour)
	if got := names(t, r.trail(devAdmin), &cloudtrail.LookupEventsInput{}); len(got) != 0 {
		t.Errorf("after 91 days: %v", got)
	}
}

// TestTrailPages walks 120 events in pages of fifty while new ones arrive.
func TestTrailPages(t *testing.T) {
	r := start(t)
	ctx, admin := context.Background(), r.iam(devAdmin)
	for i := range 120 {
		must[*iam.CreateRoleOutput](t)(admin.CreateRole(ctx, newRoleInput(fmt.Sprint("ado-", i))))
		r.advance(time.Second)
	}
	seen := map[string]bool{}
	sizes := []int{}
	in := &cloudtrail.LookupEventsInput{LookupAttributes: []types.LookupAttribute{{AttributeKey: "EventName", AttributeValue: sdk.String("CreateRole")}}}
	for {
		out := must[*cloudtrail.LookupEventsOutput](t)(r.trail(devAdmin).LookupEvents(ctx, in))
		for _, ev := range out.Events {
			seen[*ev.EventId] = true
		}
		sizes = append(sizes, len(out.Events))
		if in.NextToken = out.NextToken; in.NextToken == nil {
			break
		}
		must[*iam.CreateRoleOutput](t)(admin.CreateRole(ctx, newRoleInput(fmt.Sprint("ado-late-", len(sizes)))))
	}
	if len(seen) != 120 || !cmp.Equal(sizes, []int{50, 50, 20}) {
		t.Errorf("%d events on pages of %v", len(seen), sizes)
	}
	_, err := r.trail(devAdmin).LookupEvents(ctx, &cloudtrail.LookupEventsInput{NextToken: sdk.String("nonsense")})
	wantCode(t, err, "InvalidNextTokenException")
	_, err = r.trail(devAdmin).LookupEvents(ctx, &cloudtrail.LookupEventsInput{MaxResults: sdk.Int32(51)})
	wantCode(t, err, "InvalidMaxResultsException")
	again := r.again(t)
	if got := names(t, again.trail(devAdmin), in); len(got) != 122 {
		t.Errorf("%d creations after a restart", len(got))
	}
}

// TestReadsAreForgottenBeforeEffects fills the trail with reads.
func TestReadsAreForgottenBeforeEffects(t *testing.T) {
	r := start(t)
	must[*iam.CreateRoleOutput](t)(r.iam(devAdmin).CreateRole(context.Background(), newRoleInput("ado-x")))
	r.Server.mu.Lock()
	c := &call{s: r.Server, now: r.Now(), wall: r.Now(), service: "iam", operation: "GetRole", r: httptestRequest(), caller: caller{account: dev, kind: "User"}}
	for range keptReads * 2 {
		c.recordManagement(trailEvent{}, true, nil, nil)
	}
	n := len(r.events[dev])
	r.Server.mu.Unlock()
	if n > keptReads+1 || n < keptReads/2 {
		t.Errorf("%d events are kept", n)
	}
	in := &cloudtrail.LookupEventsInput{LookupAttributes: []types.LookupAttribute{{AttributeKey: "ReadOnly", AttributeValue: sdk.String("false")}}}
	if got := names(t, r.trail(devAdmin), in); !cmp.Equal(got, []string{"CreateRole"}) {
		t.Errorf("of the effects is left %v", got)
	}
}
