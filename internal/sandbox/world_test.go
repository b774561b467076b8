package sandbox

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	emado "fedbot/internal/emulate/azuredevops"
	"fedbot/policies"
	"fedbot/workflows"
)

// admin is AWS's own client, signed in as an administrator of the account.
func (st *stage) admin(account string) *iam.Client {
	return (&story{Sandbox: st.Sandbox, ctx: st.ctx}).iam(account)
}

// roles are the names of the roles under our path in an account, but for fedbot's
// own two.
func (st *stage) roles(account string) ([]string, error) {
	out, err := st.admin(account).ListRoles(st.ctx, &iam.ListRolesInput{PathPrefix: aws.String(workflows.RolePath), MaxItems: aws.Int32(1000)})
	if err != nil {
		return nil, err
	}
	var names []string
	for _, r := range out.Roles {
		if !strings.HasPrefix(*r.RoleName, "fedbot-") {
			names = append(names, *r.RoleName)
		}
	}
	return names, nil
}

// connections are the service connections of a name, as their administrator sees
// them.
func (st *stage) connections(project, name string) ([]endpoint, error) {
	var out struct{ Value []endpoint }
	err := st.devops(st.ctx, "GET", project+"/_apis/serviceendpoint/endpoints?api-version=7.1", "", &out)
	var found []endpoint
	for _, e := range out.Value {
		if strings.EqualFold(e.Name, name) {
			found = append(found, e)
		}
	}
	return found, err
}

// inline are the names of a role's inline policies.
func (st *stage) inline(f workflows.Federation) ([]string, error) {
	out, err := st.admin(f.Names.AccountID).ListRolePolicies(st.ctx, &iam.ListRolePoliciesInput{RoleName: aws.String(roleOf(f))})
	if err != nil {
		return nil, err
	}
	return out.PolicyNames, nil
}

// awsWords look at a federation's role: "aws role F-1", no-role, held, open,
// as-approved, lets-in, can, can-nothing; begin a session and use it later: session,
// session-can, session-cannot; or change something by hand: widen, widen-more.
// widen takes "by ACTOR" or "as ACTOR", and so does touch.
// About an account: "aws roles shop-dev 2", and what accountWords knows. And "aws
// fails", "aws answers".
func awsWords(st *stage, args []string) (string, error) {
	switch {
	case len(args) < 2 || args[0] == "fails":
		return "", st.fault("aws", args)
	case !strings.HasPrefix(args[1], "F-"):
		return "", st.accountWords(args)
	}
	f, err := st.federation(st.ctx, workflows.FederationID(args[1]))
	if err != nil {
		return "", err
	}
	t := &story{Sandbox: st.Sandbox, ctx: st.ctx, f: f}
	switch args[0] {
	case "role", "no-role":
		_, err := st.admin(f.Names.AccountID).GetRole(st.ctx, &iam.GetRoleInput{RoleName: aws.String(roleOf(f))})
		if args[0] == "role" {
			return "", err
		}
		if errorCode(orNothing(err)) != "NoSuchEntity" {
			return "", fmt.Errorf("the role %s is there: %v", roleOf(f), err)
		}
		return "", nil
	case "held", "open":
		names, err := st.inline(f)
		held := strings.Contains(strings.Join(names, " "), policies.HoldName)
		if err == nil && held != (args[0] == "held") {
			err = fmt.Errorf("it should be %s; its policies are %v", args[0], names)
		}
		return "", err
	case "widen":
		c, err := hand(t, args[2:])
		if err != nil {
			return "", err
		}
		return t.widen(c)
	case "narrow": // puts the approved trust policy back by hand
		role, _ := f.Plan.Step(workflows.RoleID)
		_, err := t.iam(f.Names.AccountID).UpdateAssumeRolePolicy(st.ctx, &iam.UpdateAssumeRolePolicyInput{RoleName: aws.String(roleOf(f)), PolicyDocument: &role.Role.Trust})
		return "", err
	case "touch": // writes the trust policy that is there once more
		c, err := hand(t, args[2:])
		if err != nil {
			return "", err
		}
		now, err := c.GetRole(st.ctx, &iam.GetRoleInput{RoleName: aws.String(roleOf(f))})
		if err != nil {
			return "", err
		}
		text, err := url.PathUnescape(*now.Role.AssumeRolePolicyDocument)
		if err == nil {
			_, err = c.UpdateAssumeRolePolicy(st.ctx, &iam.UpdateAssumeRolePolicyInput{RoleName: aws.String(roleOf(f)), PolicyDocument: &text})
		}
		return "", err
	case "as-approved":
		return t.awsAsApproved()
	case "widen-more":
		return "", st.widenMore(f)
	case "lets-in", "session":
		session, err := st.enter(f)
		if args[0] == "session" {
			st.session = session
		}
		return "", err
	case "can", "can-nothing":
		session, err := st.enter(f)
		if err != nil {
			return "", err
		}
		return "", st.uses(f, session, args[0] == "can")
	case "session-can", "session-cannot":
		return "", st.uses(f, st.session, args[0] == "session-can")
	}
	return "", fmt.Errorf("nobody asks AWS for %q", args[0])
}

