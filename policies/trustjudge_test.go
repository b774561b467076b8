package policies

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestTrustLint reads testdata/trustlint: the name of each file begins with the
// verdict that is right for it. What is said of each, with the attack, is golden.
func TestTrustLint(t *testing.T) {
	files, err := filepath.Glob("testdata/trustlint/*.json")
	if err != nil || len(files) < 60 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	var said bytes.Buffer
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		name := strings.TrimSuffix(filepath.Base(file), ".json")
		want, _, _ := strings.Cut(name, " ")
		r := JudgeTrust(string(raw), TrustFrame{})
		if string(r.Verdict) != want || r.Exact != (want == "exact") {
			t.Errorf("%s: judged %s (%s)", name, r.Verdict, r.Say)
		}
		attack := false
		for _, p := range r.Problems {
			attack = attack || p.Attack != ""
			if trustChecks[p.Code] != p.Name || p.Say == "" || !p.Level.AtLeast("low") {
				t.Errorf("%s: incomplete: %+v", name, p)
			}
		}
		opened := badness[r.Verdict] > 0 || r.Verdict == Unreadable && len(r.Others) > 0
		if opened && !attack {
			t.Errorf("%s: no attack is told", name)
		}
		if r.Exact && (len(r.Connections) == 0 || len(r.Others) > 0) {
			t.Errorf("%s: exact, with %d connections and %d others", name, len(r.Connections), len(r.Others))
		}
		tell(&said, name, r)
	}
	golden(t, "trustlint.golden.txt", said.Bytes())
}

func tell(b *bytes.Buffer, name string, r TrustReport) {
	fmt.Fprintf(b, "%s\n  %s\n", name, r.Say)
	for _, e := range r.Others {
		fmt.Fprintf(b, "  + %s (%s): %s\n", e.Who, e.Answer, e.Subject+strings.Repeat(e.Principal, 1-min(1, len(e.Issuer))))
	}
	for _, p := range r.Problems {
		fmt.Fprintf(b, "  %s %s: %s\n", p.Code, p.Level, p.Say)
		if p.Attack != "" {
			fmt.Fprintf(b, "    attack: %s\n", p.Attack)
		}
	}
	b.WriteString("\n")
}
