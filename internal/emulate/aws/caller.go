package aws

import (
	"maps"
	"net"
	"net/http"
	"slices"
	"strconv"
	"time"
)

// caller is whom the credentials of a call stand for, with all that limits it.
type caller struct {
	account, arn, userID string
	principal            string // aws:PrincipalArn: the role's ARN for its sessions
	kind                 string // "User" or "AssumedRole"
	name                 string // user name or session name
	keyID                string
	admin                bool
	policies             []string
	boundary             []string // the boundary's document; nil is no boundary
	narrowed             []string // session policies
	role                 Role     // of a session
	keys                 map[string]string
	issued               time.Time
	entity, entityARN    string // the id and ARN of the user or role, for what was last used
}

// names are what a trust policy's AWS principals may call the caller. Trusting
// the account (its root) only delegates to the account's own policies.
func (k caller) names() (direct, account []principal) {
	direct = []principal{{"AWS", k.principal}}
	if k.arn != k.principal {
		direct = append(direct, principal{"AWS", k.arn})
	}
	return direct, []principal{{"AWS", k.account}, {"AWS", "arn:aws:iam::" + k.account + ":root"}}
}

// authenticate finds out who calls and proves it. The server's lock is held.
func (c *call) authenticate() error {
	sig, err := parseAuthorization(c.r.Header.Get("Authorization"))
	if err == errNotSigned {
		return &doubtful{doubt: notSigned}
	} else if err != nil {
		return err
	}
	if sig.service != c.service {
		return &doubtful{signatureWrong, "Credential should be scoped to correct service."}
	}
	token := c.r.Header.Get("X-Amz-Security-Token")
	if u, ok := c.s.users.Get(sig.keyID); ok && token == "" {
		if err := sig.verify(c.r, c.body, u.SecretAccessKey, c.wall); err != nil {
			return err
		}
		c.caller = c.s.userCaller(u)
		return nil
	}
	held, ok := c.s.sessions.Get(sig.keyID)
	if !ok || held.Token != token {
		return &doubtful{doubt: keyUnknown}
	}
	if err := sig.verify(c.r, c.body, held.Secret, c.wall); err != nil {
		return err
	}
	if !c.wall.Before(held.Expires) {
		return &doubtful{doubt: tokenExpired}
	}
	role, ok := c.s.roles.Seen(held.RoleKey)
	if !ok || role.ID != held.RoleID {
		return &doubtful{doubt: keyUnknown} // sessions end with their role
	}
	c.caller = c.s.roleCaller(role, held)
	return c.used(held)
}

func (s *Server) userCaller(u User) caller {
	return caller{
		account: u.Account, arn: u.ARN(), userID: u.ID, principal: u.ARN(), kind: "User", name: u.Name,
		keyID: u.AccessKeyID, admin: u.Admin, policies: s.documents(u.Inline, u.Attached), entity: u.ID, entityARN: u.ARN(),
	}
}

func (s *Server) roleCaller(r Role, held session) caller {
	k := caller{
		account: r.Account, arn: sessionARN(r, held.Name), userID: r.ID + ":" + held.Name, principal: r.ARN,
		kind: "AssumedRole", name: held.Name, keyID: held.AccessKeyID, policies: s.documents(r.Inline, r.Attached),
		narrowed: held.Policies, role: r, keys: held.Keys, issued: held.Issued, entity: r.ID, entityARN: r.ARN,
	}
	if r.Boundary != "" {
		k.boundary = s.documents(nil, []string{r.Boundary})
	}
	return k
}

func sessionARN(r Role, name string) string {
	return "arn:aws:sts::" + r.Account + ":assumed-role/" + r.Name + "/" + name
}

// documents are the texts of inline and managed policies. A managed policy that
// is gone leaves an empty text, which allows nothing.
func (s *Server) documents(inline map[string]string, attached []string) []string {
	var texts []string
	for _, name := range slices.Sorted(maps.Keys(inline)) {
		texts = append(texts, inline[name])
	}
	for _, arn := range attached {
		p, _ := s.policySeen(arn)
		texts = append(texts, p.Document)
	}
	return texts
}