// hand is who changes something: nothing (a user called administrator), "by ACTOR"
// (IAM Identity Center's session of that person) or "as ACTOR" (a session that
// somebody gave that person's name).
func hand(t *story, args []string) (*iam.Client, error) {
	if len(args) < 2 {
		return t.iam(t.f.Names.AccountID), nil
	}
	p, err := who(args[1])
	if err != nil {
		return nil, err
	}
	return t.byHand(map[string]string{"by": centerRole, "as": handRole}[args[0]], p)
}

// accountWords are "aws roles shop-dev 2" (under our path, but for fedbot's own
// two), boundary, no-boundary and wide-boundary, full and not-full, and
// another-audience and right-audience of its OIDC provider.
func (st *stage) accountWords(args []string) error {
	id := map[string]string{"shop-dev": devAccount, "shop-prod": prodAccount}[args[1]]
	c, boundaryARN := st.admin(id), "arn:aws:iam::"+id+":policy/ado-federation/boundary"
	provider := aws.String("arn:aws:iam::" + id + ":oidc-provider/" + issuerHost + "/" + organizationID)
	var err error
	switch args[0] {
	case "roles":
		names, err := st.roles(id)
		if err == nil && fmt.Sprint(len(names)) != args[2] {
			err = fmt.Errorf("%s has roles %v, and should have %s", args[1], names, args[2])
		}
		return err
	case "no-boundary":
		_, err = c.DeletePolicy(st.ctx, &iam.DeletePolicyInput{PolicyArn: &boundaryARN})
	case "boundary":
		_, err = c.CreatePolicy(st.ctx, &iam.CreatePolicyInput{PolicyName: aws.String("boundary"), Path: aws.String(workflows.RolePath), PolicyDocument: aws.String(rights(id).Boundary)})
	case "wide-boundary":
		wide := strings.Replace(rights(id).Boundary, `"s3:*"`, `"s3:*","ec2:*"`, 1)
		_, err = c.CreatePolicyVersion(st.ctx, &iam.CreatePolicyVersionInput{PolicyArn: &boundaryARN, PolicyDocument: &wide, SetAsDefault: true})
	case "full":
		return st.fill(c, 1000)
	case "not-full":
		return st.fill(c, 0)
	case "trail-refused":
		deny := `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"cloudtrail:LookupEvents","Resource":"*"}]}`
		_, err = c.PutRolePolicy(st.ctx, &iam.PutRolePolicyInput{RoleName: aws.String("fedbot-reader"), PolicyName: aws.String("no-trail"), PolicyDocument: &deny})
	case "trail-answers":
		_, err = c.DeleteRolePolicy(st.ctx, &iam.DeleteRolePolicyInput{RoleName: aws.String("fedbot-reader"), PolicyName: aws.String("no-trail")})
	case "another-audience":
		_, err = c.AddClientIDToOpenIDConnectProvider(st.ctx, &iam.AddClientIDToOpenIDConnectProviderInput{OpenIDConnectProviderArn: provider, ClientID: aws.String("other")})
		if err == nil {
			_, err = c.RemoveClientIDFromOpenIDConnectProvider(st.ctx, &iam.RemoveClientIDFromOpenIDConnectProviderInput{OpenIDConnectProviderArn: provider, ClientID: aws.String(audience)})
		}
	case "right-audience":
		_, err = c.AddClientIDToOpenIDConnectProvider(st.ctx, &iam.AddClientIDToOpenIDConnectProviderInput{OpenIDConnectProviderArn: provider, ClientID: aws.String(audience)})
	default:
		return fmt.Errorf("nobody asks AWS for %q", args[0])
	}
	return err
}

