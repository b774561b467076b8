package policies

import (
	"slices"
	"strings"
)

// try lets one token try the role, through the provider of the role's account.
func (j *trustJudge) try(t Token) Entrant {
	arn := j.providerOf(t.Issuer)
	v := enter(j.doc, webEntry(arn, t))
	us, _ := j.subject(host(t.Issuer), t.Subject)
	return Entrant{
		Principal: arn, Issuer: t.Issuer, Audience: t.Audience, Subject: t.Subject,
		Organization: us.organization, Project: us.project, Connection: us.connection, Answer: v.Answer, Why: v.Why,
	}
}

// providerOf is the ARN of an issuer's provider: as the document names it if it does.
func (j *trustJudge) providerOf(issuer string) string {
	for _, p := range j.providers() {
		if p.issuer == host(issuer) && p.account == j.account {
			return p.arn
		}
	}
	return providerARN(j.account, issuer)
}

// providers are the OIDC providers that Allow statements name, each once.
func (j *trustJudge) providers() []provider {
	var out []provider
	for _, s := range j.doc.Statement {
		for _, name := range s.Principal["Federated"] {
			if p, ok := readProvider(name); ok && s.allows() && !slices.Contains(out, p) {
				out = append(out, p)
			}
		}
	}
	return out
}

// others tries everybody who ought to be shut out. One of each kind that gets in is
// told.
func (j *trustJudge) others() []Entrant {
	var out []Entrant
	note := func(who string, verdict Verdict, attempts []Token) {
		for _, t := range attempts {
			if slices.Contains(j.named, t) {
				continue
			}
			if e := j.try(t); e.Answer != Denied {
				e.Who, e.verdict = who, verdict
				out = append(out, e)
				return
			}
		}
	}
	for _, issuer := range j.issuers() {
		for _, k := range j.kinds(issuer) {
			note(k.who, k.verdict, k.tokens)
		}
	}
	return once(append(out, j.strangers()...))
}

// issuers are Azure DevOps's issuers that the document speaks of, in principals and
// in keys: where it trusts everybody, the keys are all there is.
func (j *trustJudge) issuers() []string {
	var out []string
	add := func(issuer string) {
		if j.azure(provider{issuer: issuer}) && !slices.Contains(out, issuer) {
			out = append(out, issuer)
		}
	}
	for _, p := range j.providers() {
		add(p.issuer)
	}
	for _, s := range j.doc.Statement {
		for _, keys := range s.Condition {
			for _, key := range keysOf(keys, nil) {
				if i := strings.LastIndex(key, ":"); i > 0 {
					add(strings.ToLower(key[:i]))
				}
			}
		}
	}
	if len(out) == 0 {
		out = append(out, "vstoken.dev.azure.com/"+otherID)
	}
	slices.Sort(out)
	return out
}

// anyConnection stands for a connection where the document names none.
const anyConnection = "sc://any-organization/any-project/any-connection"

// kind is a kind of tokens that ought to be shut out.
type kind struct {
	who     string
	verdict Verdict
	tokens  []Token
}

// without leaves out tokens of this subject.
func (k kind) without(subject string) kind {
	k.tokens = slices.DeleteFunc(k.tokens, func(t Token) bool { return t.Subject == subject })
	return k
}

