package policies

import (
	"fmt"
	"slices"
	"strings"

	"fedbot/workflows"
)

// grip is how firmly a statement holds a claim to values. A firmer one is greater.
type grip int

const (
	loose   grip = iota // any value passes
	fitting             // values that fit a pattern
	ifThere             // the values, or none at all
	anyCase             // the values in any letters
	firm                // the values and nothing else
)

// grips is the firmest grip on one key of a statement, and where it is.
type grips struct {
	grip   grip
	values list
	where  string
	op     string
}

// gripOn finds how firmly a statement holds a key. All conditions have to hold, so
// the firmest of them counts.
func (f *trustFaults) gripOn(key string) grips {
	out := grips{where: f.at + ".Condition"}
	present := f.s.guarded(key)
	for _, op := range keysOf(f.s.Condition, nil) {
		for _, k := range keysOf(f.s.Condition[op], nil) {
			if !strings.EqualFold(k, key) {
				continue
			}
			values := f.s.Condition[op][k]
			if g := f.gripOf(parseOperator(op), values, present); g > out.grip {
				out = grips{g, values, f.place(op, k), op}
			}
		}
	}
	return out
}

// gripOf is the grip of one operator with these values, where the key has to be
// present or need not be.
func (f *trustFaults) gripOf(o operator, values list, present bool) grip {
	if o.negated || !o.known() || f.variables(values) {
		return loose
	}
	g := loose
	switch o.base {
	case "stringequals":
		g = firm
	case "stringequalsignorecase":
		g = anyCase
	case "stringlike":
		g = firm
		if slices.ContainsFunc(values, func(v string) bool { return strings.ContainsAny(v, "*?") }) {
			g = fitting
		}
	}
	if (o.ifExists || o.forAll) && !present {
		g = min(g, ifThere)
	}
	return g
}

func (f *trustFaults) variables(values list) bool {
	return f.doc.Version == policyVersion && slices.ContainsFunc(values, func(v string) bool { return strings.Contains(v, "${") })
}

func (f *trustFaults) place(op, key string) string {
	return f.at + ".Condition." + op + "[" + shown(key) + "]"
}

// pins checks that each provider's tokens are held to connections and an audience.
func (f *trustFaults) pins() {
	if f.s.acts(assume) == no {
		return
	}
	for _, name := range f.s.Principal["Federated"] {
		p, ok := readProvider(name)
		if !ok || !f.azure(p) {
			continue
		}
		sub, aud := f.gripOn(p.issuer+":sub"), f.gripOn(p.issuer+":aud")
		if say := f.dead(); say != "" {
			f.note("I5", workflows.Medium, f.at+".Condition", say, "", "Test the issuer's own :sub and :aud with StringEquals.")
			continue
		}
		f.pinned(p, sub)
		f.audience(p, aud)
		audience := usual // the others that it takes are told as others
		if aud.grip >= ifThere && !slices.Contains(aud.values, usual) {
			audience = aud.values[0]
		}
		for _, v := range sub.values {
			if _, kind := f.subject(p.issuer, v); kind == connectionSubject && sub.grip > loose && !strings.ContainsAny(v, "*?${}") {
				f.named = append(f.named, Token{"https://" + p.issuer, audience, v})
			}
		}
	}
}

// dead says that a statement can match no token, because it demands a claim that
// none of its own issuers' tokens has.
func (f *trustFaults) dead() string {
	for _, op := range keysOf(f.s.Condition, nil) {
		o := parseOperator(op)
		for _, key := range keysOf(f.s.Condition[op], nil) {
			_, ours := f.claim(key)
			if !ours && !callKey(strings.ToLower(key)) && o.known() && o.base != "null" && !(o.ifExists || o.forAll || o.negated && !o.set) {
				return fmt.Sprintf("It lets in nobody, because it demands %s.", shown(key))
			}
		}
	}
	return ""
}

func (f *trustFaults) audience(p provider, g grips) {
	fix := fmt.Sprintf("Test it: \"StringEquals\": {%q: %q}.", p.issuer+":aud", usual)
	switch {
	case g.grip == firm && len(g.values) > 1:
		f.opens("I4", workflows.Medium, g.where, fmt.Sprintf("It takes tokens for %d audiences.", len(g.values)),
			"A token of this connection that was asked for another service is used here by whoever received it.", "Keep the one that tokens of Azure DevOps have: "+usual+".")
	case g.grip == firm && g.values[0] != usual:
		f.note("I4", workflows.Low, g.where, fmt.Sprintf("Its audience %s is not the usual one of Azure DevOps, %s.", shown(g.values[0]), usual), "", "Make sure that the tokens have it.")
	case g.grip == firm, g.grip == ifThere: // the operator is told by conditions
	default:
		f.opens("I4", workflows.Medium, g.where, "It does not hold the token's audience to one value.",
			"A token of this connection that was asked for another service is used here by whoever received it, once the provider accepts its audience.", fix)
	}
}

