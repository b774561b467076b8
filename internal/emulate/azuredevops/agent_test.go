package azuredevops

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// loneAgent is an agent without a run, for what needs none.
func loneAgent() *agent {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	s := &Server{o: Options{Now: func() time.Time { return now }, HTTP: http.DefaultClient}}
	return &agent{s: s, files: map[string]string{"site/a.html": "A", "site/b.html": "B"}, written: map[string]string{}, vars: map[string]string{"Build.BuildId": "9"}}
}

func (a *agent) text() string {
	var b strings.Builder
	for _, l := range a.lines {
		_, rest, _ := strings.Cut(l, " ")
		b.WriteString(rest + "\n")
	}
	return b.String()
}

func TestShell(t *testing.T) {
	for _, c := range []struct {
		script, out string
		code        int
	}{
		{"echo one; echo 'two  # three' # four", "one\ntwo  # three\n", 0},
		{`echo "id $BUILD_BUILDID ${BUILD_BUILDID}x \$HOME $MISSING."`, "id 9 9x $HOME .\n", 0},
		{`echo '$BUILD_BUILDID'`, "$BUILD_BUILDID\n", 0},
		{"false\necho after $?", "after 1\n", 0},
		{"set -e\nfalse\necho after", "", 1},
		{"set -euo pipefail; false && echo never; echo on", "on\n", 0},
		{"false || echo other && true", "other\n", 0},
		{"exit 3\necho after", "", 3},
		{"A=1; export B=2; echo $A$B", "12\n", 0},
		{"echo x > f.txt; echo y >> f.txt; cat f.txt", "x\ny\n", 0},
		{"cat none", "cat: none: No such file or directory\n", 1},
		{"curl example.com", "bash: line 1: curl: command not found\n", 127},
		{"echo a \\\n  b", "a b\n", 0},
		{"echo a | cat", "bash: syntax error near unexpected token `|': this agent has no pipes and no background jobs\n", 2},
		{"echo 'open", "bash: unexpected EOF while looking for matching `''\n", 2},
		{"aws sts get-caller-identity", "Unable to locate credentials. You can configure credentials by running \"aws configure\".\n", 253},
		{"aws ec2 run-instances", "aws: error: argument operation: Invalid choice: this agent does not know aws ec2 run-instances\n", 252},
	} {
		a := loneAgent()
		if code := newShell(a).run(t.Context(), c.script); code != c.code {
			t.Errorf("%q: exit code %d, want %d", c.script, code, c.code)
		}
		if diff := cmp.Diff(c.out, a.text()); diff != "" {
			t.Errorf("%q (-want +got):\n%s", c.script, diff)
		}
	}
}

func TestCredentialsInTheToolkitsOrder(t *testing.T) {
	const role = "arn:aws:iam::123456789012:role/x"
	for name, c := range map[string]struct {
		parameters map[string]string
		toolkit    string
		result     string
		line       string
	}{
		"oidc":               {map[string]string{"assumeRoleArn": role, "useOIDC": "true"}, "1.20.0", "succeeded", "...role assumed via OIDC Token:"},
		"True is not true":   {map[string]string{"assumeRoleArn": role, "useOIDC": "True"}, "1.20.0", "failed", "Assuming role without credentials (via instance profile)..."},
		"false is truthy":    {map[string]string{"username": "AKIA", "password": "hidden-key", "useOIDC": "false"}, "1.20.0", "succeeded", "...endpoint defines standard access/secret key credentials"},
		"keys beat oidc":     {map[string]string{"username": "AKIA", "password": "hidden-key", "useOIDC": "true"}, "1.20.0", "succeeded", "...endpoint defines standard access/secret key credentials"},
		"half a key":         {map[string]string{"username": "AKIA", "useOIDC": "true"}, "1.20.0", "failed", "Need to define or omit both"},
		"toolkit too old":    {map[string]string{"assumeRoleArn": role, "useOIDC": "true"}, "1.14.0", "failed", "Assuming role without credentials (via instance profile)..."},
		"oidc without role":  {map[string]string{"useOIDC": "true"}, "1.20.0", "failed", "Unable to locate credentials"},
		"no toolkit":         {map[string]string{"assumeRoleArn": role, "useOIDC": "true"}, "", "failed", "A task is missing."},
		"session of its own": {map[string]string{"assumeRoleArn": role, "useOIDC": "true", "roleSessionName": "web"}, "1.20.0", "succeeded", "OIDC Token generated"},
	} {
		w := newWorld(t, func(o *Options) {
			o.Seed.Organizations[0].Toolkit = c.toolkit
			o.Seed.Organizations[0].Projects[0].Connections = []Connection{{Name: "aws-prod", Parameters: c.parameters, Pipelines: []int{7}}}
		})
		r := w.queue("main")
		w.steps(8)
		if got := w.state(r.ID); got.Result != c.result {
			t.Errorf("%s: %+v", name, got)
		}
		if text := strings.Join(w.log(r.ID), "\n"); !strings.Contains(text, c.line) || strings.Contains(text, "very-secret") {
			t.Errorf("%s: log\n%s", name, text)
		}
		if want := c.parameters["roleSessionName"]; want != "" && w.aws.forms[0].Get("RoleSessionName") != want {
			t.Errorf("%s: session %v", name, w.aws.forms[0])
		}
	}
}