// kinds are all of them for one issuer, around every subject that the document
// speaks of, with every audience that it speaks of.
func (j *trustJudge) kinds(issuer string) []kind {
	subjects, fitting := j.subjects()
	audiences := j.audiences()
	url := "https://" + issuer
	every := func(who string, v Verdict, subjects ...string) kind {
		k := kind{who: who, verdict: v}
		for _, s := range subjects {
			for _, a := range audiences {
				k.tokens = append(k.tokens, Token{url, a, s})
			}
		}
		return k
	}
	var out []kind
	for _, s := range subjects {
		us, is := j.subject(issuer, s)
		switch is {
		case pipelineSubject:
			out = append(out, every("a pipeline that it names, without a service connection", Foreign, s))
			continue
		case otherSubject:
			out = append(out, every("a token that is no service connection's", Foreign, s))
			continue
		}
		if slices.Contains(fitting, s) || s == anyConnection { // nobody's name, so only its neighbours are told
			out = append(out, byName(every, us)...)
			continue
		}
		aud := kind{who: "its token for another audience", verdict: Loose}
		for _, a := range []string{"sts.amazonaws.com", "https://management.azure.com", "anything"} {
			aud.tokens = append(aud.tokens, Token{url, a, s})
		}
		for _, a := range audiences {
			aud.tokens = append(aud.tokens, Token{url, a, s}) // those that are named are skipped
		}
		out = append(out, aud, kind{"its token without an audience", Loose, []Token{{url, "", s}}}, every("its token without a subject", Loose, ""))
		if rest, ok := strings.CutPrefix(s, "sc://"); ok {
			out = append(out, every("its name in other letters", Loose, "sc://"+strings.ToUpper(rest), "sc://"+strings.ToLower(rest)).without(s))
		}
		if us.project == "" {
			out = append(out, j.byID(every, s, us)...)
			continue
		}
		out = append(out, byName(every, us)...)
		out = append(out, kind{"another organization", Foreign, []Token{
			{"https://vstoken.dev.azure.com/" + otherID, usual, s}, {"https://vstoken.dev.azure.com/" + otherID, usual, "sc://somebody/else/entirely"},
		}})
	}
	for _, s := range fitting {
		us, is := j.subject(issuer, s)
		switch {
		case is == connectionSubject && us.project != "":
			out = append(out, every("another connection that fits", Similar, s))
		case is == pipelineSubject:
			out = append(out, every("a pipeline's own token", Organization, s))
		case !strings.HasPrefix(s, "sc://"):
			out = append(out, every("a token that fits", Organization, s))
		}
	}
	return append(out, every("a pipeline's own token", Organization, "p://somebody/else/entirely"))
}

func byName(every func(string, Verdict, ...string) kind, us party) []kind {
	sc := func(org, project, connection string) string { return "sc://" + org + "/" + project + "/" + connection }
	var near, projects, orgs []string
	for _, n := range append(likeNames(us.connection), us.connection+"/x") {
		near = append(near, sc(us.organization, us.project, n))
	}
	for _, n := range likeNames(us.project) {
		projects = append(projects, sc(us.organization, n, us.connection))
	}
	for _, n := range append(likeNames(us.organization), otherName) {
		orgs = append(orgs, sc(n, us.project, us.connection))
	}
	return []kind{
		every("a connection whose name resembles", Similar, near...),
		every("a project whose name resembles", Similar, projects...),
		every("another connection of the project", OfProject, sc(us.organization, us.project, otherName), sc(us.organization, us.project, "x")),
		every("another project", Organization, sc(us.organization, otherName, us.connection), sc(us.organization, otherName, otherName)),
		every("the organization under another name", Organization, orgs...),
		every("a pipeline's own token", Organization,
			"p://"+us.organization+"/"+us.project+"/"+us.connection, "p://"+us.organization+"/"+otherName+"/"+otherName),
	}
}

func (j *trustJudge) byID(every func(string, Verdict, ...string) kind, s string, us party) []kind {
	other := strings.TrimSuffix(s, us.connectionID) + otherID
	return []kind{
		every("another connection of the organization", Organization, other),
		every("another organization", Foreign, strings.Replace(s, "/sc/"+us.organizationID+"/", "/sc/"+otherID+"/", 1),
			strings.Replace(other, "/sc/"+us.organizationID+"/", "/sc/"+otherID+"/", 1)),
		every("another application of the tenant", Foreign, otherID, "/eid1/c/pub/t/x/a/x/sc/"+otherID+"/"+otherID),
	}
}

// likeNames are names that begin or end as this one does.
func likeNames(name string) []string {
	out := []string{name + "-2", "x-" + name}
	if len(name) > 1 {
		out = append(out, name[:len(name)-1], name[1:])
	}
	return out
}

