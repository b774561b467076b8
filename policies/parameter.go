package policies

import (
	"fmt"
	"regexp"
	"strings"

	"fedbot/workflows"
)

// dangerous are characters that no value may hold: what IAM, JSON, YAML text or a
// shell reads as more than itself. Without them a value can only ever be a value.
const dangerous = reserved + "'`<>|&;!"

// longestValue is how long a value may be.
const longestValue = 256

// regexp is the template's own pattern; none takes everything that the type takes.
func (p Parameter) regexp() (*regexp.Regexp, error) {
	if p.Pattern == "" {
		return regexp.Compile("")
	}
	return regexp.Compile(`^(?:` + p.Pattern + `)$`)
}

// refuse says why a value is none for this parameter, or nothing.
func (p Parameter) refuse(value string) string {
	re, err := p.regexp()
	if err != nil {
		return p.Description
	}
	plain := value != "" && len(value) <= longestValue && printable(value) && !strings.ContainsAny(value, dangerous)
	if !plain || !re.MatchString(value) || !paramTypes[p.Type].is(value) {
		return fmt.Sprintf("%q is not a %s name. %s", shown(value), p.noun(), p.hint(value))
	}
	return ""
}

func (p Parameter) noun() string {
	if noun := paramTypes[p.Type].noun; noun != "" {
		return noun
	}
	return p.Name
}

// field is where a refusal belongs in a form: "Bucket".
func (p Parameter) field() string { return strings.ToUpper(p.Name[:1]) + p.Name[1:] }

// hint guesses what was meant, or repeats what is wanted.
func (p Parameter) hint(value string) string {
	if guess := paramTypes[p.Type].guess; guess != nil {
		if meant := guess(value); meant != "" {
			return fmt.Sprintf("Did you mean %s ?", meant)
		}
	}
	return fmt.Sprintf("%s Example: %s", p.Description, p.Example)
}

// listed returns what an account lists for this parameter: under its name, or under
// its type, so that one line serves every parameter that names a role.
func (p Parameter) listed(a workflows.Account) ([]string, bool) {
	if patterns, ok := a.Values[p.Name]; ok || p.Type == "name" {
		return patterns, ok
	}
	patterns, ok := a.Values[p.Type]
	return patterns, ok
}

// check refuses a value that is none, or that the account does not list.
func (p Parameter) check(value string, in workflows.Input) *workflows.Refusal {
	patterns, listed := p.listed(in.Account)
	if value == "" && p.Optional && listed && paramTypes[p.Type].place && !anyMatch(patterns, "") {
		return onField(p.field(), "value_not_listed", "A %s is needed: %s lists the %ss that %s may ask for.",
			p.noun(), in.Account.Name, p.noun(), in.Facts.AzureDevOps.Project)
	}
	if value == "" && p.Optional {
		return nil
	}
	if value == "" {
		return onField(p.field(), "missing_value", "A %s is needed. %s Example: %s", p.Name, p.Description, p.Example)
	}
	if say := p.refuse(value); say != "" {
		return onField(p.field(), "bad_value", "%s", say)
	}
	if !listed && paramTypes[p.Type].place {
		return nil
	}
	if !anyMatch(patterns, value) {
		return onField(p.field(), "value_not_listed", "%s is not on the list of %ss that %s may ask for in %s.",
			value, p.noun(), in.Facts.AzureDevOps.Project, in.Account.Name)
	}
	return nil
}
