package azuredevops

import (
	"errors"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

var organizationName = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9-]{0,48}[A-Za-z0-9])?$`)

func checkOrganizationName(name string) error {
	if !organizationName.MatchString(name) {
		return errors.New("must be at most 50 English letters, digits and hyphens and begin and end with a letter or digit")
	}
	return nil
}

var reservedProjectNames = map[string]bool{"app_browsers": true, "app_code": true, "app_data": true, "bin": true, "con": true, "nul": true, "web": true, "web.config": true, "serverfolder": true, "defaultcollection": true}

func checkProjectName(name string) error {
	switch {
	case name == "" || utf8.RuneCountInString(name) > 64:
		return errors.New("must have 1 to 64 characters")
	case strings.ContainsAny(name, `/:\~&%;@'"?<>|#$*}{,+=[]`):
		return errors.New(`must not contain any of / : \ ~ & % ; @ ' " ? < > | # $ * } { , + = [ ]`)
	case strings.ContainsFunc(name, unicode.IsControl):
		return errors.New("must not contain control characters")
	case strings.ContainsRune(name, utf8.RuneError): // what half a surrogate pair in JSON becomes
		return errors.New("must not contain surrogate characters")
	case strings.HasPrefix(name, "_"), strings.HasPrefix(name, "."), strings.HasSuffix(name, "."):
		return errors.New("must not begin with _ and neither begin nor end with a full stop")
	case reservedProjectNames[strings.ToLower(name)]:
		return errors.New("is a reserved name")
	}
	return nil
}

// fullRef completes a branch name: "main" is refs/heads/main.
func fullRef(branch string) string {
	if branch == "" || strings.HasPrefix(branch, "refs/") {
		return branch
	}
	return "refs/heads/" + branch
}
