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

func (p Parameter) regexp() (*regexp.Regexp, error) {
	return regexp.Compile(`^(?:` + p.Pattern + `)$`)
}

// refuse says why a value is none for this parameter, or nothing.
func (p Parameter) refuse(value string) string {
	re, err := p.regexp()
	if err != nil {
		return p.Description
	}
	plain := value != "" && len(value) <= longestValue && printable(value) && !strings.ContainsAny(value, dangerous)
	if !plain || !re.MatchString(value) || p.Type == "folder" && !isFolder(value) || p.Type == "bucket" && !isBucket(value) {
		return fmt.Sprintf("%q is not a %s name. %s", shown(value), p.noun(), p.hint(value))
	}
	return ""
}

func (p Parameter) noun() string {
	if p.Type == "name" {
		return p.Name
	}
	return p.Type
}

// field is where a refusal belongs in a form: "Bucket".
func (p Parameter) field() string { return strings.ToUpper(p.Name[:1]) + p.Name[1:] }

// hint guesses what was meant, or repeats what is wanted.
func (p Parameter) hint(value string) string {
	switch p.Type {
	case "bucket":
		if bucket, folder, ok := splitBucket(value); ok {
			if folder != "" {
				return fmt.Sprintf("Did you mean bucket %s, folder %s ?", bucket, folder)
			}
			return fmt.Sprintf("Did you mean bucket %s ?", bucket)
		}
	case "folder":
		if guess := strings.Trim(value, "/") + "/"; isFolder(guess) {
			return fmt.Sprintf("Did you mean %s ?", guess)
		}
	}
	return fmt.Sprintf("%s Example: %s", p.Description, p.Example)
}

var bucketName = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$`)

func isBucket(s string) bool { return bucketName.MatchString(s) && !strings.Contains(s, "..") }

// isFolder reports whether a value ends with / and names a place below the top,
// without empty, "." or ".." segments.
func isFolder(s string) bool {
	if !strings.HasSuffix(s, "/") || !printable(s) || strings.ContainsAny(s, dangerous) {
		return false
	}
	for segment := range strings.SplitSeq(strings.TrimSuffix(s, "/"), "/") {
		if strings.Trim(segment, ".") == "" || strings.TrimSpace(segment) != segment {
			return false
		}
	}
	return true
}

// splitBucket reads the addresses that people paste where a name is wanted.
func splitBucket(s string) (bucket, folder string, ok bool) {
	for _, scheme := range []string{"s3://", "arn:aws:s3:::"} {
		s = strings.TrimPrefix(s, scheme)
	}
	bucket, folder, _ = strings.Cut(s, "/")
	if folder = strings.Trim(folder, "/"); folder != "" {
		folder += "/"
	}
	return bucket, folder, isBucket(bucket) && (folder == "" || isFolder(folder))
}

// check refuses a value that is none, or that the account does not list.
func (p Parameter) check(value string, in workflows.Input) *workflows.Refusal {
	patterns, listed := in.Account.Values[p.Name]
	if value == "" && p.Optional && listed && !anyMatch(patterns, "") {
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
	if !listed && p.Type == "folder" {
		return nil
	}
	if !anyMatch(patterns, value) {
		return onField(p.field(), "value_not_listed", "%s is not on the list of %ss that %s may ask for in %s.",
			value, p.noun(), in.Facts.AzureDevOps.Project, in.Account.Name)
	}
	return nil
}
