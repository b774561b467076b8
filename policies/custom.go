package policies

import (
	"fmt"
	"maps"
	"math"
	"regexp"
	"slices"
	"strings"

	"fedbot/workflows"
)

// largestCustom is how long a custom document may be, in bytes as it was given.
const largestCustom = 10 << 10

// CustomPurpose is what forms and lists say about a custom document.
const CustomPurpose = "What no template covers: a policy document of your own. Always two approvers."

// custom makes a grant of a document that somebody wrote for one request. It is held
// to everything that templates are held to when they are read, and then, like them,
// to all invariants and to the account's boundary. What is granted is the document as
// it was understood, written anew.
func (d *draft) custom(asked workflows.Grant) (grant, *workflows.Refusal) {
	no := func(format string, args ...any) (grant, *workflows.Refusal) {
		return grant{}, onField("Document", "bad_document", "The document cannot be granted: "+format, args...)
	}
	if len(asked.Params) > 0 {
		return no("it takes no parameters; write the values into it.")
	}
	if strings.TrimSpace(asked.Document) == "" {
		return grant{}, onField("Document", "no_document", "A custom request needs a document: an IAM policy as JSON, such as %s",
			`{"Version":"2012-10-17","Statement":[{"Sid":"Send","Effect":"Allow","Action":"events:PutEvents","Resource":"arn:aws:events:eu-west-1:111122223333:event-bus/shop"}]}`)
	}
	if len(asked.Document) > largestCustom {
		return no("it is longer than %d bytes.", largestCustom)
	}
	if strings.ContainsAny(asked.Document, "“”„‟") {
		return no("it holds typographic quotes. Type plain ones, or turn smart quotes off where you write it.")
	}
	doc, err := Parse(asked.Document)
	if err != nil {
		return no("it %s", unread(err))
	}
	if say := plainDocument(doc); say != "" {
		return no("%s", say)
	}
	listed := d.in.Account.Values[workflows.CustomTemplate]
	if len(listed) == 0 {
		return no("%s takes none. %s can list the resources that one may name there: values, %s.", d.in.Account.Name, accountOwners(d.in.Account), workflows.CustomTemplate)
	}
	for _, s := range doc.Statement {
		for _, r := range s.Resource {
			if s.allows() && !slices.ContainsFunc(listed, func(p string) bool { return covers(p, r) }) {
				return no("%s is not among the resources that a document may name in %s. %s can list it: values, %s.",
					shown(r), d.in.Account.Name, accountOwners(d.in.Account), workflows.CustomTemplate)
			}
		}
	}
	text := doc.String()
	t := customTemplate(doc)
	t.source = []byte(text)
	return grant{t, map[string]string{}, PolicyName(t.Name, t.Version), text}, nil
}

var customText = regexp.MustCompile(`^[A-Za-z0-9 :/*?._=@,+()#%~!\[\]-]+$`)

// plainDocument refuses what a document could hide something in: other words for
// "everything but", variables, letters that look like others, names that nobody
// gave, keys that are never sent, and a Deny that only looks like a limit.
func plainDocument(d Document) string {
	if d.Version != policyVersion {
		return fmt.Sprintf("its Version has to be %s: the older one reads it differently.", policyVersion)
	}
	if d.ID != "" {
		return "leave its Id out."
	}
	seen, allows := map[string]bool{}, false
	for _, s := range d.Statement {
		allows = allows || s.allows()
		switch {
		case s.NotAction != nil || s.NotResource != nil || s.NotPrincipal != nil:
			return fmt.Sprintf("%s says what it does not mean (NotAction, NotResource). Name what is meant.", s.label())
		case s.Principal != nil:
			return fmt.Sprintf("%s names a principal: a role's permissions have none.", s.label())
		case len(s.Action) == 0 || len(s.Resource) == 0:
			return fmt.Sprintf("%s needs Action and Resource.", s.label())
		case !sid.MatchString(s.Sid) || seen[s.Sid]:
			return "every statement needs a Sid of its own, of letters and digits: approvers are shown it."
		}
		seen[s.Sid] = true
		for _, text := range s.texts() {
			if !customText.MatchString(text) {
				return fmt.Sprintf("%s holds %q. Only plain characters may stand in a document, and no policy variables.", s.label(), shown(text))
			}
		}
		if say := s.keysSent(); say != "" {
			return say
		}
	}
	if !allows {
		return "it allows nothing."
	}
	return ""
}

// texts are all strings of a statement that IAM matches with.
func (s Statement) texts() []string {
	out := slices.Concat([]string(s.Action), []string(s.Resource))
	for op, keys := range s.Condition {
		out = append(out, op)
		for key, values := range keys {
			out = append(out, key)
			out = append(out, values...)
		}
	}
	return out
}

