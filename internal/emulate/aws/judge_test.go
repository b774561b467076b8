package aws

import (
	"encoding/json"
	"maps"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"fedbot/internal/emulate/judge"
)

// calls are the names of all that the emulator can be asked.
func (s *Server) calls() []string {
	var out []string
	for _, name := range slices.Sorted(maps.Keys(s.services)) {
		for _, call := range s.services[name].names {
			out = append(out, name+":"+call)
		}
	}
	return out
}

// stage is an emulator with something of everything, on the machine's clock, and
// what a judge must know about it.
func stage(t *testing.T, change ...func(*Options)) (r *rig, env []string) {
	t.Helper()
	is := newIssuer(t)
	change = append([]func(*Options){readsSeed, func(o *Options) { o.Now, o.Wall, o.Issuers = time.Now, time.Now, is.client() }}, change...)
	r = start(t, change...)
	claim := func(name string, value any) func(_, claims map[string]any) {
		return func(_, claims map[string]any) { claims[name] = value }
	}
	now := time.Now()
	good := is.token(t, now, nil)
	tokens, err := json.Marshal(map[string]string{
		"good": good, "sibling": is.token(t, now, claim("sub", "sc://Contoso-Ltd/My Project/other")), "audience": is.token(t, now, claim("aud", "other")),
		"expired": is.token(t, now.Add(-time.Hour), nil), "stranger": is.token(t, now, claim("iss", "https://issuer.example")),
		"unsigned": good[:strings.LastIndex(good, ".")+1] + "AAAA", "garbage": "a.b.c",
	})
	if err != nil {
		t.Fatal(err)
	}
	return r, []string{
		"ENDPOINT=" + r.url, "DEV=" + dev, "PROD=" + prod, "DEV_KEY=" + devAdmin.id, "PROD_KEY=" + prodAdmin.id, "HOST_KEY=" + host.id, "SECRET=" + secret,
		"TOKENS=" + string(tokens), "ISSUER=" + issuerPath, "AUDIENCE=" + audience, "SUBJECT=" + subject, "CALLS=" + strings.Join(r.calls(), " "),
		"AWS_CONFIG_FILE=/dev/null", "AWS_SHARED_CREDENTIALS_FILE=/dev/null", "AWS_EC2_METADATA_DISABLED=true",
	}
}

// TestBoto3 lets boto3's client make every call, well and badly.
func TestBoto3(t *testing.T) {
	t.Parallel()
	r, env := stage(t)
	r.deployer(t, allowS3, true)
	judge.Python(t, "testdata/aws_boto3.py", env...)
}

// TestAWSCommand lets the aws command make every call.
func TestAWSCommand(t *testing.T) {
	t.Parallel()
	if err := exec.Command("python3", "-c", "import awscli").Run(); err != nil && os.Getenv("CI") == "" {
		t.Skip("python3 has no awscli, so the aws command cannot be heard here")
	}
	_, env := stage(t)
	judge.Python(t, "testdata/aws_command.py", append(env, "SCRATCH="+t.TempDir())...)
}
