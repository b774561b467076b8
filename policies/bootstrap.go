package policies

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// What fedbot calls its own objects in every account, under workflows.RolePath.
const (
	WriterName   = "fedbot-writer"
	ReaderName   = "fedbot-reader"
	BoundaryName = "boundary"
)

// Bootstrap is what fedbot needs in every account: the role that changes things,
// the role that looks, and the boundary that no federated role gets beyond. It is
// the same in all accounts, so that one template serves them all.
type Bootstrap struct {
	Principal  string   // ARN of the identity that fedbot runs as; empty: whoever deploys the template says
	ExternalID string   // that fedbot has to name; empty: none
	Issuers    []string // of the tokens, without https://; none: whoever deploys the template says one
	Passable   string   // roles that federated roles may hand to AWS services, by path and name: "app/*"; empty: none
	Assumable  string   // roles that federated roles may go on to: "cdk-*"; empty: none

	Templates *Catalogue // for whose actions the boundary leaves room
}

// DefaultPassable is where roles lie that pipelines may hand to AWS services,
// unless the account says otherwise.
const DefaultPassable = "app/*"

var (
	issuerAddress = regexp.MustCompile(`^[a-z0-9-]+(\.[a-z0-9-]+)+(/[A-Za-z0-9._-]+)*$`)
	principalARN  = regexp.MustCompile(`^arn:(aws|aws-cn|aws-us-gov):iam::[0-9]{12}:(role|user)/[A-Za-z0-9_+=,.@/-]+$`)
	externalID    = regexp.MustCompile(`^[A-Za-z0-9_+=,.@:/-]+$`)
	someRoles     = regexp.MustCompile(`^[A-Za-z0-9_+=,.@-]+(/[A-Za-z0-9_+=,.@-]+)*(/?\*)?$`)
	breakGlass    = regexp.MustCompile(`^arn:aws:iam::([0-9]{12}|\*):role/[A-Za-z0-9_+=,.@/-]+\*?$`)
)

// Check says what is wrong with the values, all mistakes at once.
func (b Bootstrap) Check() error {
	var mistakes []error
	no := func(format string, args ...any) { mistakes = append(mistakes, fmt.Errorf(format, args...)) }
	if b.Principal != "" && !principalARN.MatchString(b.Principal) {
		no("%q is not the ARN of a role or a user", shown(b.Principal))
	}
	if n := len(b.ExternalID); n > 0 && (n < 2 || n > 1224 || !externalID.MatchString(b.ExternalID)) {
		no("%q cannot be an external id", shown(b.ExternalID))
	}
	for i, issuer := range b.Issuers {
		if !issuerAddress.MatchString(issuer) {
			no("%q is not the address of an issuer, such as vstoken.dev.azure.com/6804a3a0-e94c-41ae-9343-c5676fd58375", shown(issuer))
		}
		if slices.Contains(b.Issuers[:i], issuer) {
			no("the issuer %s is there twice", issuer)
		}
	}
	for _, roles := range []string{b.Passable, b.Assumable} {
		if roles != "" && !someRoles.MatchString(roles) {
			no("%q are not roles: give a path and name that may end with *, such as app/*", shown(roles))
		}
		if strings.HasPrefix(roles, "ado-federation") {
			no("%q are fedbot's own roles, which nobody may pass or take on", shown(roles))
		}
	}
	return errors.Join(mistakes...)
}

// AccountRights are the documents of one account.
type AccountRights struct {
	Trust    string // of both roles
	Writer   string // permissions of WriterName
	Reader   string // permissions of ReaderName
	Boundary string // of every federated role
}

// In renders the documents of one account, as CloudFormation would from the
// template. The partition is aws.
func (b Bootstrap) In(accountID string) AccountRights {
	values := map[string]string{"AWS::Partition": "aws", "AWS::AccountId": accountID,
		"Principal": b.Principal, "ExternalId": b.ExternalID, "PassableRoles": b.Passable, "AssumableRoles": b.Assumable}
	for i, issuer := range b.Issuers {
		values[issuerParameter(i)] = issuer
	}
	fill := func(d Document) string {
		for i := range d.Statement {
			s := &d.Statement[i]
			s.Resource = fillAll(s.Resource, values)
			for kind, names := range s.Principal {
				s.Principal[kind] = fillAll(names, values)
			}
			for op, keys := range s.Condition {
				for key, texts := range keys {
					s.Condition[op][key] = fillAll(texts, values)
				}
			}
		}
		return d.String()
	}
	return AccountRights{fill(b.trust(b.ExternalID != "")), fill(b.writer()), fill(b.reader()), fill(b.boundary(b.Passable != "", b.Assumable != ""))}
}

// issuerParameter is how the template calls an issuer.
func issuerParameter(i int) string {
	if i == 0 {
		return "Issuer"
	}
	return fmt.Sprintf("Issuer%d", i+1)
}

// trust lets one identity take on a role, and nobody else.
func (b Bootstrap) trust(asksID bool) Document {
	s := Statement{Sid: "Fedbot", Effect: "Allow", Principal: principals{"AWS": {"${Principal}"}}, Action: list{"sts:AssumeRole"}}
	if asksID {
		s.Condition = conditions{"StringEquals": {"sts:ExternalId": {"${ExternalId}"}}}
	}
	return Document{Version: policyVersion, Statement: []Statement{s}}
}