func (f *trustFaults) pinned(p provider, g grips) {
	fix := fmt.Sprintf("Test it: \"StringEquals\": {%q: \"sc://ORGANIZATION/PROJECT/CONNECTION\"}.", p.issuer+":sub")
	anybody := "Any pipeline of the organization, in any project, asks for a token of its own (p://…), for which it needs no service connection and no approval, and takes the role."
	if entraIssuer.MatchString(p.issuer) {
		fix = fmt.Sprintf("Test that %q equals the subject that the service connection shows.", p.issuer+":sub")
		anybody = "Any application of the tenant that gets a token for this audience takes the role."
	}
	switch {
	case g.grip == loose:
		f.opens("I5", workflows.Critical, g.where, "It does not hold the token's subject to a service connection.", anybody, fix)
	case g.grip == fitting:
		for _, v := range g.values {
			if strings.ContainsAny(v, "*?") {
				f.opens("I5", patternLevel(v), g.where, fmt.Sprintf("The subject %s fits more than one connection.", shown(v)), patternAttack(v), fix)
			} else {
				f.names(p, g, v, fix)
			}
		}
	case g.grip == anyCase:
		f.opens("I5", workflows.Medium, g.where, "It takes the subject in any letters, large or small.",
			"Once the connection is deleted or renamed, somebody makes one of the same name in other letters, and it gets in.", fix)
	default:
		for _, v := range g.values {
			f.names(p, g, v, fix)
		}
	}
}

// names checks one subject that has to be equal.
func (f *trustFaults) names(p provider, g grips, v, fix string) {
	_, kind := f.subject(p.issuer, v)
	switch {
	case kind == pipelineSubject:
		f.opens("I5", workflows.High, g.where, fmt.Sprintf("%s is a pipeline's own token and not a service connection's.", shown(v)),
			"Whoever edits the pipeline on any branch, or makes one of that name, takes the role: no service connection, approval or branch check stands in the way.", fix)
	case kind == otherSubject:
		f.opens("I5", workflows.High, g.where, fmt.Sprintf("%s is not the subject of a service connection.", shown(v)),
			"Whoever gets tokens of this issuer with such a subject takes the role; fedbot cannot say who that is.", fix)
	case strings.ContainsAny(v, "*?"):
		f.opens("I5", workflows.High, g.where, fmt.Sprintf("%s holds a wildcard, which %s takes as it stands: no ordinary connection gets in.", shown(v), g.op),
			"Somebody makes a connection with exactly this name and gets in; or somebody mends it with StringLike, and then it fits everybody's.", fix)
	case !printable(v):
		f.odd = true
		f.note("I5", workflows.Medium, g.where, fmt.Sprintf("%s holds a letter that IAM may store otherwise than Azure DevOps writes it, so nobody can say whom it fits.", shown(v)), "",
			"Rename the connection to letters, digits, spaces and - _ . and name it so here.")
	case strings.ContainsAny(v, "${}"):
		f.opens("I5", workflows.Medium, g.where, fmt.Sprintf("%s holds a character that IAM may not take as itself.", shown(v)),
			"A connection whose name is read as a variable decides by itself whom it fits.", "Rename the connection to letters, digits, spaces and - _ . and name it so here.")
	}
}

// patternLevel: a pattern that reaches past one project lets in pipelines of others.
func patternLevel(v string) workflows.Level {
	if rest, ok := strings.CutPrefix(v, "sc://"); ok && strings.Count(fixed(rest), "/") >= 2 {
		return workflows.High
	}
	return workflows.Critical
}

// fixed is the beginning of a pattern that stands for itself.
func fixed(v string) string { return v[:strings.IndexAny(v+"*", "*?")] }

