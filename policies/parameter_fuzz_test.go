package policies

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"fedbot/workflows"
)

// FuzzParameters shows that no value adds, widens or breaks a statement. Whatever is
// accepted: the policy has the statements of the template and passes its invariants;
// it differs in nothing but that the value stands where its placeholder stood; and
// what the examples' objects allow, it denies.
func FuzzParameters(f *testing.F) {
	for _, s := range []string{"shop-site-dev", "*", "a/../b/", `x","Resource":"*`, "${aws:username}", "web/", "日本", "a\nb", "?", "{connection.id}",
		"shop/check", "we/", "E0000000000000", "mrk-00000000000000000000000000000000", "ado-federation/x", "shop-checkout-2", "a:b", "shop/checkout/database-AbCdEf"} {
		f.Add(s)
	}
	templates := builtins(f)
	f.Fuzz(func(t *testing.T, value string) {
		for _, tpl := range templates {
			for _, p := range tpl.Parameters {
				params := tpl.Examples()
				params[p.Name] = value
				document, err := tpl.Document(params, caseAccount, caseRegion)
				if err != nil {
					if !errors.Is(err, workflows.ErrRefused) {
						t.Fatalf("%v is no refusal", err)
					}
					continue
				}
				doc, err := Parse(document)
				if err != nil {
					t.Fatalf("%s with %v made %s: %v", tpl.Name, params, document, err)
				}
				sameShape(t, tpl, params, doc)
				if bad := failed(checkAs(tpl, document)); bad != "" {
					t.Fatalf("%s with %v fails %s: %s", tpl.Name, params, bad, document)
				}
				if value != p.Example {
					shutsOut(t, tpl, p, value, doc)
				}
			}
		}
	})
}

// sameShape holds a document against its template, text by text: around the values
// there is what the template says, and the values themselves are plain.
func sameShape(t *testing.T, tpl Template, params map[string]string, doc Document) {
	t.Helper()
	values := tpl.values(params, caseAccount, caseRegion)
	same := func(texts []string, got list) {
		if len(texts) != len(got) {
			t.Fatalf("%s with %v: %q became %q", tpl.Name, params, texts, got)
		}
		for i, text := range texts {
			rest := got[i]
			for text != "" {
				before, name, held := strings.Cut(text, "${")
				rest = cutPrefix(t, rest, before)
				if !held {
					break
				}
				name, text, _ = strings.Cut(name, "}")
				rest = cutPrefix(t, rest, values[name])
				if strings.ContainsAny(values[name], "*?$") {
					t.Fatalf("%s with %v: %q holds what IAM reads as more", tpl.Name, params, got[i])
				}
			}
			if rest != "" {
				t.Fatalf("%s with %v: %q has %q too much", tpl.Name, params, got[i], rest)
			}
		}
	}
	want := slices.DeleteFunc(slices.Clone(tpl.Statements), func(s TemplateStatement) bool { return s.With != "" && params[s.With] == "" })
	if len(want) != len(doc.Statement) {
		t.Fatalf("%s with %v has %d statements, want %d", tpl.Name, params, len(doc.Statement), len(want))
	}
	for i, s := range doc.Statement {
		w := want[i]
		if s.Effect != w.Effect || s.Sid != w.Sid || !slices.Equal(s.Action, list(w.Action)) || len(s.Condition) != len(w.Condition) ||
			s.NotAction != nil || s.NotResource != nil || s.Principal != nil || s.NotPrincipal != nil {
			t.Fatalf("%s with %v changed %s", tpl.Name, params, compact(s))
		}
		same(w.Resource, s.Resource)
		for op, keys := range w.Condition {
			if len(keys) != len(s.Condition[op]) {
				t.Fatalf("%s with %v changed the conditions of %s", tpl.Name, params, s.Sid)
			}
			for key, texts := range keys {
				same(texts, s.Condition[op][key])
			}
		}
	}
}

func cutPrefix(t *testing.T, s, prefix string) string {
	t.Helper()
	rest, ok := strings.CutPrefix(s, prefix)
	if !ok {
		t.Fatalf("%q does not go on with %q", s, prefix)
	}
	return rest
}

// shutsOut tries the calls that the cases allow with the examples. Wherever the value
// stands in a resource or its conditions, that resource has to deny them now, unless
// the value is a place above the example's.
func shutsOut(t *testing.T, tpl Template, p Parameter, value string, doc Document) {
	t.Helper()
	if value == "" || strings.HasPrefix(strings.TrimSuffix(p.Example, "/")+"/", strings.TrimSuffix(value, "/")+"/") {
		return
	}
	was, err := Parse(tpl.document(tpl.values(tpl.Examples(), caseAccount, caseRegion)))
	if err != nil {
		t.Fatal(err)
	}
	for i, s := range was.Statement {
		if i >= len(doc.Statement) || doc.Statement[i].Sid != s.Sid {
			break // the value was left out, and a statement with it
		}
		for j := range s.Resource {
			before, after := alone(s, j), alone(doc.Statement[i], j)
			if compact(before) == compact(after) {
				continue
			}
			for _, c := range tpl.Cases {
				call := Call{c.Call, c.On, c.context()}
				if got, _ := Evaluate([]Document{before}, nil, call); got != Allowed || c.With != nil {
					continue
				}
				if got, why := Evaluate([]Document{after}, nil, call); got != Denied {
					t.Fatalf("%s with %s = %q: %s on %s is %s (%s): %s", tpl.Name, p.Name, value, c.Call, c.On, got, why, after)
				}
			}
		}
	}
}

// alone is a statement with one of its resources.
func alone(s Statement, resource int) Document {
	s.Resource = list{s.Resource[resource]}
	return Document{Version: policyVersion, Statement: []Statement{s}}
}
