package aws

import (
	"regexp"
	"strings"
	"time"
)

var (
	sessionPattern = regexp.MustCompile(`^[\w+=,.@-]*$`)
	roleARNPattern = regexp.MustCompile(`^arn:aws:iam::(\d{12}):role(/(?:[\x21-\x7e]+/)?)([\w+=,.@-]+)$`)
)

// stsService is STS, version 2011-06-15.
func stsService() service {
	return queryService("2011-06-15", map[string]operation{
		"GetCallerIdentity": {nil, callerIdentity, false},
		"AssumeRole":        {nil, assumeRole, false},
	}, map[string]func(*call) (any, error){
		"AssumeRoleWithWebIdentity": assumeRoleWithWebIdentity,
	})
}

// callerIdentity needs no permission, and no policy can deny it.
func callerIdentity(c *call) (any, error) {
	return struct {
		ARN     string `xml:"Arn"`
		UserID  string `xml:"UserId"`
		Account string
	}{c.caller.arn, c.caller.userID, c.caller.account}, nil
}

type credentialsXML struct {
	AccessKeyID     string `xml:"AccessKeyId"`
	SecretAccessKey string
	SessionToken    string
	Expiration      string
}

type assumedXML struct {
	AssumedRoleID string `xml:"AssumedRoleId"`
	ARN           string `xml:"Arn"`
}

type assumeRoleResult struct {
	Credentials     credentialsXML
	AssumedRoleUser assumedXML
}

// assumption is what both ways to assume a role are told.
type assumption struct {
	arn, name string
	duration  int
	policies  []string // session policies
}

// assumption reads the parameters that AssumeRole and AssumeRoleWithWebIdentity share.
func (c *call) assumption() (a assumption, err error) {
	if a.arn, err = c.text("RoleArn", 20, 2048); err != nil {
		return a, err
	}
	if !roleARNPattern.MatchString(a.arn) {
		return a, invalid("%s is invalid", a.arn)
	}
	if a.name, err = c.text("RoleSessionName", 2, 64); err != nil {
		return a, err
	}
	if !sessionPattern.MatchString(a.name) {
		return a, constraint(a.name, "roleSessionName", `Member must satisfy regular expression pattern: [\w+=,.@-]*`)
	}
	if a.duration, err = c.number("DurationSeconds", 3600, 900, 43200); err != nil {
		return a, err
	}
	for _, field := range []string{"SourceIdentity", "SerialNumber", "Tags.member.1.Key", "PolicyArns.member.1.arn", "ProviderId"} {
		if c.form.Has(field) {
			return a, invalid("%s is not emulated", field)
		}
	}
	if c.form.Has("Policy") {
		text, err := c.text("Policy", 1, 2048)
		if err != nil {
			return a, err
		}
		if _, err := parseIdentityPolicy(text); err != nil {
			return a, err
		}
		a.policies = []string{text}
	}
	return a, nil
}

// roleNamed is the role that exists under exactly this ARN and can be seen by now.
func (s *Server) roleNamed(arn string) (Role, bool) {
	m := roleARNPattern.FindStringSubmatch(arn)
	if m == nil {
		return Role{}, false
	}
	r, ok := s.roles.Seen(roleKey(m[1], m[3]))
	return r, ok && r.ARN == arn
}

// assumeRole lets a caller of ours take on a role that trusts it.
func assumeRole(c *call) (any, error) {
	a, err := c.assumption()
	if err != nil {
		return nil, err
	}
	t := target{action: "sts:AssumeRole", resource: a.arn}
	refused := c.denied(t, "")
	no := refused.(*refusal)
	no.message = strings.TrimSpace(no.message)
	role, ok := c.s.roleNamed(a.arn)
	if !ok || !c.mayAssume(role, a) {
		return nil, no
	}
	if c.caller.kind == "AssumedRole" && a.duration > 3600 {
		return nil, invalid("The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.")
	}
	if a.duration > role.MaxSession {
		return nil, invalid("The requested DurationSeconds exceeds the MaxSessionDuration set for this role.")
	}
	held, err := c.open(role, a, nil)
	if err != nil {
		return nil, err
	}
	return assumeRoleResult{held.credentials(), held.assumed(role)}, nil
}

// mayAssume holds both sides to it. A trust policy that names the caller itself
// is enough within one account; one that names the account leaves it to the
// caller's own policies, and so does every other account.
func (c *call) mayAssume(role Role, a assumption) bool {
	t := target{action: "sts:AssumeRole", resource: role.ARN, keys: map[string][]string{"sts:RoleSessionName": {a.name}}}
	if id := c.form.Get("ExternalId"); id != "" {
		t.keys["sts:ExternalId"] = []string{id}
	}
	for _, tag := range role.Tags {
		t.keys["aws:ResourceTag/"+tag.Key] = []string{tag.Value}
		t.keys["iam:ResourceTag/"+tag.Key] = []string{tag.Value}
	}
	keys := c.contextKeys(target{account: role.Account, keys: t.keys})
	direct, account := c.caller.names()
	trusted := func(who []principal) verdict {
		return judgeAll([]string{role.Trust}, question{action: t.action, keys: keys, who: who})
	}
	if trusted(append(direct, account...)) != allows {
		return false
	}
	own := c.ownVerdict(question{action: t.action, resource: role.ARN, keys: keys})
	if own == denies {
		return false
	}
	return own == allows || role.Account == c.caller.account && trusted(direct) == allows
}

// ownVerdict is what the caller's own policies, boundary and session policies say together.
func (c *call) ownVerdict(q question) verdict {
	if c.caller.admin {
		return allows
	}
	out := judgeAll(c.caller.policies, q)
	for _, layer := range [][]string{c.caller.boundary, c.caller.narrowed} {
		if layer == nil {
			continue
		}
		switch judgeAll(layer, q) {
		case denies:
			return denies
		case silent:
			out = min(out, silent)
		}
	}
	return out
}

// open starts a session of the role and stores it before anybody has its keys.
func (c *call) open(role Role, a assumption, keys map[string]string) (session, error) {
	held := session{
		AccessKeyID: "ASIA" + letters(16), Secret: newSecret(30), Token: "IQoJb3JpZ2luX2Vj" + newSecret(240),
		Account: role.Account, RoleKey: roleKey(role.Account, role.Name), RoleID: role.ID, Name: a.name,
		Policies: a.policies, Keys: keys, Issued: c.now.Truncate(time.Second),
		Expires: c.wall.Truncate(time.Second).Add(time.Duration(a.duration) * time.Second),
	}
	return held, put(c.s, c.s.sessions, held.AccessKeyID, held)
}

func (h session) credentials() credentialsXML {
	return credentialsXML{h.AccessKeyID, h.Secret, h.Token, iso(h.Expires)}
}

func (h session) assumed(r Role) assumedXML {
	return assumedXML{r.ID + ":" + h.Name, sessionARN(r, h.Name)}
}
