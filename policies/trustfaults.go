package policies

import (
	"fmt"
	"slices"
	"strings"

	"fedbot/workflows"
)

// The quotas of a trust policy in characters without white space: in an account
// that never asked for more, and the most that AWS gives.
const (
	longestTrust  = 2048
	longestRaised = 8192
)

// usual is the audience of every token of Azure DevOps's own issuer.
const usual = "api://AzureADTokenExchange"

// faults looks at the form of the document. What it finds either opens the role to
// somebody, and then proved is false, or is worth knowing.
func (j *trustJudge) faults() {
	switch j.doc.Version {
	case policyVersion:
	case "", "2008-10-17":
		j.note("I1", workflows.Low, "Version", "It is not of version 2012-10-17, so IAM reads policy variables in it as plain text.", "", `Write "Version": "2012-10-17".`)
	default:
		j.odd = true
		j.note("I1", workflows.Medium, "Version", fmt.Sprintf("IAM has no version %s of the policy language.", shown(j.doc.Version)), "", `Write "Version": "2012-10-17".`)
	}
	for i, s := range j.doc.Statement {
		f := &trustFaults{trustJudge: j, at: fmt.Sprintf("Statement[%d]", i), s: s}
		f.elements()
		if s.allows() {
			f.actions()
			f.principals()
			f.conditions()
			f.pins()
		}
	}
	j.length()
	slices.SortFunc(j.named, func(a, b Token) int { return strings.Compare(a.Subject+a.Audience, b.Subject+b.Audience) })
	j.named = slices.Compact(j.named)
	if n := len(j.named); n > 1 {
		j.note("I1", workflows.Low, "", fmt.Sprintf("It names %d connections, so nobody can tell which of them used the role, and revoking one touches the others.", n),
			"", "Give every connection a role of its own.")
	}
}

func (j *trustJudge) length() {
	switch {
	case j.size > longestRaised:
		j.odd = true
		j.note("I9", workflows.Medium, "", fmt.Sprintf("It has %d characters without white space; AWS takes %d at most.", j.size, longestRaised), "", "Take out what it does not need.")
	case j.size > longestTrust:
		j.note("I9", workflows.Low, "", fmt.Sprintf("It has %d characters without white space; AWS takes %d unless the account's quota was raised.", j.size, longestTrust), "", "Take out what it does not need.")
	}
}

// note adds a problem that lets nobody in by itself.
func (j *trustJudge) note(code string, level workflows.Level, where, say, attack, fix string) {
	j.problems = append(j.problems, Problem{Code: code, Name: trustChecks[code], Level: level, Where: where, Say: say, Attack: attack, Fix: fix})
}

// opens adds a problem that may let somebody in.
func (j *trustJudge) opens(code string, level workflows.Level, where, say, attack, fix string) {
	j.proved = false
	j.note(code, level, where, say, attack, fix)
}

var trustChecks = map[string]string{
	"I1": "one statement", "I2": "principal", "I3": "action", "I4": "audience", "I5": "subject", "I6": "operators", "I7": "keys", "I9": "size",
}

// trustFaults looks at one statement.
type trustFaults struct {
	*trustJudge
	at string // "Statement[0]"
	s  Statement
}

func (f *trustFaults) elements() {
	s := f.s
	if s.Resource != nil || s.NotResource != nil {
		f.odd = true
		f.note("I1", workflows.Medium, f.at+".Resource", "It has a Resource, which no trust policy has: AWS refuses it.", "", "Take the Resource out.")
	}
	if s.Principal != nil && s.NotPrincipal != nil || s.Action != nil && s.NotAction != nil {
		f.odd = true
		f.note("I1", workflows.Medium, f.at, "It says who or what is meant and who or what is not: AWS refuses both at once.", "", "Keep Principal and Action alone.")
	}
	if !s.allows() {
		f.note("I1", workflows.Low, f.at, "It denies: that shuts some out and lets nobody in.", "", "")
		return
	}
	if s.NotPrincipal != nil {
		f.opens("I2", workflows.Critical, f.at+".NotPrincipal", "It says who may not take the role instead of who may.",
			"Anybody in the world who is not on the list takes the role.", "Name the OIDC provider under Principal.")
		f.foreign = true
	}
	if s.Principal == nil && s.NotPrincipal == nil {
		f.odd = true
		f.note("I2", workflows.Medium, f.at, "It names no principal: AWS refuses it.", "", "Name the OIDC provider under Principal.")
	}
	if s.NotAction != nil {
		f.odd = true
		f.opens("I3", workflows.High, f.at+".NotAction", "It says which actions are not meant instead of which are.",
			"Whoever it trusts may use every way into the role that it does not list, those that AWS adds later too.", "Write the one action "+assume+".")
	}
}