// The objects that a right is about, as ARNs with CloudFormation's placeholders.
const (
	iamARN       = "arn:${AWS::Partition}:iam::${AWS::AccountId}:"
	federated    = iamARN + "role/ado-federation/ado-*"
	everyRole    = iamARN + "role/*"
	ourPolicies  = iamARN + "policy/ado-federation/*"
	theBoundary  = iamARN + "policy/ado-federation/" + BoundaryName
	anything     = "*"
	theProviders = "providers" // one ARN for each issuer
)

// ability is one statement of what fedbot may do.
type ability struct {
	sid     string
	why     string
	actions []string
	on      string
	bounded bool // only on roles that carry the boundary, or are about to
}

// writerMay is everything that fedbot changes. Its name for a federated role always
// begins with ado-, so that neither of fedbot's own roles is among them. The order
// of iam:PermissionsBoundary's meaning: for CreateRole and
// PutRolePermissionsBoundary the boundary that is asked for, for the others the one
// that the role has.
var writerMay = []ability{
	{"Bounded", "Make, change and remove federated roles, which always carry the boundary.", []string{
		"iam:CreateRole", "iam:UpdateRole", "iam:DeleteRole", "iam:UpdateAssumeRolePolicy", "iam:PutRolePolicy", "iam:DeleteRolePolicy",
		"iam:DetachRolePolicy", "iam:PutRolePermissionsBoundary"}, federated, true},
	{"Tags", "Mark them as fedbot's.", []string{"iam:TagRole"}, federated, false},
	{"Look", "A name that nobody has is under no path, so looking is allowed for all roles.", []string{
		"iam:GetRole", "iam:ListRolePolicies", "iam:GetRolePolicy", "iam:ListAttachedRolePolicies"}, everyRole, false},
	{"Provider", "Make the provider of the tokens' issuer. It is never changed or removed.", []string{
		"iam:CreateOpenIDConnectProvider", "iam:GetOpenIDConnectProvider", "iam:TagOpenIDConnectProvider"}, theProviders, false},
}

// writerNever is refused to the writer even if somebody gives it more: whatever
// would free a role of its boundary, change the boundary, let another issuer in or
// make an identity that fedbot cannot see.
var writerNever = ability{"Never", "", []string{
	"iam:DeleteRolePermissionsBoundary", "iam:AttachRolePolicy", "iam:PassRole",
	"iam:CreatePolicyVersion", "iam:SetDefaultPolicyVersion", "iam:DeletePolicyVersion", "iam:DeletePolicy",
	"iam:AddClientIDToOpenIDConnectProvider", "iam:RemoveClientIDFromOpenIDConnectProvider",
	"iam:UpdateOpenIDConnectProviderThumbprint", "iam:DeleteOpenIDConnectProvider",
	"iam:CreateUser", "iam:CreateAccessKey", "iam:CreateLoginProfile"}, anything, false}

// readerMay is everything that fedbot reads. It changes nothing.
var readerMay = []ability{
	{"Roles", "Compare roles with what was approved, and see whether a name is free.", []string{
		"iam:GetRole", "iam:ListRolePolicies", "iam:GetRolePolicy", "iam:ListAttachedRolePolicies"}, everyRole, false},
	{"Boundary", "Read the boundary that is in force.", []string{"iam:GetPolicy", "iam:GetPolicyVersion"}, ourPolicies, false},
	{"Provider", "See whether the issuer is trusted.", []string{"iam:GetOpenIDConnectProvider"}, theProviders, false},
	{"Account", "Read the account's name and quotas. IAM cannot limit these to a resource.", []string{
		"iam:GetAccountSummary", "iam:ListAccountAliases"}, anything, false},
	{"Trail", "See in CloudTrail who changed a role, which cannot be limited to a resource either.", []string{"cloudtrail:LookupEvents"}, anything, false},
}

// statement writes an ability.
func (b Bootstrap) statement(a ability, effect string) Statement {
	s := Statement{Sid: a.sid, Effect: effect, Action: slices.Clone(a.actions), Resource: list{a.on}}
	if a.on == theProviders {
		s.Resource = nil
		for i := range max(1, len(b.Issuers)) {
			s.Resource = append(s.Resource, iamARN+"oidc-provider/${"+issuerParameter(i)+"}")
		}
	}
	if a.bounded {
		s.Condition = conditions{"StringEquals": {"iam:PermissionsBoundary": {theBoundary}}}
	}
	return s
}

func (b Bootstrap) writer() Document {
	d := Document{Version: policyVersion}
	for _, a := range writerMay {
		d.Statement = append(d.Statement, b.statement(a, "Allow"))
	}
	d.Statement = append(d.Statement, b.statement(writerNever, "Deny"))
	return d
}

func (b Bootstrap) reader() Document {
	d := Document{Version: policyVersion}
	for _, a := range readerMay {
		d.Statement = append(d.Statement, b.statement(a, "Allow"))
	}
	return d
}
