package policies

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"fedbot/workflows"
)

// grant is a template with its parameters filled in.
type grant struct {
	template Template
	values   map[string]string
	policy   string // name of the inline policy
	document string
}

// Document renders the permissions policy of a template, or says what is wrong with
// the parameters. It does not know what an account lists; Render does.
func (t Template) Document(params map[string]string, accountID, region string) (string, error) {
	if say := t.unknown(params); say != "" {
		return "", workflows.Refuse("unknown_parameter", "%s", say)
	}
	for _, p := range t.Parameters {
		v := params[p.Name]
		if v == "" && p.Optional {
			continue
		}
		if say := p.refuse(v); say != "" {
			return "", onField(p.field(), "bad_value", "%s", say)
		}
	}
	return t.document(t.values(params, accountID, region)), nil
}

// unknown says which parameter the template does not have.
func (t Template) unknown(params map[string]string) string {
	for _, name := range slices.Sorted(maps.Keys(params)) {
		if _, ok := t.Parameter(name); !ok {
			var names []string
			for _, p := range t.Parameters {
				names = append(names, p.Name)
			}
			return fmt.Sprintf("%q is not a parameter of %s. It has %s.", shown(name), t.Name, and(names))
		}
	}
	return ""
}

// values are what placeholders stand for in a policy.
func (t Template) values(params map[string]string, accountID, region string) map[string]string {
	out := map[string]string{"account": accountID, "region": region, "partition": "aws"}
	for _, p := range t.Parameters {
		out[p.Name] = params[p.Name]
	}
	return out
}

// document fills the leaves of the parsed statements. What is filled in can only
// ever become part of one string.
func (t Template) document(values map[string]string) string {
	d := Document{Version: policyVersion}
	for _, s := range t.Statements {
		if s.With != "" && values[s.With] == "" {
			continue
		}
		out := Statement{Sid: s.Sid, Effect: s.Effect, Action: fillAll(s.Action, values), Resource: fillAll(s.Resource, values)}
		for op, keys := range s.Condition {
			if out.Condition == nil {
				out.Condition = conditions{}
			}
			out.Condition[op] = map[string]list{}
			for key, texts := range keys {
				out.Condition[op][key] = fillAll(texts, values)
			}
		}
		d.Statement = append(d.Statement, out)
	}
	return d.String()
}

func fillAll(texts []string, values map[string]string) list {
	out := make(list, 0, len(texts))
	for _, text := range texts {
		out = append(out, fillText(text, values))
	}
	return out
}

// fillText fills placeholders in one pass, so a value is never read as a text with
// placeholders of its own.
func fillText(text string, values map[string]string) string {
	return hole.ReplaceAllStringFunc(text, func(s string) string {
		return values[strings.Trim(s, "${}")]
	})
}

// CaseResult is what a case of a template came to.
type CaseResult struct {
	Case Case
	Got  Answer
	Why  string
	OK   bool
}

// Where the cases of templates play.
const (
	caseAccount = "111122223333"
	caseRegion  = "eu-west-1"
)

// Say fills a text of the template with values, for people: in a development account
// 111122223333, region eu-west-1.
func (t Template) Say(text string, params map[string]string) string {
	said := t.values(params, caseAccount, caseRegion)
	said["kind"], said["connection"], said["project"] = workflows.Account{}.Kind(), "aws-shop-dev", "Web Shop"
	return fillText(text, said)
}

// Examples are the examples of all parameters.
func (t Template) Examples() map[string]string {
	out := map[string]string{}
	for _, p := range t.Parameters {
		out[p.Name] = p.Example
	}
	return out
}

// Test runs the cases of a template, in account 111122223333 and region eu-west-1.
func (t Template) Test() []CaseResult {
	out := make([]CaseResult, 0, len(t.Cases))
	for _, c := range t.Cases {
		r := CaseResult{Case: c}
		with := c.With
		if with == nil {
			with = t.Examples()
		}
		document, err := t.Document(with, caseAccount, caseRegion)
		doc, unread := Parse(document)
		if err := errors.Join(err, unread); err != nil {
			r.Got, r.Why = Unknown, workflows.Said(err)
		} else {
			r.Got, r.Why = Evaluate([]Document{doc}, nil, Call{c.Call, c.On, c.context()})
		}
		r.OK = r.Got == c.Want
		out = append(out, r)
	}
	return out
}

// context is what AWS would send with the call of a case.
func (c Case) context() map[string][]string {
	owner := caseAccount
	if c.Account != "" {
		owner = c.Account
	}
	out := map[string][]string{"aws:resourceaccount": {owner}, "aws:requestedregion": {caseRegion}}
	for key, value := range c.When {
		out[strings.ToLower(key)] = []string{value}
	}
	return out
}

// and joins names as people do: "a, b and c".
func and(names []string) string { return join(names, "and") }

func join(names []string, last string) string {
	switch n := len(names); n {
	case 0:
		return "none"
	case 1:
		return names[0]
	default:
		return strings.Join(names[:n-1], ", ") + " " + last + " " + names[n-1]
	}
}
