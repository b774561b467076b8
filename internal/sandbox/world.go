package sandbox

import (
	"fmt"

	"fedbot/internal/app"
	"fedbot/internal/azuredevops"
	emaws "fedbot/internal/emulate/aws"
	emado "fedbot/internal/emulate/azuredevops"
	emslack "fedbot/internal/emulate/slack"
	"fedbot/policies"
	"fedbot/workflows"
)

// The world that a sandbox begins with. Names are those of the example
// configuration.
const (
	organization   = "contoso"
	organizationID = "6804a3a0-e94c-41ae-9343-c5676fd58375"
	webShop        = "Web Shop"
	webShopID      = "c7e5f0b3-71fa-4429-9fb3-3321963a7c06"
	dataLake       = "Data Lake"
	dataLakeID     = "0d1f6b52-3c0e-4a5e-9a2b-7f6b8a1c9d30"
	dataConnection = "5e47a0d8-c745-44f8-8f93-784f18ff31c4"

	devAccount   = "111122223333"
	prodAccount  = "444455556666"
	toolsAccount = "999900001111" // where fedbot itself lives

	team    = "T0000000001"
	channel = "C0000000001"

	repository = "5f0a6a3e-14b2-4b64-9d8e-0a6b5c1d2e3f"
	dataRepo   = "7c9b1f44-52ad-4d0a-8f36-2b1e9a7c5d60"

	storefront = 7
	checkout   = 8
	verifyWeb  = 9
	dataLoad   = 17
	verifyData = 19

	// Both let whoever may sign in to the account change it by hand. The first is as
	// IAM Identity Center makes them: its sessions bear the person's own address. The
	// sessions of the second bear any name that one likes.
	centerRole = "AWSReservedSSO_OrganizationAdmin_0f1e2d3c4b5a6978"
	centerPath = "/aws-reserved/sso.amazonaws.com/eu-west-1/"
	handRole   = "OrganizationAdmin"

	issuerHost = "vstoken.dev.azure.com"
	audience   = "api://AzureADTokenExchange"
)

// Person is somebody in the sandbox, named by what they do.
type Person struct {
	ID    string   `json:"id"`
	Name  string   `json:"name"`
	Email string   `json:"email"`
	Roles []string `json:"roles"`
	Says  string   `json:"says"` // for the page: "may ask"
	guest bool
}

var people = []Person{
	{"U0000000001", "Requester", "requester@contoso.example", []string{"requester"}, "may ask", false},
	{"U0000000002", "Approver", "approver@contoso.example", []string{"approver"}, "in shop-approvers", false},
	{"U0000000003", "Second approver", "second.approver@contoso.example", []string{"approver", "security"}, "in shop-approvers, cloud-security", false},
	{"U0000000004", "Account owner", "account.owner@contoso.example", []string{"account-owner"}, "in shop-prod-owners", false},
	{"U0000000005", "Administrator", "administrator@contoso.example", []string{"administrator"}, "runs fedbot; may not approve", false},
	{"U0000000006", "Auditor", "auditor@contoso.example", []string{"auditor"}, "may read everything", false},
	{"U0000000007", "Outsider", "outsider@contoso.example", []string{"outsider"}, "in no group", false},
	{"U0000000008", "Guest", "guest@elsewhere.example", []string{"guest"}, "guest of the workspace", true},
}

// slackScopes are the manifest's: what fedbot asks of a real workspace and no more.
func slackScopes() []string {
	var names []string
	for _, s := range app.SlackScopes() {
		names = append(names, s.Name)
	}
	return names
}

func slackSeed() emslack.Seed {
	s := emslack.Seed{Team: emslack.Team{ID: team, Name: organization, Domain: organization}}
	var everybody []string
	for _, p := range people {
		s.People = append(s.People, emslack.Person{ID: p.ID, Name: p.Name, RealName: p.Name, Email: p.Email, TZ: "Europe/London", Guest: p.guest})
		everybody = append(everybody, p.ID)
	}
	group := func(n int, handle string, who ...int) {
		g := emslack.Group{ID: fmt.Sprintf("S%010d", n), Handle: handle, Name: handle}
		for _, i := range who {
			g.Members = append(g.Members, people[i].ID)
		}
		s.Groups = append(s.Groups, g)
	}
	group(1, "web-shop", 0)
	group(2, "shop-approvers", 1, 2)
	group(3, "shop-prod-owners", 3)
	group(4, "cloud-security", 2)
	group(5, "fedbot-admins", 4)
	group(6, "auditors", 5)
	group(7, "data", 3)
	s.Channels = []emslack.Channel{{ID: channel, Name: "shop-approvals", Members: everybody, Bot: true}}
	return s
}