// TestSignature is Amazon's published example of a signed GetObject.
func TestSignature(t *testing.T) {
	now := time.Date(2013, 5, 24, 0, 0, 0, 0, time.UTC)
	a := &agent{s: &Server{o: Options{Now: func() time.Time { return now }}}, region: "us-east-1", creds: credentials{id: "AKIAIOSFODNN7EXAMPLE", secret: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"}}
	req, err := http.NewRequest(http.MethodGet, "https://examplebucket.s3.amazonaws.com/test.txt", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Range", "bytes=0-9")
	a.sign(req, awsCall{service: "s3", method: http.MethodGet, path: "/test.txt"})
	if got := req.Header.Get("Authorization"); !strings.HasSuffix(got, "SignedHeaders=host;range;x-amz-content-sha256;x-amz-date, Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41") {
		t.Error(got)
	}
}

func TestS3SyncSendsWhatIsThere(t *testing.T) {
	a := loneAgent()
	aws := newStubAWS(t)
	a.s.o.AWS, a.creds = aws.url, credentials{id: "AKIA", secret: "s"}
	if code := newShell(a).run(t.Context(), "aws s3 sync ./site s3://shop-dev/www --delete"); code != 0 {
		t.Fatalf("exit code %d:\n%s", code, a.text())
	}
	if aws.objects["/shop-dev/www/a.html"] != "A" || aws.objects["/shop-dev/www/b.html"] != "B" {
		t.Errorf("objects: %v", aws.objects)
	}
}

func FuzzShell(f *testing.F) {
	for _, seed := range []string{"echo \"a $B ${C}\" > f; cat f", "set -e\nfalse || true", "'", "\"\\", "a=b c", ">", "&&", "$", "${", "echo ${A", "# x"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, script string) {
		if len(script) > 200 || strings.Contains(script, "aws") {
			return
		}
		now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
		a := &agent{s: &Server{o: Options{Now: func() time.Time { return now }}}, files: map[string]string{}, written: map[string]string{}}
		newShell(a).run(t.Context(), script)
	})
}

func FuzzExpand(f *testing.F) {
	f.Add(checkYAML, "n")
	f.Add("steps: [{script: '${{ parameters.x }}'}]", "a: b")
	f.Add("parameters: [{name: nonce}]\nsteps:\n- script: ${{ parameters.nonce }}\n", "x\n- script: evil")
	f.Fuzz(func(t *testing.T, text, value string) {
		out, err := expand(text, map[string]string{"nonce": value})
		if err != nil {
			return
		}
		_, _ = parsePipeline(out)
	})
}

// TestParameterCannotAddAStep is what expansion in the leaves is for.
func TestParameterCannotAddAStep(t *testing.T) {
	out, err := expand("parameters: [{name: nonce}]\nsteps:\n- script: echo ${{ parameters.nonce }}\n", map[string]string{"nonce": "x\n- script: evil"})
	if err != nil {
		t.Fatal(err)
	}
	doc, err := parsePipeline(out)
	if err != nil {
		t.Fatal(err)
	}
	if steps := doc.Stages[0].Jobs[0].Steps; len(steps) != 1 || steps[0].Script != "echo x\n- script: evil" {
		t.Errorf("steps: %+v", steps)
	}
}
