package policies

import (
	"encoding/json"
	"math/rand/v2"
	"strings"
	"testing"
)

func TestCompare(t *testing.T) {
	base := `{"Version":"2012-10-17","Statement":[
		{"Sid":"Read","Effect":"Allow","Action":["s3:GetObject","s3:ListBucket"],"Resource":"arn:aws:s3:::site/*","Condition":{"StringLike":{"s3:prefix":"web/*"}}},
		{"Sid":"Not","Effect":"Deny","Action":"s3:DeleteObject","Resource":"*"}]}`
	for _, tc := range []struct {
		name, from, to string
		want           Direction
		why            string
	}{
		{"nothing", "x", "x", Same, "They mean the same."},
		{"spelling", `"s3:GetObject","s3:ListBucket"`, `"s3:listbucket","S3:GetObject"`, Same, "They mean the same."},
		{"a name", `"Sid":"Read"`, `"Sid":"Look"`, Same, "They are spelled differently and allow the same."},
		{"an action more", `"s3:GetObject",`, `"s3:GetObject","s3:PutObject",`, Wider, "Wider: it allows s3:putobject as well."},
		{"an action less", `"s3:GetObject",`, ``, Narrower, "Narrower: it no longer allows s3:getobject."},
		{"another action", `"s3:GetObject"`, `"s3:PutObject"`, Sideways, "Sideways: it allows s3:putobject as well and no longer allows s3:getobject."},
		{"a folder", `site/*`, `site/web/*`, Narrower, "Narrower: it reaches arn:aws:s3:::site/web/* alone."},
		{"a wider folder", `site/*`, `s*`, Wider, "Wider: it reaches arn:aws:s3:::s* as well."},
		{"no condition", `,"Condition":{"StringLike":{"s3:prefix":"web/*"}}`, ``, Wider, "Wider: it no longer demands anything of s3:prefix."},
		{"a tighter condition", `"web/*"`, `"web/img/*"`, Narrower, "Narrower: it demands more of s3:prefix."},
		{"a condition more", `"s3:prefix":"web/*"`, `"s3:prefix":"web/*","aws:username":"a"`, Narrower, "Narrower: it demands something of aws:username."},
		{"another operator", `StringLike`, `StringEquals`, Sideways, "Sideways: it demands something else of s3:prefix."},
		{"a deny less", `"Action":"s3:DeleteObject"`, `"Action":"s3:DeleteBucket"`, Sideways, "Sideways: it denies s3:deletebucket as well and no longer denies s3:deleteobject."},
		{"no deny", `,
		{"Sid":"Not","Effect":"Deny","Action":"s3:DeleteObject","Resource":"*"}`, ``, Wider, "Wider: it no longer denies what statement Not did."},
		{"a deny for more", `"s3:DeleteObject","Resource"`, `"s3:Delete*","Resource"`, Narrower, "Narrower: it denies s3:delete* as well."},
		{"a deny turned round", `"Deny"`, `"Allow"`, Wider, "Wider: it now allows what statement Not denied."},
		{"not action", `"Action":"s3:DeleteObject"`, `"NotAction":"s3:DeleteObject"`, Sideways, ""},
		{"a variable", `site/*`, `site/${aws:username}/*`, Sideways, ""},
		{"a key twice", `"Effect":"Deny"`, `"Effect":"Deny","Effect":"Deny"`, Sideways, "Sideways: it cannot be read safely."},
	} {
		c := Compare(base, strings.Replace(base, tc.from, tc.to, 1))
		if tc.name != "nothing" && !strings.Contains(base, tc.from) {
			t.Fatalf("%s: nothing to replace", tc.name)
		}
		if c.Direction != tc.want || tc.why != "" && c.Why != tc.why {
			t.Errorf("%s: %s, %q", tc.name, c.Direction, c.Why)
		}
		for _, change := range c.Changes {
			if change.Why == "" || change.Direction == "" {
				t.Errorf("%s: incomplete: %+v", tc.name, change)
			}
		}
	}
}

// What is called narrower allows no call that was not allowed; what is called wider
// loses none; what is called the same does neither.
func TestComparisonsAreConservative(t *testing.T) {
	const rounds = 2000
	said := map[Direction]int{}
	felt := map[Direction]int{}
	for seed := range uint64(rounds) {
		g := dice{rand.New(rand.NewPCG(seed, 3))}
		was := g.policy()
		is := g.changed(was)
		c := Compare(string(was), string(is))
		said[c.Direction]++
		a, errA := Parse(string(was))
		b, errB := Parse(string(is))
		if errA != nil || errB != nil {
			t.Fatalf("seed %d: %v, %v", seed, errA, errB)
		}
		for range 12 {
			e := g.evaluation()
			call := Call{e.Call, e.On, e.Keys}
			before, _ := Evaluate([]Document{a}, nil, call)
			after, why := Evaluate([]Document{b}, nil, call)
			if before == after {
				continue
			}
			felt[c.Direction]++
			gained := after == Allowed
			if c.Direction == Same || gained && c.Direction == Narrower || !gained && c.Direction == Wider {
				t.Fatalf("seed %d: called %s (%s), and %s on %s %v went from %s to %s (%s)\nwas %s\nis  %s",
					seed, c.Direction, c.Why, e.Call, e.On, e.Keys, before, after, why, was, is)
			}
		}
	}
	for _, d := range []Direction{Narrower, Wider, Sideways} {
		if said[d] < rounds/30 || felt[d] < 20 {
			t.Errorf("too few are called %s, or nothing was felt of it: %v, %v", d, said, felt)
		}
	}
}