func azureSeed(s secrets) emado.Seed {
	verify := map[string]map[string]string{"main": {"/fedbot-verify.yml": azuredevops.VerificationYAML()}}
	files := map[string]string{
		"/fedbot-verify.yml":     azuredevops.VerificationYAML(),
		"/azure-pipelines.yml":   storefrontYAML,
		"/checkout-pipeline.yml": "trigger: none\nsteps:\n  - script: echo nothing uses AWS here yet\n",
	}
	verify["main"]["/data-load.yml"] = "trigger: none\nsteps:\n  - script: echo load\n"
	web := emado.Project{ID: webShopID, Name: webShop,
		Repositories: []emado.Repository{{ID: repository, Name: "storefront",
			Branches: map[string]map[string]string{"main": files, "release/1": files},
			Policies: []emado.Policy{{Branch: "main", Reviewers: 2}}}},
		Pipelines: []emado.Pipeline{
			{ID: storefront, Name: "storefront-deploy", Repository: "storefront", Path: "/azure-pipelines.yml"},
			{ID: checkout, Name: "checkout-deploy", Repository: "storefront", Path: "/checkout-pipeline.yml"},
			{ID: verifyWeb, Name: "fedbot-verify", Repository: "storefront", Path: "/fedbot-verify.yml"},
		}}
	data := emado.Project{ID: dataLakeID, Name: dataLake,
		Repositories: []emado.Repository{{ID: dataRepo, Name: "data", Branches: verify, Policies: []emado.Policy{{Branch: "main", Reviewers: 1}}}},
		Pipelines: []emado.Pipeline{
			{ID: dataLoad, Name: "data-load", Repository: "data", Path: "/data-load.yml"},
			{ID: verifyData, Name: "fedbot-verify", Repository: "data", Path: "/fedbot-verify.yml"},
		},
		Connections: []emado.Connection{{ID: dataConnection, Name: "aws-data",
			Parameters: map[string]string{"username": "AKIA" + "EXAMPLEEXAMPLE00", "password": s.EmulatedKey}, Pipelines: []int{dataLoad}}}}
	o := emado.Organization{ID: organizationID, Name: organization, Toolkit: "1.23.0", Projects: []emado.Project{web, data}}
	for i, p := range people {
		x := emado.Person{ID: fmt.Sprintf("4adb1680-0eac-4149-b5ee-%012d", i+1), Name: p.Name, Email: p.Email, Reader: []string{webShop, dataLake}}
		if !p.guest {
			x.Token = s.devOpsOf(i)
		}
		switch p.Name {
		case "Requester":
			x.ProjectAdministrator = []string{webShop}
		case "Account owner":
			x.ProjectAdministrator = []string{dataLake}
		case "Administrator":
			x.ProjectAdministrator, x.Token = []string{webShop, dataLake}, s.DevOpsAdmin
		}
		o.People = append(o.People, x)
	}
	rights := []emado.Right{emado.RightRead, emado.RightView, emado.RightCreate, emado.RightQueue, emado.RightAudit}
	o.Services = []emado.Service{{ID: "9b0e7c5a-6a61-4f3f-8b64-5d0c2d1e4f00", Name: "fedbot", Token: s.DevOps,
		Rights: map[string][]emado.Right{webShop: rights, dataLake: rights}}}
	return emado.Seed{Organizations: []emado.Organization{o}}
}

// storefrontYAML is what storefront-deploy runs. The request form reads it and says
// what it needs.
const storefrontYAML = `trigger: [main]
variables:
  - name: bucket
    value: shop-site-dev
steps:
  - task: S3Upload@1
    inputs:
      awsCredentials: aws-shop-dev
      regionName: eu-west-1
      bucketName: $(bucket)
      sourceFolder: site
      targetFolder: web
      filesAcl: ''
  - task: AWSShellScript@1
    inputs:
      awsCredentials: aws-shop-dev
      regionName: eu-west-1
      scriptType: inline
      inlineScript: |
        aws cloudfront create-invalidation --distribution-id $(distribution) --paths '/*'
        ./deploy.sh
`