// fill makes roles until the account has n, or removes those that it made.
func (st *stage) fill(c *iam.Client, n int) error {
	const path = "/filled/"
	trust := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}`
	sum, err := c.GetAccountSummary(st.ctx, &iam.GetAccountSummaryInput{})
	if err != nil {
		return err
	}
	for i := int(sum.SummaryMap["Roles"]); i < n; i++ {
		if _, err := c.CreateRole(st.ctx, &iam.CreateRoleInput{Path: aws.String(path), RoleName: aws.String(fmt.Sprint("filled-", i)), AssumeRolePolicyDocument: &trust}); err != nil {
			return err
		}
	}
	if n > 0 {
		return nil
	}
	made, err := c.ListRoles(st.ctx, &iam.ListRolesInput{PathPrefix: aws.String(path), MaxItems: aws.Int32(1000)})
	if err != nil {
		return err
	}
	for _, r := range made.Roles {
		if _, err := c.DeleteRole(st.ctx, &iam.DeleteRoleInput{RoleName: r.RoleName}); err != nil {
			return err
		}
	}
	return nil
}

// enter signs in with a fresh token of the federation's own connection.
func (st *stage) enter(f workflows.Federation) (aws.Credentials, error) {
	token, err := st.azure.MintServiceConnectionToken(organization, f.Names.Project, f.Steps.Get(workflows.ConnectionID).Ref, emado.TokenOptions{})
	if err != nil {
		return aws.Credentials{}, err
	}
	return st.signIn(st.ctx, "arn:aws:iam::"+f.Names.AccountID+":role"+workflows.RolePath+roleOf(f), token)
}

// uses makes every call that was approved, all of which must be allowed, or none.
func (st *stage) uses(f workflows.Federation, session aws.Credentials, wanted bool) error {
	for _, c := range neighbourCalls(f) {
		code, err := st.call(st.ctx, session, c)
		if err != nil || c.wanted && (code == "") != wanted {
			return fmt.Errorf("%s: AWS answered %q (%w)", c.say, code, err)
		}
	}
	return nil
}

// widenMore changes a trust policy that was widened once more, in every field.
func (st *stage) widenMore(f workflows.Federation) error {
	provider := issuerHost + "/" + organizationID
	trust := `{"Version":"2012-10-17","Statement":[{"Sid":"AdoServiceConnection","Effect":"Allow","Principal":{"Federated":"arn:aws:iam::` + f.Names.AccountID +
		`:oidc-provider/` + provider + `"},"Action":"sts:AssumeRoleWithWebIdentity","Condition":{"StringEquals":{"` + provider +
		`:aud":"sts.amazonaws.com"},"StringLike":{"` + provider + `:sub":"*"}}}]}`
	_, err := st.admin(f.Names.AccountID).UpdateAssumeRolePolicy(st.ctx, &iam.UpdateAssumeRolePolicyInput{RoleName: aws.String(roleOf(f)), PolicyDocument: &trust})
	return err
}

func orNothing(err error) error {
	if err == nil {
		return errors.New("no error")
	}
	return err
}

// devopsWords are "devops connection NAME", "devops no-connection NAME",
// "devops makes-connection NAME" (somebody else), "devops toolkit VERSION|none",
// "devops renames OLD NEW", "devops fails", "devops answers".
func devopsWords(st *stage, args []string) (string, error) {
	switch args[0] {
	case "fails", "answers":
		return "", st.fault("azuredevops", args)
	case "connection", "no-connection":
		found, err := st.connections(webShopID, args[1])
		if err == nil && (len(found) == 1) != (args[0] == "connection") {
			err = fmt.Errorf("there are %d connections %s", len(found), args[1])
		}
		return "", err
	case "makes-connection":
		_, err := st.squat(args[1])
		return "", err
	case "toolkit":
		version := args[1]
		if version == "none" {
			version = ""
		}
		return "", st.azure.SetToolkit(organization, version)
	case "uses":
		return st.runs(workflows.FederationID(args[1]), args[2], args[3])
	case "removes-check":
		return "", st.removesCheck(workflows.FederationID(args[1]), args[2])
	case "renames":
		return "", st.rename(args[1], args[2])
	}
	return "", fmt.Errorf("nobody asks Azure DevOps for %q", args[0])
}

// squat makes a connection as somebody who is not fedbot, and returns its id.
func (st *stage) squat(name string) (string, error) {
	body := fmt.Sprintf(`{"name":%q,"type":"aws","url":"https://aws.amazon.com/","owner":"library","authorization":{"scheme":"UsernamePassword",`+
		`"parameters":{"username":"AKIAEXAMPLEEXAMPLE00","password":"not a real key"}},`+
		`"serviceEndpointProjectReferences":[{"name":%q,"projectReference":{"id":%q,"name":%q}}]}`, name, name, webShopID, webShop)
	var out struct{ ID string }
	err := st.devops(st.ctx, "POST", "_apis/serviceendpoint/endpoints?api-version=7.1", body, &out)
	return out.ID, err
}

// runs merges the YAML that the requester was given into a pipeline's file on a
// branch, runs it from there, and says how it ended: "devops uses F-1 PIPELINE BRANCH".
// A run that a check holds back is "waiting".
func (st *stage) runs(id workflows.FederationID, pipeline, branch string) (string, error) {
	f, err := st.federation(st.ctx, id)
	if err != nil {
		return "", err
	}
	number, path := storefront, "/azure-pipelines.yml"
	if pipeline == "checkout-deploy" {
		number, path = checkout, "/checkout-pipeline.yml"
	}
	yaml := "trigger: none\n\npool:\n  vmImage: ubuntu-latest\n\nsteps:\n" + f.Words.YAML
	if _, err := st.azure.Merge(organization, f.Names.Project, repository, branch, "Requester", map[string]string{path: yaml}); err != nil {
		return "", err
	}
	run, err := st.queue(st.ctx, f.Names.ProjectID, number, "refs/heads/"+branch)
	if err != nil {
		return "", err
	}
	end := "waiting"
	err = st.until(func() error {
		var b struct{ Status, Result string }
		var line struct {
			Records []struct{ Type, State, Result string }
		}
		if err := st.devops(st.ctx, "GET", fmt.Sprintf("%s/_apis/build/builds/%d?api-version=7.1", f.Names.ProjectID, run), "", &b); err != nil {
			return err
		}
		if b.Status == "completed" {
			end = b.Result
			return nil
		}
		if err := st.devops(st.ctx, "GET", fmt.Sprintf("%s/_apis/build/builds/%d/timeline?api-version=7.1", f.Names.ProjectID, run), "", &line); err != nil {
			return err
		}
		for _, r := range line.Records {
			if strings.HasPrefix(r.Type, "Checkpoint.") && r.State != "completed" {
				return nil
			}
		}
		return fmt.Errorf("run %d is %s", run, b.Status)
	})
	return end, err
}

// removesCheck deletes the checks on a federation's connection as a person, with
// that person's own token.
func (st *stage) removesCheck(id workflows.FederationID, actor string) error {
	f, err := st.federation(st.ctx, id)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(people, func(p Person) bool { return strings.EqualFold(strings.ReplaceAll(p.Name, " ", "-"), actor) })
	path := f.Names.ProjectID + "/_apis/pipelines/checks/configurations"
	var list struct{ Value []struct{ ID int } }
	if err := st.devops(st.ctx, "GET", path+"?resourceType=endpoint&resourceId="+f.Steps.Get(workflows.ConnectionID).Ref+"&api-version=7.1-preview.1", "", &list); err != nil {
		return err
	}
	if len(list.Value) == 0 {
		return errors.New("the connection has no checks")
	}
	for _, c := range list.Value {
		if err := st.devopsAs(st.ctx, st.secrets.devOpsOf(i), "DELETE", fmt.Sprintf("%s/%d?api-version=7.1-preview.1", path, c.ID), "", nil); err != nil {
			return err
		}
	}
	return nil
}

// rename renames a project, as its administrator would.
func (st *stage) rename(old, name string) error {
	var list struct{ Value []struct{ ID, Name string } }
	if err := st.devops(st.ctx, "GET", "_apis/projects?api-version=7.1", "", &list); err != nil {
		return err
	}
	i := slices.IndexFunc(list.Value, func(p struct{ ID, Name string }) bool { return p.Name == old })
	if i < 0 {
		return fmt.Errorf("there is no project %s", old)
	}
	return st.devops(st.ctx, "PATCH", "_apis/projects/"+list.Value[i].ID+"?api-version=7.1", fmt.Sprintf(`{"name":%q}`, name), nil)
}