// changed makes one or two changes of a document.
func (g dice) changed(document json.RawMessage) json.RawMessage {
	var d map[string]any
	if err := json.Unmarshal(document, &d); err != nil {
		panic(err)
	}
	statements, ok := d["Statement"].([]any)
	if !ok {
		statements = []any{d["Statement"]}
	}
	for range pick(g, 1, 1, 1, 2) {
		i := g.IntN(len(statements))
		s := statements[i].(map[string]any)
		fresh := g.statement(i)
		key := pick(g, "Action", "NotAction", "Resource", "NotResource", "Condition", "Condition")
		values, list := s[key].([]any)
		switch {
		case key == "Condition" && s[key] != nil && g.chance(40):
			delete(s, key)
		case key == "Condition" && s[key] == nil:
			s[key] = g.condition(1)
		case key == "Condition":
			for op, keys := range s[key].(map[string]any) {
				for k, v := range keys.(map[string]any) {
					if many, ok := v.([]any); ok && len(many) > 1 && g.chance(60) {
						keys.(map[string]any)[k] = many[1:]
					} else if op != "Null" && ok {
						keys.(map[string]any)[k] = append(many, many[0])
					}
				}
			}
		case list && len(values) > 1 && g.chance(60):
			s[key] = values[1:]
		case s[key] != nil && fresh[key] != nil && g.chance(50):
			s[key] = fresh[key]
		case list:
			s[key] = append(values, pick[any](g, values[0], "*"))
		case g.chance(20):
			s["Effect"] = pick(g, "Allow", "Deny")
		case g.chance(20) && len(statements) > 1:
			statements = append(statements[:i], statements[i+1:]...)
		case g.chance(30):
			fresh["Sid"] = "New"
			statements = append(statements, fresh)
		}
	}
	seen := map[any]bool{}
	for _, s := range statements {
		if sid := s.(map[string]any)["Sid"]; seen[sid] {
			delete(s.(map[string]any), "Sid")
		} else {
			seen[sid] = true
		}
	}
	d["Statement"] = statements
	raw, err := json.Marshal(d)
	if err != nil {
		panic(err)
	}
	return raw
}

func TestComparisonSurfaces(t *testing.T) {
	was := `{"Version":"2012-10-17","Statement":[{"Sid":"A","Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::a/*"}]}`
	is := strings.Replace(was, `a/*"`, "<b>&`\u001b[31m"+strings.Repeat("x", 400)+`_*"`, 1)
	is = strings.ReplaceAll(is, "\u001b", `\u001b`)
	c := Compare(was, is)
	for surface, text := range map[string]string{"terminal": c.Text(), "Slack": c.Slack(), "console": c.HTML()} {
		if !strings.Contains(text, Sideways) || !strings.Contains(text, "statement A, resource") || strings.Contains(text, "\u001b") && surface != "console" {
			t.Errorf("%s: %s", surface, text)
		}
		if surface != "terminal" && strings.Contains(text, "<b>") {
			t.Errorf("%s takes markup from a document: %s", surface, text)
		}
	}
	if n := len(c.Slack()); n > 3000 {
		t.Errorf("%d characters are too many for a section of Slack", n)
	}
	want := "Narrower: it no longer allows s3:getobject.\n\nnarrower  statement A, action\n  - s3:getobject, s3:putobject\n  + s3:putobject\n  it no longer allows s3:getobject\n"
	two := strings.Replace(was, `"s3:GetObject"`, `["s3:GetObject","s3:PutObject"]`, 1)
	if got := Compare(two, strings.Replace(was, "Get", "Put", 1)).Text(); got != want {
		t.Errorf("got %q", got)
	}
}

// The same holds of trust policies and the tokens that they let in.
func TestTrustComparisonsAreConservative(t *testing.T) {
	const rounds = 800
	felt := map[Direction]int{}
	for seed := range uint64(rounds) {
		g := dice{rand.New(rand.NewPCG(seed, 4))}
		was := g.attempt().Trust
		is := g.changed(was)
		if !strings.Contains(string(is), `"AWS"`) && g.chance(30) {
			is = json.RawMessage(strings.Replace(string(is), `"Federated":"`, `"AWS":"*","Federated":"`, 1))
		}
		c := Compare(string(was), string(is))
		for range 10 {
			e := g.attempt()
			before := Regression{Trust: was, Kind: e.Kind, Principal: e.Principal, Call: e.Call, Keys: e.Keys}
			after := before
			after.Trust = is
			a, errA := before.judge()
			b, errB := after.judge()
			if errA != nil || errB != nil {
				t.Fatalf("seed %d: %v, %v\n%s\n%s", seed, errA, errB, was, is)
			}
			if a.Answer == b.Answer || a.Answer == Unknown || b.Answer == Unknown {
				continue
			}
			felt[c.Direction]++
			gained := b.Answer == Allowed
			if c.Direction == Same || gained && c.Direction == Narrower || !gained && c.Direction == Wider {
				t.Fatalf("seed %d: called %s (%s), and %s %v went from %s to %s (%s)\nwas %s\nis  %s",
					seed, c.Direction, c.Why, e.Principal, e.Keys, a.Answer, b.Answer, b.Why, was, is)
			}
		}
	}
	if felt[Narrower] < 10 || felt[Wider] < 10 || felt[Sideways] < 10 {
		t.Errorf("too little was felt: %v", felt)
	}
}
