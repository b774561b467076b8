package sandbox_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/google/go-cmp/cmp"

	"fedbot/internal/sandbox"
	"fedbot/workflows"
)

const (
	aside      = "aws-old" // the sandbox's stale federation: its connection was deleted by hand
	ourPath    = "/ado-federation/"
	storefront = 7
	verifying  = 9
	sessions   = "fedbot-sessions"
	mainBranch = "refs/heads/main"
)

// demand holds both sides, the store and Slack against what was wished for. kills
// is how often fedbot was killed: so many messages may be there twice.
func demand(t testing.TB, h *house, r sandbox.Ready, c *crowd, kills int) {
	t.Helper()
	list, history := h.left()
	if len(list) < len(c.wishes) {
		t.Errorf("%d wishes were taken and %d federations exist", len(c.wishes), len(list))
	}
	for _, w := range c.wishes {
		var of []workflows.Federation
		for _, f := range list {
			if f.Approved.Connection == w.connection {
				of = append(of, f)
			}
		}
		if len(of) != 1 {
			t.Errorf("%s has %d federations", w.connection, len(of))
			continue
		}
		if got := face(of[0]); got != w.end {
			t.Errorf("%s for %s ended as %q and should be %q", of[0].ID, w.connection, got, w.end)
		}
	}
	for id, events := range history {
		madeOnce(t, id, events)
	}
	demandAWS(t, r, list)
	demandAzure(t, r, list)
	demandSlack(t, c, list, kills)
}

// face is how the card of a federation begins in the end.
func face(f workflows.Federation) string {
	switch {
	case f.State == workflows.Active:
		return kept
	case f.State == workflows.Closed && f.Outcome == workflows.OutcomeRevoked:
		return revoked
	case f.State == workflows.Closed && f.Outcome == workflows.OutcomeDenied:
		return denied
	case f.State == workflows.Closed && f.Outcome == workflows.OutcomeWithdrawn:
		return withdrawn
	}
	return string(f.State) + " " + string(f.Outcome)
}

// madeOnce demands that no second object was ever made for a step.
func madeOnce(t testing.TB, id workflows.FederationID, events []workflows.Event) {
	t.Helper()
	refs := map[workflows.StepID]map[string]bool{}
	for _, e := range events {
		m, ok := e.Body.(workflows.Made)
		if !ok || m.Ref == "" || m.Step != workflows.RoleID && m.Step != workflows.ConnectionID && m.Step != workflows.RunID {
			continue
		}
		if refs[m.Step] == nil {
			refs[m.Step] = map[string]bool{}
		}
		refs[m.Step][m.Ref] = true
	}
	for step, list := range refs {
		if len(list) > 1 {
			t.Errorf("%s made %s more than once: %v", id, step, list)
		}
	}
}

// demandAWS demands, for each active federation, exactly the role that was
// approved, and nothing else under fedbot's path.
func demandAWS(t testing.TB, r sandbox.Ready, list []workflows.Federation) {
	t.Helper()
	for _, account := range r.AWS.Accounts {
		got := rolesOf(t, r, account)
		for _, f := range list {
			if f.State != workflows.Active || f.Names.AccountID != account.ID {
				continue
			}
			step, _ := f.Plan.Step(workflows.RoleID)
			role, ok := got[step.Role.Name]
			if !ok {
				t.Errorf("%s is active and role %s is not there", f.ID, step.Role.Name)
				continue
			}
			delete(got, step.Role.Name)
			want := map[string]string{}
			for _, s := range f.Plan.Steps {
				if s.Kind == workflows.StepPolicy {
					want[s.Policy.Name] = s.Policy.Document
				}
			}
			have := map[string]string{}
			for _, p := range role.RolePolicyList {
				have[*p.PolicyName] = unescape(t, p.PolicyDocument)
			}
			if s, ok := have[sessions]; ok && strings.Contains(s, `"Effect":"Deny"`) && !strings.Contains(s, "Allow") {
				delete(have, sessions) // lifting the hold ends older sessions
			}
			if d := cmp.Diff(want, have); d != "" {
				t.Errorf("%s, policies of role %s (-approved +there):\n%s", f.ID, *role.RoleName, d)
			}
			if trust := unescape(t, role.AssumeRolePolicyDocument); trust != step.Role.Trust {
				t.Errorf("%s, trust policy of role %s: %s, approved was %s", f.ID, *role.RoleName, trust, step.Role.Trust)
			}
			if id := f.Steps.Get(workflows.RoleID).Ref; *role.RoleId != id || len(role.AttachedManagedPolicies) > 0 {
				t.Errorf("%s, role %s is %s and fedbot made %s; %d managed policies", f.ID, *role.RoleName, *role.RoleId, id, len(role.AttachedManagedPolicies))
			}
		}
		for name := range got {
			t.Errorf("no active federation claims role %s in %s", name, account.Alias)
		}
	}
}

