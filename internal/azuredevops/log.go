package azuredevops

import (
	"encoding/json"
	"regexp"
	"strings"
	"unicode"

	"fedbot/workflows"
)

const (
	identityBegin = "fedbot-identity-begin"
	identityEnd   = "fedbot-identity-end"
	longestLine   = 300 // characters of a failure that are kept
)

var (
	timestamp = regexp.MustCompile(`^\x{feff}?\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z ?`)
	tokenLine = regexp.MustCompile(`^OIDC Token generated: issuer: \{([^{}]+)\} sub: \{([^{}]+)\}, aud: \{([^{}]+)\}$`)
	roleID    = regexp.MustCompile(`^[A-Z0-9]{8,128}$`)
	account   = regexp.MustCompile(`^[0-9]{12}$`)
)

// readLog finds in the lines of a run's log whom the token named and whom AWS took
// the run for. It is pure and believes nothing: a log that says two different
// things says nothing, and a line that is not exactly of the expected form is not
// evidence.
func readLog(lines []string) workflows.Evidence {
	var out workflows.Evidence
	var tokens, callers []string
	var collecting []string
	inside := false
	for _, raw := range lines {
		line := strings.TrimRight(timestamp.ReplaceAllString(raw, ""), " \r\n")
		switch {
		case line == identityBegin:
			inside, collecting = true, nil
		case line == identityEnd && inside:
			inside = false
			callers = append(callers, strings.Join(collecting, "\n"))
		case inside:
			collecting = append(collecting, line)
		case tokenLine.MatchString(line):
			tokens = append(tokens, line)
		}
		if out.Failure == "" {
			out.Failure = failureLine(line)
		}
	}
	if token, ok := one(tokens); ok {
		m := tokenLine.FindStringSubmatch(token)
		out.Issuer, out.Subject, out.Audience = m[1], m[2], m[3]
	}
	if caller, ok := one(callers); ok {
		out.RoleID, out.Account = readCaller(caller)
	}
	return out
}

// one is the only value there is, however often it was said.
func one(all []string) (string, bool) {
	for _, s := range all {
		if s != all[0] {
			return "", false
		}
	}
	if len(all) == 0 {
		return "", false
	}
	return all[0], true
}

// readCaller reads the answer of GetCallerIdentity. The role is named by its id,
// which nobody can choose; its ARN has no path and proves less.
func readCaller(text string) (role, number string) {
	var caller struct{ UserID, Account, Arn string }
	if json.Unmarshal([]byte(text), &caller) != nil {
		return "", ""
	}
	id, _, session := strings.Cut(caller.UserID, ":")
	if !session || !roleID.MatchString(id) || !account.MatchString(caller.Account) {
		return "", ""
	}
	return id, caller.Account
}

// failureLine is the part of a line that says what went wrong; empty if it says
// nothing of the kind.
func failureLine(line string) string {
	text, isError := strings.CutPrefix(line, "##[error]")
	if !isError && !strings.HasPrefix(line, "Failed to assume role with OIDC") {
		return ""
	}
	return plainLine(text)
}

// plainLine is foreign text made safe to show: one short line that prints.
func plainLine(text string) string {
	runes := []rune(strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case !unicode.IsPrint(r):
			return -1
		}
		return r
	}, strings.ToValidUTF8(text, "")))
	if len(runes) > longestLine {
		runes = append(runes[:longestLine-1], '…')
	}
	return strings.TrimSpace(string(runes))
}