// subjects are those that the document speaks of, under any operator: as they
// stand, and of patterns and exceptions some that fit.
func (j *trustJudge) subjects() (plain, fitting []string) {
	for _, v := range j.doc.subjects() {
		if !strings.ContainsAny(v, "*?") && !strings.Contains(v, "${") {
			plain = append(plain, v)
			continue
		}
		for _, star := range []string{"anything", "anything/anything", "anything/anything/anything", ""} {
			fitting = append(fitting, strings.NewReplacer("*", star, "?", "x").Replace(widest(v)))
		}
	}
	for _, f := range fitting {
		if _, is := readSubject("vstoken.dev.azure.com/"+otherID, f); is == connectionSubject {
			plain = append(plain, f)
		}
	}
	if len(plain) == 0 {
		plain = []string{anyConnection}
	}
	slices.Sort(plain)
	return slices.Compact(plain), fitting
}

func (j *trustJudge) audiences() []string {
	out := []string{usual}
	for _, s := range j.doc.Statement {
		for _, keys := range s.Condition {
			for _, key := range keysOf(keys, nil) {
				if strings.HasSuffix(strings.ToLower(key), ":aud") {
					for _, v := range keys[key] {
						out = unique(out, strings.NewReplacer("*", "anything", "?", "x").Replace(v))
					}
				}
			}
		}
	}
	return out
}

// strangers are the principals that are no service connections, each trying in its
// own way.
func (j *trustJudge) strangers() []Entrant {
	var out []Entrant
	note := func(e entry, verdict Verdict, who string) {
		if v := enter(j.doc, e); v.Answer != Denied {
			out = append(out, Entrant{Who: who, Principal: e.names[0], Answer: v.Answer, Why: v.Why, verdict: verdict})
		}
	}
	open := keyring{nil, callKey}
	for _, s := range j.doc.Statement {
		if !s.allows() {
			continue
		}
		if _, everybody := s.Principal["*"]; everybody || s.NotPrincipal != nil || slices.Contains(s.Principal["AWS"], "*") {
			note(entry{"sts:AssumeRole", "AWS", []string{"arn:aws:iam::999999999999:root", "999999999999"}, open}, Everybody, "every account of AWS")
			note(entry{assume, "Federated", []string{"any OIDC provider"}, keyring{nil, func(k string) bool { return !j.speaks(k) }}}, Everybody, "every web identity")
		}
		for _, name := range s.Principal["AWS"] {
			if name == "*" {
				continue
			}
			note(entry{"sts:AssumeRole", "AWS", []string{name}, open}, Foreign, shown(name)+" in AWS")
		}
		for _, name := range s.Principal["Service"] {
			note(entry{"sts:AssumeRole", "Service", []string{name}, open}, Foreign, "the service "+shown(name))
		}
		for _, name := range s.Principal["Federated"] {
			p, ok := readProvider(name)
			if ok && j.azure(p) {
				continue
			}
			issuer := name
			if ok {
				issuer = p.issuer
			}
			keys := keyring{nil, func(k string) bool { return callKey(k) || strings.HasPrefix(k, strings.ToLower(issuer)+":") }}
			who := strangers(issuer)
			if strings.Contains(name, ":saml-provider/") {
				note(entry{"sts:AssumeRoleWithSAML", "Federated", []string{name}, keyring{nil, func(string) bool { return true }}}, Foreign, "people who sign in through "+shown(name))
				continue
			}
			note(entry{assume, "Federated", []string{name}, keys}, Foreign, who)
		}
	}
	return out
}

// speaks reports whether a key is a claim of one of the issuers of Azure DevOps.
func (j *trustJudge) speaks(key string) bool {
	return slices.ContainsFunc(j.issuers(), func(issuer string) bool { return strings.HasPrefix(key, strings.ToLower(issuer)+":") })
}

func once(all []Entrant) []Entrant {
	var out []Entrant
	for _, e := range all {
		if !slices.ContainsFunc(out, func(o Entrant) bool { return o.Who == e.Who && o.Principal == e.Principal }) {
			out = append(out, e)
		}
	}
	return out
}