// rolesOf reads an account's roles under our path, but for fedbot's own.
func rolesOf(t testing.TB, r sandbox.Ready, account sandbox.ReadyAccount) map[string]types.RoleDetail {
	t.Helper()
	client := iam.New(iam.Options{Region: r.AWS.Region, BaseEndpoint: aws.String(r.AWS.Endpoint),
		Credentials: credentials.NewStaticCredentialsProvider(account.AccessKeyID, account.SecretAccessKey, "")})
	pages := iam.NewGetAccountAuthorizationDetailsPaginator(client, &iam.GetAccountAuthorizationDetailsInput{Filter: []types.EntityType{types.EntityTypeRole}})
	out := map[string]types.RoleDetail{}
	for pages.HasMorePages() {
		page, err := pages.NextPage(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		for _, role := range page.RoleDetailList {
			if *role.Path == ourPath && *role.RoleName != "fedbot-writer" && *role.RoleName != "fedbot-reader" {
				out[*role.RoleName] = role
			}
		}
	}
	return out
}

func unescape(t testing.TB, text *string) string {
	t.Helper()
	out, err := url.PathUnescape(*text)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// connection is a service connection as Azure DevOps's API tells it.
type connection struct {
	ID, Name, Type, Description string
	Authorization               struct{ Parameters map[string]*string }
}

func demandAzure(t testing.TB, r sandbox.Ready, list []workflows.Federation) {
	t.Helper()
	project := r.AzureDevOps.Projects[0].ID
	var there struct{ Value []connection }
	azure(t, r, project+"/_apis/serviceendpoint/endpoints?api-version=7.1", &there)
	for _, f := range list {
		if f.State != workflows.Active || f.Approved.Connection == aside {
			continue
		}
		i := slices.IndexFunc(there.Value, func(c connection) bool { return c.Name == f.Approved.Connection })
		if i < 0 {
			t.Errorf("%s is active and connection %s is not there", f.ID, f.Approved.Connection)
			continue
		}
		demandConnection(t, r, f, there.Value[i])
		there.Value = slices.Delete(there.Value, i, i+1)
	}
	for _, c := range there.Value {
		t.Errorf("no active federation claims connection %s (%s)", c.Name, c.ID)
	}
	var runs struct {
		Value []struct {
			ID                 int
			TemplateParameters map[string]string
		}
	}
	azure(t, r, fmt.Sprintf("%s/_apis/build/builds?definitions=%d&$top=1000&api-version=7.1", project, verifying), &runs)
	nonces := map[string]int{}
	for _, run := range runs.Value {
		nonce := run.TemplateParameters["nonce"]
		if other, ok := nonces[nonce]; ok || nonce == "" {
			t.Errorf("runs %d and %d have one nonce, %q", other, run.ID, nonce)
		}
		nonces[nonce] = run.ID
	}
}

func demandConnection(t testing.TB, r sandbox.Ready, f workflows.Federation, c connection) {
	t.Helper()
	project := r.AzureDevOps.Projects[0].ID
	step, _ := f.Plan.Step(workflows.ConnectionID)
	role := c.Authorization.Parameters["assumeRoleArn"]
	if c.ID != f.Steps.Get(workflows.ConnectionID).Ref || role == nil || *role != step.Connection.RoleARN {
		t.Errorf("%s: connection %s is another one, or points elsewhere: %+v", f.ID, c.Name, c)
	}
	var may struct {
		AllPipelines *struct{ Authorized bool }
		Pipelines    []struct {
			ID         int
			Authorized bool
		}
	}
	azure(t, r, project+"/_apis/pipelines/pipelinepermissions/endpoint/"+c.ID+"?api-version=7.1-preview.1", &may)
	if may.AllPipelines != nil && may.AllPipelines.Authorized || len(may.Pipelines) != 1 || may.Pipelines[0].ID != storefront || !may.Pipelines[0].Authorized {
		t.Errorf("%s: other pipelines than storefront-deploy may use %s: %+v", f.ID, c.Name, may)
	}
	var checks struct{ Value []json.RawMessage }
	azure(t, r, project+"/_apis/pipelines/checks/configurations?resourceType=endpoint&resourceId="+c.ID+"&$expand=settings&api-version=7.1-preview.1", &checks)
	if len(checks.Value) != 1 || !strings.Contains(string(checks.Value[0]), mainBranch) {
		t.Errorf("%s: connection %s does not have exactly the branch check: %s", f.ID, c.Name, checks.Value)
	}
}

// azure reads Azure DevOps as its administrator.
func azure(t testing.TB, r sandbox.Ready, path string, into any) {
	t.Helper()
	req, err := http.NewRequest(http.MethodGet, r.AzureDevOps.URL+"/"+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.SetBasicAuth("", r.AzureDevOps.Token)
	if err := fetch(req, into); err != nil {
		t.Fatal(err)
	}
}

// shown reports whether Slack shows of every federation how it ended.
func shown(c *crowd) bool {
	list, err := c.h.list()
	if err != nil {
		return false
	}
	seen, err := c.see(approverID)
	if err != nil {
		return false
	}
	for _, f := range list {
		live := living(seen, f)
		if len(live) != 1 || !said(seen, live[0], last(lines[face(f)])) {
			return false
		}
	}
	return true
}

// living are the cards that show the federation as it is.
func living(seen sight, f workflows.Federation) (out []message) {
	for _, m := range seen.in(channelID) {
		if strings.HasPrefix(m.Text, face(f)+":") && m.card(f.ID) {
			out = append(out, m)
		}
	}
	return out
}

// lines are what is said in the thread under a card, the last one when it is over.
var lines = map[string][]string{
	kept:      {" sent ", "approved.", "Proved and active"},
	revoked:   {" sent ", "approved.", "Proved and active", "revoked it", "nothing of fedbot's is left"},
	denied:    {" sent ", "denied it"},
	withdrawn: {" sent ", "withdrew it"},
}

func last(list []string) string {
	if len(list) == 0 {
		return ""
	}
	return list[len(list)-1]
}

// said reports whether a line is in the thread of a card.
func said(seen sight, card message, line string) bool {
	return slices.ContainsFunc(seen.in(channelID), func(m message) bool {
		return m.Thread == card.TS && m.TS != card.TS && strings.Contains(m.Text, line)
	})
}

// demandSlack demands one living card for each federation, and that nothing was
// said more often than there were kills.
func demandSlack(t testing.TB, c *crowd, list []workflows.Federation, kills int) {
	t.Helper()
	seen, err := c.see(approverID)
	if err != nil {
		t.Fatal(err)
	}
	mine, err := c.see(requesterID)
	if err != nil {
		t.Fatal(err)
	}
	again := 0
	for _, f := range list {
		cards := 0
		for _, m := range seen.in(channelID) {
			if m.card(f.ID) {
				cards++
			}
		}
		live := living(seen, f)
		if len(live) != 1 {
			t.Errorf("%s (%s): %d of %d cards show it, not one", f.ID, face(f), len(live), cards)
			continue
		}
		again += max(cards-1, 0)
		times := map[string]int{}
		for _, m := range seen.in(channelID) {
			if m.Thread == live[0].TS && m.TS != m.Thread && !m.Ephemeral {
				times[m.Text]++
			}
		}
		for _, n := range times {
			again += n - 1
		}
		for _, line := range lines[face(f)] {
			if !said(seen, live[0], line) {
				t.Errorf("%s: nobody said %q in the thread", f.ID, line)
			}
		}
		if face(f) != kept && face(f) != revoked {
			continue
		}
		told := 0
		for _, m := range mine.direct() {
			if strings.HasPrefix(m.Text, "Active: "+string(f.ID)+",") {
				told++
			}
		}
		if told == 0 {
			t.Errorf("%s was active, and nobody told its requester", f.ID)
		}
		again += max(told-1, 0)
	}
	if again > kills {
		t.Errorf("%d messages are there twice after %d kills", again, kills)
	}
	t.Logf("%d federations, %d kills, %d messages said twice", len(list), kills, again)
}