func awsSeed(s secrets) emaws.Seed {
	provider := issuerHost + "/" + organizationID
	seed := emaws.Seed{
		Accounts: []emaws.Account{
			{ID: devAccount, Alias: "shop-dev", Name: "shop-dev", Kind: "development", AccessKeyID: s.DevKeyID, SecretAccessKey: s.DevKey},
			{ID: prodAccount, Alias: "shop-prod", Name: "shop-prod", Kind: "production", AccessKeyID: s.ProdKeyID, SecretAccessKey: s.ProdKey},
			{ID: toolsAccount, Alias: "tools", Name: "tools", Kind: "tools"},
		},
		Users: []emaws.User{{Account: toolsAccount, Name: "fedbot", AccessKeyID: s.FedbotKeyID, SecretAccessKey: s.FedbotKey,
			Inline: map[string]string{"assume": `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole","Resource":["arn:aws:iam::*:role/ado-federation/fedbot-writer","arn:aws:iam::*:role/ado-federation/fedbot-reader"]}]}`}}},
		Providers: []emaws.Provider{{Account: devAccount, URL: provider, ClientIDs: []string{audience}}},
		Roles: []emaws.Role{{Account: devAccount, Path: "/", Name: "deploy-all", MaxSession: 3600, Description: "Made by hand",
			Trust: `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Federated":"arn:aws:iam::` + devAccount + `:oidc-provider/` + provider +
				`"},"Action":"sts:AssumeRoleWithWebIdentity","Condition":{"StringLike":{"` + provider + `:sub":"sc://` + organization + `/*"}}}]}`,
			Inline: map[string]string{"everything": `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`}}},
		Buckets:   []emaws.Bucket{{Account: devAccount, Name: "shop-site-dev", Region: "eu-west-1"}, {Account: prodAccount, Name: "shop-site-prod", Region: "eu-west-1"}},
		Functions: []emaws.Function{{Account: devAccount, Region: "eu-west-1", Name: "shop-checkout"}},
		Tables: []emaws.Table{{Account: devAccount, Region: "eu-west-1", Name: "shop-orders", Key: "id"},
			{Account: prodAccount, Region: "eu-west-1", Name: "checkout-orders", Key: "id"}},
		Objects: []emaws.Object{{Bucket: "shop-site-dev", Key: "private/prices.csv", Body: []byte("sku,price\n")},
			{Bucket: "shop-site-dev", Key: "web/index.html", Body: []byte("<h1>Shop</h1>\n")}},
	}
	for name, path := range map[string]string{centerRole: centerPath, handRole: "/"} {
		seed.Roles = append(seed.Roles, emaws.Role{Account: devAccount, Path: path, Name: name, MaxSession: 3600, Description: "For the account's administrators",
			Trust:  `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::` + devAccount + `:user/administrator"},"Action":"sts:AssumeRole"}]}`,
			Inline: map[string]string{"administrator": `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`}})
	}
	for _, account := range []string{devAccount, prodAccount} {
		may := rights(account)
		seed.Policies = append(seed.Policies, emaws.Policy{Account: account, Path: workflows.RolePath, Name: policies.BoundaryName, Document: may.Boundary})
		seed.Roles = append(seed.Roles,
			emaws.Role{Account: account, Path: workflows.RolePath, Name: policies.WriterName, Trust: may.Trust, MaxSession: 3600, Inline: map[string]string{"writer": may.Writer}},
			emaws.Role{Account: account, Path: workflows.RolePath, Name: policies.ReaderName, Trust: may.Trust, MaxSession: 3600, Inline: map[string]string{"reader": may.Reader}})
	}
	return seed
}

// rights are what fedbot gets in an emulated account: exactly what fedbot bootstrap
// aws prints for a real one.
func rights(account string) policies.AccountRights {
	templates, err := policies.Builtin()
	if err != nil {
		panic(err) // they are compiled in, and a test reads them
	}
	return policies.Bootstrap{
		Principal: "arn:aws:iam::" + toolsAccount + ":user/fedbot", Issuers: []string{issuerHost + "/" + organizationID},
		Passable: "shop-*", Templates: templates, // as the configuration lists roles
	}.In(account)
}
