package azuredevops

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"fedbot/workflows"
)

const goodLog = `2026-11-24T09:33:01.1234567Z ##[section]Starting: Who is aws-shop-dev? (77aa)
2026-11-24T09:33:02.1234567Z OIDC Token generated: issuer: {https://vstoken.dev.azure.com/6804a3a0} sub: {sc://contoso/Web Shop/aws-shop-dev}, aud: {api://AzureADTokenExchange}
2026-11-24T09:33:03.1234567Z Assuming role via OIDC Token...
2026-11-24T09:33:04.1234567Z fedbot-identity-begin
2026-11-24T09:33:05.1234567Z {
2026-11-24T09:33:05.1234567Z     "UserId": "AROAEXAMPLE17:fedbot-F-17",
2026-11-24T09:33:05.1234567Z     "Account": "111122223333",
2026-11-24T09:33:05.1234567Z     "Arn": "arn:aws:sts::111122223333:assumed-role/ado-web-shop/fedbot-F-17"
2026-11-24T09:33:05.1234567Z }
2026-11-24T09:33:06.1234567Z fedbot-identity-end`

var goodEvidence = workflows.Evidence{Issuer: "https://vstoken.dev.azure.com/6804a3a0", Subject: "sc://contoso/Web Shop/aws-shop-dev",
	Audience: "api://AzureADTokenExchange", RoleID: "AROAEXAMPLE17", Account: "111122223333"}

func TestReadLog(t *testing.T) {
	token := strings.Split(goodLog, "\n")[1]
	other := strings.Replace(token, "aws-shop-dev", "aws-other", 1)
	without := goodEvidence
	without.Issuer, without.Subject, without.Audience = "", "", ""
	tokenOnly := goodEvidence
	tokenOnly.RoleID, tokenOnly.Account = "", ""
	for name, c := range map[string]struct {
		log  string
		want workflows.Evidence
	}{
		"a whole log":             {goodLog, goodEvidence},
		"windows line ends":       {strings.ReplaceAll(goodLog, "\n", "\r\n"), goodEvidence},
		"a retry says it again":   {token + "\n" + goodLog, goodEvidence},
		"two subjects":            {other + "\n" + goodLog, without},
		"a line that quotes it":   {strings.Replace(goodLog, "OIDC Token", "echo OIDC Token", 1), without},
		"a masked account":        {strings.Replace(goodLog, `"111122223333"`, `"***"`, 1), tokenOnly},
		"a user, not a session":   {strings.Replace(goodLog, "AROAEXAMPLE17:fedbot-F-17", "AIDAEXAMPLE17", 1), tokenOnly},
		"two callers":             {goodLog + "\nfedbot-identity-begin\n{\"UserId\":\"AROAOTHER999:x\",\"Account\":\"111122223333\"}\nfedbot-identity-end", tokenOnly},
		"no end":                  {strings.Replace(goodLog, "fedbot-identity-end", "", 1), tokenOnly},
		"braces in the subject":   {strings.Replace(goodLog, "Web Shop", "Web}{Shop", 1), without},
		"nothing":                 {"", workflows.Evidence{}},
		"a refusal":               {"2026-11-24T09:33:05.1Z Failed to assume role with OIDC: AccessDenied: Not authorized\n##[error]later", workflows.Evidence{Failure: "Failed to assume role with OIDC: AccessDenied: Not authorized"}},
		"an error with a control": {"##[error]bad \x1b[31mthing", workflows.Evidence{Failure: "bad [31mthing"}},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, readLog(strings.Split(c.log, "\n"))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func FuzzReadLog(f *testing.F) {
	f.Add(goodLog)
	f.Add("##[error]\xff\xfe" + strings.Repeat("x", 1000))
	f.Add("fedbot-identity-begin\n{\"UserId\":\":\"}\nfedbot-identity-end")
	f.Fuzz(func(t *testing.T, log string) {
		got := readLog(strings.Split(log, "\n"))
		if (got.RoleID == "") != (got.Account == "") {
			t.Errorf("half a caller: %+v", got)
		}
		if got.RoleID != "" && (!roleID.MatchString(got.RoleID) || !account.MatchString(got.Account)) {
			t.Errorf("not a caller: %+v", got)
		}
		if strings.ContainsAny(got.Issuer+got.Subject+got.Audience, "{}\n") {
			t.Errorf("not claims: %+v", got)
		}
		if strings.ContainsAny(got.Failure, "\n\r\x00\x1b") || len([]rune(got.Failure)) > longestLine {
			t.Errorf("not a plain line: %q", got.Failure)
		}
		if got.Ended || got.Succeeded || got.OurYAML || got.Commit != "" {
			t.Errorf("a log decided something: %+v", got)
		}
	})
}