func (f *trustFaults) actions() {
	for _, a := range f.s.Action {
		where, fix := f.at+".Action", "Write the one action "+assume+"."
		switch l := strings.ToLower(a); {
		case l == strings.ToLower(assume):
		case strings.ContainsAny(a, "*?"):
			f.opens("I3", workflows.High, where, fmt.Sprintf("%s stands for every action that it fits, session tags among them.", shown(a)),
				"Whoever it trusts may tag the session, and a session's tag goes before the role's own: whatever is decided by tags, the caller decides.", fix)
		case l == "sts:tagsession":
			f.opens("I3", workflows.Medium, where, "It lets the caller tag the session.",
				"A session's tag goes before the role's own of the same name: whatever is decided by tags, whoever writes the token decides.", fix)
		case l == "sts:setsourceidentity":
			f.opens("I3", workflows.Medium, where, "It lets the caller choose the source identity.",
				"Whoever takes the role chooses the name under which CloudTrail shows all that is done with it.", fix)
		case l == "sts:assumerole", l == "sts:assumerolewithsaml", l == "sts:setcontext":
			if len(f.s.Principal["Federated"]) > 0 && l == "sts:assumerole" {
				f.note("I3", workflows.Low, where, "A web identity cannot use sts:AssumeRole.", "", fix)
			}
		default:
			f.odd = true
			f.note("I3", workflows.Medium, where, fmt.Sprintf("%s is no way into a role: AWS refuses it.", shown(a)), "", fix)
		}
	}
}

func (f *trustFaults) principals() {
	fix := "Trust one OIDC provider alone: the organization's."
	count := 0
	for _, kind := range keysOf(f.s.Principal, nil) {
		for _, name := range f.s.Principal[kind] {
			count++
			where := f.at + ".Principal." + kind
			switch p, ok := readProvider(name); {
			case kind == "*" || kind == "AWS" && name == "*":
				f.foreign = true
				f.opens("I2", workflows.Critical, f.at+".Principal", "It trusts everybody.",
					"Anybody with an AWS account of any kind tries this role, and only the conditions stand in the way.", fix)
			case kind == "AWS":
				f.foreign = true
				f.opens("I2", workflows.High, where, fmt.Sprintf("It trusts %s in AWS as well.", shown(name)),
					awsAttack(name), fix)
			case kind == "Service":
				f.foreign = true
				f.opens("I2", workflows.High, where, fmt.Sprintf("It trusts the service %s as well.", shown(name)),
					fmt.Sprintf("Whoever may hand this role to %s runs code of their own with it.", shown(name)), fix)
			case kind == "Federated" && ok && f.azure(p):
				f.ours(p, where)
			case kind == "Federated" && strings.ContainsAny(name, "*?"):
				f.odd, f.foreign = true, true
				f.opens("I2", workflows.High, where, fmt.Sprintf("%s is a pattern, and IAM takes none here.", shown(name)), "", fix)
			case kind == "Federated":
				f.foreign = true
				issuer := name
				if ok {
					issuer = p.issuer
				}
				f.opens("I2", workflows.Critical, where, foreignSay(issuer),
					fmt.Sprintf("%s gets tokens of an issuer that this role trusts, without any service connection.", sentenceCase(strangers(issuer))), fix)
			default:
				f.odd = true
				f.note("I2", workflows.Medium, where, fmt.Sprintf("%s is no principal of a trust policy.", shown(name)), "", fix)
			}
		}
	}
	if count > 1 {
		f.foreign = true
		f.opens("I2", workflows.High, f.at+".Principal", "It trusts more than one principal at once.",
			"A test of one issuer's claims keeps the others out only because they lack those claims: one edit of the conditions lets them in.", fix)
	}
}

// ours checks a provider of Azure DevOps's.
func (f *trustFaults) ours(p provider, where string) {
	if p.account != f.account {
		f.note("I2", workflows.Medium, where, fmt.Sprintf("The provider is of account %s and the role of %s, so nobody gets in.", p.account, f.account), "",
			"Name the provider of the role's own account.")
	}
	if m := azureIssuer.FindStringSubmatch(p.issuer); m != nil && len(f.ids) > 0 && !slices.ContainsFunc(f.ids, func(id string) bool { return strings.EqualFold(id, m[1]) }) {
		f.foreign = true
		f.opens("I2", workflows.Critical, where, fmt.Sprintf("The organization %s is none of ours.", m[1]),
			"Anybody in that organization who may make a service connection of the name that is tested takes the role.", "Trust the provider of our own organization.")
	}
	if strings.ToLower(p.issuer) != p.issuer {
		f.note("I2", workflows.Low, where, "The provider's address is not in lower case, as Azure DevOps writes it.", "", "Write it as the issuer does.")
	}
}

func foreignSay(issuer string) string {
	if hasNoOrganization(issuer) {
		return "Its provider is Azure DevOps's without the id of one organization."
	}
	if strings.Contains(issuer, "vstoken") || strings.Contains(issuer, "dev.azure.com") {
		return fmt.Sprintf("%s only looks like an issuer of Azure DevOps.", shown(issuer))
	}
	return fmt.Sprintf("%s is not an issuer of Azure DevOps.", shown(issuer))
}

// hasNoOrganization reports whether an issuer is Azure DevOps's without the id of an
// organization: all organizations sign with the same keys.
func hasNoOrganization(issuer string) bool {
	at, path, _ := strings.Cut(issuer, "/")
	return at == "vstoken.dev.azure.com" && !azureIssuer.MatchString(at+"/"+path)
}

func awsAttack(name string) string {
	who := name
	switch {
	case account.MatchString(name):
		who = "account " + name
	case strings.HasSuffix(name, ":root"):
		who = "account " + strings.Split(name, ":")[4]
	default:
		return fmt.Sprintf("Whoever holds or can use %s takes the role, without any service connection.", shown(name))
	}
	return fmt.Sprintf("Whoever may call sts:AssumeRole in %s takes the role, without any service connection.", who)
}

func sentenceCase(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}
