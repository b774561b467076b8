package aws

import (
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"
)

// What IAM holds in an account and never more.
const (
	quotaInline         = 10240
	quotaManaged        = 6144
	quotaClientIDs      = 100
	quotaTags           = 50
	quotaPolicyVersions = 5
)

var (
	namePattern        = regexp.MustCompile(`^[\w+=,.@-]+$`)
	pathPattern        = regexp.MustCompile(`^(/|/[\x21-\x7e]+/)$`)
	prefixPattern      = regexp.MustCompile(`^/[\x21-\x7f]*$`)
	documentPattern    = regexp.MustCompile(`^[\x{09}\x{0A}\x{0D}\x{20}-\x{FF}]+$`)
	descriptionPattern = regexp.MustCompile(`^[\x{09}\x{0A}\x{0D}\x{20}-\x{7E}\x{A1}-\x{FF}]*$`)
	tagPattern         = regexp.MustCompile(`^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$`)
	thumbprintPattern  = regexp.MustCompile(`^[0-9A-Fa-f]{40}$`)
)

// adjustable is what IAM holds in an account where nobody asked for more, by the
// names of GetAccountSummary; the last is not in the summary.
var adjustable = map[string]int{
	"RolesQuota": 1000, "PoliciesQuota": 1500, "AssumeRolePolicySizeQuota": 2048, "AttachedPoliciesPerRoleQuota": 10,
	"OpenIdConnectProvidersPerAccount": 100,
}

// quota is how much of something the caller's account may hold.
func (c *call) quota(name string) int {
	a, _ := c.s.accounts.Get(c.caller.account)
	if n, raised := a.Quotas[name]; raised {
		return n
	}
	return adjustable[name]
}

func invalid(format string, args ...any) *refusal {
	return refuse(400, "ValidationError", format, args...)
}

func limitExceeded(format string, args ...any) *refusal {
	return refuse(409, "LimitExceeded", format, args...)
}

func noSuchEntity(format string, args ...any) *refusal {
	return refuse(404, "NoSuchEntity", format, args...)
}

// constraint is how AWS refuses a parameter that breaks its shape.
func constraint(value, field, rule string) *refusal {
	if value != "null" {
		value = "'" + value + "'"
	}
	return invalid("1 validation error detected: Value %s at '%s' failed to satisfy constraint: %s", value, field, rule)
}

// wireName is a parameter as validation errors name it: roleName for RoleName.
func wireName(field string) string { return strings.ToLower(field[:1]) + field[1:] }

// text reads a parameter that must be there, with a length in characters.
func (c *call) text(field string, least, most int) (string, error) {
	v := c.form.Get(field)
	switch n := utf8.RuneCountInString(v); {
	case !c.form.Has(field):
		return "", constraint("null", wireName(field), "Member must not be null")
	case n < least:
		return "", constraint(v, wireName(field), "Member must have length greater than or equal to "+strconv.Itoa(least))
	case n > most:
		return "", constraint(v, wireName(field), "Member must have length less than or equal to "+strconv.Itoa(most))
	}
	return v, nil
}

// name reads the name of a role or policy.
func (c *call) name(field string, most int) (string, error) {
	v, err := c.text(field, 1, most)
	if err == nil && !namePattern.MatchString(v) {
		err = invalid("The specified value for %s is invalid. It must contain only alphanumeric characters and/or the following: +=,.@_-", wireName(field))
	}
	return v, err
}

func (c *call) path(field string) (string, error) {
	if !c.form.Has(field) {
		return "/", nil
	}
	v, err := c.text(field, 1, 512)
	if err == nil && (!pathPattern.MatchString(v) || strings.Contains(v, "//")) {
		err = invalid("The specified value for %s is invalid. It must begin and end with / and contain only alphanumeric characters and/or / characters.", wireName(field))
	}
	return v, err
}

// pathPrefix reads the path that entries of a list must begin with.
func (c *call) pathPrefix() (string, error) {
	if !c.form.Has("PathPrefix") {
		return "/", nil
	}
	v, err := c.text("PathPrefix", 1, 512)
	if err == nil && !prefixPattern.MatchString(v) {
		err = invalid("The specified value for pathPrefix is invalid. It must begin with / and contain only alphanumeric characters and/or / characters.")
	}
	return v, err
}

