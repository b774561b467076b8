package policies

import (
	"encoding/json"
	"testing"
)

// The benchmarks count documents a second: rendered from a template, linted, judged
// as a trust policy, and evaluated; the last beside what nobody can go below, the
// parsing of the same JSON with encoding/json alone.

func benchTemplate(b *testing.B) (Template, string) {
	b.Helper()
	c, err := Builtin()
	if err != nil {
		b.Fatal(err)
	}
	t, _ := c.Get("s3-static-site")
	document, err := t.Document(t.Examples(), caseAccount, caseRegion)
	if err != nil {
		b.Fatal(err)
	}
	return t, document
}

func perSecond(b *testing.B) {
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "documents/s")
}

func BenchmarkRender(b *testing.B) {
	t, _ := benchTemplate(b)
	params := t.Examples()
	for b.Loop() {
		if _, err := t.Document(params, caseAccount, caseRegion); err != nil {
			b.Fatal(err)
		}
	}
	perSecond(b)
}

func BenchmarkLint(b *testing.B) {
	_, document := benchTemplate(b)
	found := map[string]string{"tmpl-s3-static-site-v3": document}
	frame := LintFrame{Account: caseAccount, Region: caseRegion, Approved: found}
	for b.Loop() {
		for _, p := range LintPermissions(found, frame) {
			if p.Counts() {
				b.Fatal(p)
			}
		}
	}
	perSecond(b)
}

func BenchmarkLintTrust(b *testing.B) {
	document := Trust(sampleTrust())
	for b.Loop() {
		if !JudgeTrust(document, TrustFrame{}).Exact {
			b.Fatal("not exact")
		}
	}
	perSecond(b)
}

var benchCall = Call{"s3:PutObject", "arn:aws:s3:::shop-site-dev/web/index.html", map[string][]string{"aws:ResourceAccount": {caseAccount}}}

// BenchmarkEvaluate judges a call by a document that was read before.
func BenchmarkEvaluate(b *testing.B) {
	_, document := benchTemplate(b)
	d, err := Parse(document)
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if a, why := Evaluate([]Document{d}, nil, benchCall); a == Unknown {
			b.Fatal(why)
		}
	}
	perSecond(b)
}

// BenchmarkParseAndEvaluate reads the document strictly and judges a call.
func BenchmarkParseAndEvaluate(b *testing.B) {
	_, document := benchTemplate(b)
	b.SetBytes(int64(len(document)))
	for b.Loop() {
		d, err := Parse(document)
		if err != nil {
			b.Fatal(err)
		}
		if a, why := Evaluate([]Document{d}, nil, benchCall); a == Unknown {
			b.Fatal(why)
		}
	}
	perSecond(b)
}

// BenchmarkEncodingJSON is the lower bound of the one above: encoding/json reads the
// same document, and judges nothing.
func BenchmarkEncodingJSON(b *testing.B) {
	_, document := benchTemplate(b)
	raw := []byte(document)
	b.SetBytes(int64(len(raw)))
	for b.Loop() {
		var v any
		if err := json.Unmarshal(raw, &v); err != nil {
			b.Fatal(err)
		}
	}
	perSecond(b)
}

func BenchmarkCompare(b *testing.B) {
	_, document := benchTemplate(b)
	d, err := Parse(document)
	if err != nil {
		b.Fatal(err)
	}
	d.Statement[0].Action = append(d.Statement[0].Action, "s3:PutObjectAcl")
	changed := d.String()
	for b.Loop() {
		if Compare(document, changed).Direction != Wider {
			b.Fatal("not wider")
		}
	}
	perSecond(b)
}