// keysSent refuses a condition on a key that a call never brings: an Allow with it
// never works, or works always, and approvers would believe that it limits.
func (s Statement) keysSent() string {
	for _, keys := range s.Condition {
		for _, key := range slices.Sorted(maps.Keys(keys)) {
			for _, name := range s.Action {
				a, ok := FindAction(name)
				if !ok {
					continue // said elsewhere, by name
				}
				var on []ResourceType
				for _, r := range s.Resource {
					on = append(on, a.Resources(r)...)
				}
				if _, sent := a.Key(key, on); !sent {
					return fmt.Sprintf("%s has a condition on %s, which no call of %s brings. Take it out, or put that action into a statement of its own.", s.label(), shown(key), a.Name)
				}
			}
		}
	}
	return ""
}

// customTemplate is the words that stand for a custom document where a template's
// would stand. Its risk is high whatever it allows: nobody has reviewed it before.
func customTemplate(d Document) Template {
	t := Template{
		Name: workflows.CustomTemplate, Version: 1, Purpose: CustomPurpose,
		Asks:   "use a policy document of its own in",
		Cannot: []string{"do anything that its document does not name", "change permissions"},
		Worst:  "does all of this at once in ${kind}",
		Risk:   Risk{Level: workflows.High, Why: "A document that was written for this request: no template stands behind it."},
	}
	for _, s := range d.Statement {
		if !s.allows() {
			continue
		}
		for _, say := range s.sentences() {
			t.Can = append(t.Can, Sentence{Say: say})
		}
	}
	return t
}

// verbs are how people say what kind of access an action gives.
var verbs = []struct {
	access Access
	say    string
}{{Reads, "read"}, {Lists, "list"}, {Writes, "change"}, {Tags, "tag"}, {Permissions, "change the permissions of"}}

// sentences say what a statement allows, a line for each service and kind of access:
// "change `event-bus/shop` (EventBridge: PutEvents)".
func (s Statement) sentences() []string {
	type kind struct {
		service string
		access  Access
	}
	actions := map[kind][]string{}
	var services []string
	for _, name := range s.Action {
		a, ok := FindAction(name)
		service, short, _ := strings.Cut(name, ":")
		if ok {
			_, short, _ = strings.Cut(a.Name, ":")
		}
		k := kind{strings.ToLower(service), a.Access}
		actions[k] = unique(actions[k], short)
		services = unique(services, k.service)
	}
	var out []string
	for _, service := range services {
		title, ok := ServiceTitle(service)
		if !ok {
			title = service
		}
		for _, v := range verbs {
			names := actions[kind{service, v.access}]
			if len(names) == 0 {
				continue
			}
			what := objects(s.Resource, service)
			say := fmt.Sprintf("%s %s (%s: %s)", v.say, what, title, strings.Join(names, ", "))
			if service == "iam" && slices.Contains(names, "PassRole") {
				say = fmt.Sprintf("hand over %s: what it may do, this may do", what)
			}
			if limits := s.limits(); limits != "" {
				say += ", only if " + limits
			}
			out = append(out, say)
		}
	}
	return out
}

// objects names the resources of a service, a few of them: those that reach furthest
// come first, so that none of them hides among the rest.
func objects(resources list, service string) string {
	var names []string
	for _, r := range resources {
		part := strings.SplitN(r, ":", 6)
		switch {
		case r == "*":
			names = append(names, "everything")
		case len(part) == 6 && part[2] == service:
			names = append(names, "`"+part[5]+"`")
		}
	}
	if len(names) == 0 {
		return "nothing that it names"
	}
	slices.SortStableFunc(names, func(a, b string) int { return fixedPart(a) - fixedPart(b) })
	const few = 4
	if len(names) > few {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:few], ", "), len(names)-few)
	}
	return and(names)
}

// fixedPart is how much of a name stands for itself; a name without wildcards reaches
// least.
func fixedPart(name string) int {
	if name == "everything" {
		return -1
	}
	if i := strings.IndexAny(name, "*?"); i >= 0 {
		return i
	}
	return math.MaxInt32
}

// limits are a statement's conditions, but for those that every document needs.
func (s Statement) limits() string {
	var out []string
	for _, op := range slices.Sorted(maps.Keys(s.Condition)) {
		for _, key := range slices.Sorted(maps.Keys(s.Condition[op])) {
			if strings.EqualFold(key, "aws:ResourceAccount") || strings.EqualFold(key, "aws:RequestedRegion") {
				continue
			}
			limit := fmt.Sprintf("`%s` %s %s", key, op, join(quoted(s.Condition[op][key]), "or"))
			if o := parseOperator(op); o.base != "null" && (o.ifExists || o.forAll || o.negated && !o.set) {
				limit += " or a call brings none"
			}
			out = append(out, limit)
		}
	}
	if len(out) == 0 {
		return ""
	}
	return and(out)
}