func patternAttack(v string) string {
	rest, ok := strings.CutPrefix(v, "sc://")
	part := strings.Split(fixed(rest), "/")
	switch {
	case !ok && strings.HasPrefix("sc://", fixed(v)):
		return "Any pipeline of the organization, in any project, asks for a token of its own (p://…) and takes the role."
	case !ok && strings.HasPrefix(v, "p://"):
		return "Whoever makes or edits a pipeline that fits takes the role, without any service connection or approval."
	case !ok:
		return "Whoever gets a token with a subject that fits takes the role."
	case len(part) >= 3 && part[2] == "":
		return fmt.Sprintf("Whoever may make a service connection in project %s makes one and takes the role.", part[1])
	case len(part) >= 3:
		return fmt.Sprintf("Whoever may make a service connection in project %s makes one whose name begins with %s and takes the role.", part[1], part[2])
	case len(part) == 2 && part[1] != "":
		return fmt.Sprintf("Somebody makes a project whose name begins with %s and a service connection in it, and takes the role.", part[1])
	case len(part) == 2:
		return fmt.Sprintf("Whoever may make a service connection in any project of %s makes one and takes the role.", part[0])
	}
	return "Whoever may make a service connection in any project of the organization makes one and takes the role."
}

// conditions looks at operators and keys, whatever they hold.
func (f *trustFaults) conditions() {
	for _, op := range keysOf(f.s.Condition, nil) {
		o := parseOperator(op)
		for _, key := range keysOf(f.s.Condition[op], nil) {
			f.condition(op, o, key, f.s.Condition[op][key])
		}
	}
}

func (f *trustFaults) condition(op string, o operator, key string, values list) {
	where, fix := f.place(op, key), "Use StringEquals, which fails where the claim is missing."
	absent := o.ifExists || o.forAll || o.negated && !o.set // holds without the key
	claim, ours := f.claim(key)
	switch {
	case !o.known():
		f.odd = true
		f.note("I6", workflows.High, where, fmt.Sprintf("IAM has no operator %s, so what it tests cannot be judged.", shown(op)), "", fix)
	case callKey(strings.ToLower(key)):
		f.note("I7", workflows.Low, where, fmt.Sprintf("It also asks for %s: that shuts some out and lets nobody in.", shown(key)), "", "")
	case o.base == "null":
		if !ours || !slices.Equal(values, list{"false"}) {
			f.note("I7", workflows.Low, where, fmt.Sprintf("It asks whether %s is there, which tests no value.", shown(key)), "", "Take it out.")
		}
	case !ours && absent:
		f.opens("I7", workflows.Critical, where, fmt.Sprintf("%s is no claim of this issuer's tokens, and %s holds where a claim is missing: it tests nothing.", shown(key), op),
			"Every token passes this test, whatever it says, because none has this claim.", "Test the issuer's own :sub and :aud with StringEquals.")
	case !ours:
		f.note("I7", workflows.Medium, where, fmt.Sprintf("%s is no claim of this issuer's tokens, so %s never holds and nobody gets in.", shown(key), op), "",
			"Test the issuer's own :sub and :aud.")
	case f.variables(values):
		f.opens("I5", workflows.High, where, fmt.Sprintf("%s holds a policy variable.", shown(strings.Join(values, ", "))),
			"IAM fills the variable from what the caller brings, such as the session's name, so the caller chooses which subject fits.", "Write the subject out.")
	case o.negated:
		f.opens("I6", workflows.Critical, where, fmt.Sprintf("%s lets in every %s but those that are listed.", op, claim),
			"Everybody who is not on the list takes the role: every other connection and every pipeline of the organization.", fix)
	case absent && f.gripOn(key).grip < anyCase:
		f.opens("I6", workflows.Medium, where, fmt.Sprintf("%s holds for a token that has no %s.", op, claim),
			"A token without this claim passes; and with one letter wrong in the key every token does.", fix)
	case !strings.EqualFold(op, "StringEquals") && o.base != "stringequalsignorecase" && !(o.base == "stringlike" && f.gripOf(o, values, true) == fitting):
		f.note("I6", workflows.Low, where, fmt.Sprintf("%s does here what StringEquals does, and lets in more after one edit.", op), "", fix)
	}
}

// claim reports whether a key is the subject or the audience of one of the
// statement's own issuers.
func (f *trustFaults) claim(key string) (name string, ours bool) {
	for _, arn := range f.s.Principal["Federated"] {
		issuer := arn
		if p, ok := readProvider(arn); ok {
			issuer = p.issuer
		}
		switch {
		case strings.EqualFold(key, issuer+":sub"):
			return "subject", true
		case strings.EqualFold(key, issuer+":aud"):
			return "audience", true
		}
	}
	_, everybody := f.s.Principal["*"]
	if everybody && strings.HasSuffix(strings.ToLower(key), ":sub") {
		return "subject", true
	}
	return "claim", everybody && strings.HasSuffix(strings.ToLower(key), ":aud")
}