// used notes that the role's credentials were used, by the minute. It is no change
// of the role that readers could be late to see.
func (c *call) used(held session) error {
	r, ok := c.s.roles.Get(held.RoleKey)
	if !ok || r.ID != held.RoleID || c.now.Sub(r.LastUsed) < time.Minute && r.LastRegion == c.region {
		return nil
	}
	r.LastUsed, r.LastRegion = c.now, c.region
	return c.s.roles.table.Put(held.RoleKey, r)
}

// target is what a call is about, for its authorisation.
type target struct {
	action   string // with the service
	resource string
	shown    string // how messages name the resource, if not by its ARN
	account  string // that owns the resource; empty is the caller's own
	keys     map[string][]string
}

// authorise asks all policies of the caller, or refuses in AWS's words.
func (c *call) authorise(t target) error {
	if t.account == "" {
		t.account = c.caller.account
	}
	if t.account != c.caller.account {
		return c.denied(t, "because no resource-based policy allows the "+t.action+" action")
	}
	if err := c.noteUse(t.action); err != nil || c.caller.admin {
		return err
	}
	q := question{action: t.action, resource: t.resource, keys: c.contextKeys(t)}
	layers := []struct {
		name  string
		on    bool
		texts []string
	}{
		{"identity-based policy", true, c.caller.policies},
		{"permissions boundary", c.caller.boundary != nil, c.caller.boundary},
		{"session policy", c.caller.narrowed != nil, c.caller.narrowed},
	}
	missing := ""
	for _, l := range layers {
		if !l.on {
			continue
		}
		switch judgeAll(l.texts, q) {
		case denies:
			return c.denied(t, "with an explicit deny in "+article(l.name))
		case silent:
			if missing == "" {
				missing = l.name
			}
		}
	}
	if missing != "" {
		return c.denied(t, "because no "+missing+" allows the "+t.action+" action")
	}
	return nil
}

func article(noun string) string {
	if noun[0] == 'i' {
		return "an " + noun
	}
	return "a " + noun
}

func (c *call) denied(t target, because string) error {
	shown := t.shown
	if shown == "" {
		shown = t.resource
	}
	text := "User: " + c.caller.arn + " is not authorized to perform: " + t.action + " on resource: " + shown + " " + because
	if jsonServices[c.service] {
		return refuse(400, "AccessDeniedException", "%s", text)
	}
	if c.service == "lambda" {
		return refuse(403, "AccessDeniedException", "%s", text)
	}
	return refuse(403, "AccessDenied", "%s", text)
}

// contextKeys are the condition keys that every call has, and those of its target.
func (c *call) contextKeys(t target) contextKeys {
	keys := contextKeys{}
	for k, v := range c.caller.keys {
		keys.set(k, v)
	}
	c.globalKeys(keys)
	keys.set("aws:PrincipalArn", c.caller.principal)
	keys.set("aws:PrincipalAccount", c.caller.account)
	keys.set("aws:PrincipalType", c.caller.kind)
	keys.set("aws:userid", c.caller.userID)
	keys.set("aws:ResourceAccount", t.account)
	if c.caller.kind == "User" {
		keys.set("aws:username", c.caller.name)
	} else {
		keys.set("aws:TokenIssueTime", c.caller.issued.UTC().Format(time.RFC3339))
		for _, tag := range c.caller.role.Tags {
			keys.set("aws:PrincipalTag/"+tag.Key, tag.Value)
		}
	}
	for k, v := range t.keys {
		keys.set(k, v...)
	}
	return keys
}

// globalKeys are the keys that do not depend on who calls. The address is plain
// HTTP on loopback and stands for one with TLS.
func (c *call) globalKeys(keys contextKeys) {
	keys.set("aws:CurrentTime", c.now.Format(time.RFC3339))
	keys.set("aws:EpochTime", strconv.FormatInt(c.now.Unix(), 10))
	keys.set("aws:SecureTransport", "true")
	keys.set("aws:ViaAWSService", "false")
	keys.set("aws:PrincipalIsAWSService", "false")
	keys.set("aws:RequestedRegion", c.region)
	if agent := c.r.UserAgent(); agent != "" {
		keys.set("aws:UserAgent", agent)
	}
	if ip := sourceIP(c.r); ip != "" {
		keys.set("aws:SourceIp", ip)
	}
}

// sourceIP is the address that a request came from, without its port.
func sourceIP(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return ""
	}
	return host
}