// number reads an integer within bounds, or its default.
func (c *call) number(field string, fallback, least, most int) (int, error) {
	v := c.form.Get(field)
	if v == "" {
		return fallback, nil
	}
	n, err := strconv.Atoi(v)
	switch {
	case err != nil:
		return 0, refuse(400, "MalformedInput", "%s is not a number", field)
	case n < least:
		return 0, constraint(v, wireName(field), "Member must have value greater than or equal to "+strconv.Itoa(least))
	case n > most:
		return 0, constraint(v, wireName(field), "Member must have value less than or equal to "+strconv.Itoa(most))
	}
	return n, nil
}

// document reads the text of a policy; what it says is checked elsewhere.
func (c *call) document(field string) (string, error) {
	v, err := c.text(field, 1, 131072)
	if err == nil && !documentPattern.MatchString(v) {
		err = invalid("The specified value for %s is invalid. It must contain only printable ASCII characters.", wireName(field))
	}
	return v, err
}

func (c *call) description() (string, error) {
	v := c.form.Get("Description")
	if utf8.RuneCountInString(v) > 1000 {
		return "", constraint(v, "description", "Member must have length less than or equal to 1000")
	}
	if !descriptionPattern.MatchString(v) {
		return "", invalid("The specified value for description is invalid. It must contain only printable ASCII characters.")
	}
	return v, nil
}

// weight is a document's length as IAM counts it, without white space.
func weight(document string) int {
	n := 0
	for _, r := range document {
		if r != ' ' && r != '\t' && r != '\n' && r != '\r' {
			n++
		}
	}
	return n
}

func orRoot(path string) string {
	if path == "" {
		return "/"
	}
	return path
}

// checkTags refuses tags that IAM would not hold. Keys are the same ignoring case.
func checkTags(tags []Tag) error {
	seen := map[string]bool{}
	for i, t := range tags {
		at := "tags." + strconv.Itoa(i+1) + ".member."
		switch {
		case t.Key == "":
			return constraint("", at+"key", "Member must have length greater than or equal to 1")
		case utf8.RuneCountInString(t.Key) > 128:
			return constraint(t.Key, at+"key", "Member must have length less than or equal to 128")
		case utf8.RuneCountInString(t.Value) > 256:
			return constraint(t.Value, at+"value", "Member must have length less than or equal to 256")
		case !tagPattern.MatchString(t.Key):
			return constraint(t.Key, at+"key", `Member must satisfy regular expression pattern: [\p{L}\p{Z}\p{N}_.:/=+\-@]+`)
		case !tagPattern.MatchString(t.Value):
			return constraint(t.Value, at+"value", `Member must satisfy regular expression pattern: [\p{L}\p{Z}\p{N}_.:/=+\-@]*`)
		case strings.HasPrefix(strings.ToLower(t.Key), "aws:"):
			return refuse(400, "InvalidInput", "Tag keys beginning with aws: are reserved for system use.")
		case seen[strings.ToLower(t.Key)]:
			return refuse(400, "InvalidInput", "Duplicate tag keys found. Please note that Tag keys are case insensitive.")
		}
		seen[strings.ToLower(t.Key)] = true
	}
	if len(tags) > quotaTags {
		return constraint("", "tags", "Member must have length less than or equal to "+strconv.Itoa(quotaTags))
	}
	return nil
}

// mergeTags puts tags over those that are there.
func mergeTags(old, add []Tag) ([]Tag, error) {
	if err := checkTags(add); err != nil {
		return nil, err
	}
	var keys []string
	for _, t := range add {
		keys = append(keys, t.Key)
	}
	merged := append(dropTags(old, keys), add...)
	if len(merged) > quotaTags {
		return nil, limitExceeded("The number of tags has reached the maximum limit.")
	}
	return merged, nil
}

func dropTags(tags []Tag, keys []string) []Tag {
	out := []Tag{}
	for _, t := range tags {
		if !anyOf(keys, func(k string) bool { return strings.EqualFold(k, t.Key) }) {
			out = append(out, t)
		}
	}
	return out
}
