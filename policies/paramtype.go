package policies

import (
	"maps"
	"regexp"
	"slices"
	"strings"

	"fedbot/workflows"
)

// paramType is what a type of parameter demands of a value, whatever a template's own
// pattern says: the pattern can only narrow it. None of them takes a character of
// dangerous.
type paramType struct {
	noun  string                    // "bucket": the noun of refusals; empty: the parameter's own name
	is    func(string) bool         // whether a value is one
	guess func(value string) string // what was probably meant, or nothing
	place bool                      // a place inside an object: an account need not list it
}

// paramTypes are the types of parameters by the name that templates use.
var paramTypes = map[string]paramType{
	"application":  {noun: "application", is: shaped(`[A-Za-z0-9._+=,@-]{1,100}`)},
	"bucket":       {noun: "bucket", is: isBucket, guess: guessBucket},
	"cluster":      {noun: "cluster", is: shaped(`[A-Za-z0-9][A-Za-z0-9_-]{0,254}`)},
	"distribution": {noun: "distribution", is: shaped(`[A-Z0-9]{10,20}`)},
	"document":     {noun: "document", is: shaped(`[A-Za-z0-9_.-]{3,128}`)},
	"domain":       {noun: "domain", is: shaped(`[a-z][a-z0-9-]{0,48}[a-z0-9]`)},
	"environment":  {noun: "environment", is: shaped(`[A-Za-z0-9-]{4,40}`)},
	"family":       {noun: "task definition", is: shaped(`[A-Za-z0-9_-]{1,255}`)},
	"folder":       {noun: "folder", is: isFolder, guess: guessFolder, place: true},
	"function":     {noun: "function", is: shaped(`[A-Za-z0-9_-]{1,64}`)},
	"group":        {noun: "deployment group", is: shaped(`[A-Za-z0-9._+=,@-]{1,100}`)},
	"key":          {noun: "key", is: shaped(`[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|mrk-[0-9a-f]{32}`)},
	"layer":        {noun: "layer", is: shaped(`[A-Za-z0-9_-]{1,140}`)},
	"name":         {is: func(string) bool { return true }},
	"object":       {noun: "object", is: func(s string) bool { return isFolder(s + "/") }},
	"parameter":    {noun: "parameter", is: isParameter, guess: guessParameter},
	"qualifier":    {noun: "qualifier", is: shaped(`[A-Za-z0-9]{1,10}`)},
	"queue":        {noun: "queue", is: shaped(`[A-Za-z0-9_-]{1,80}(\.fifo)?`)},
	"repository":   {noun: "repository", is: shaped(`[a-z0-9]+([._-]+[a-z0-9]+)*(/[a-z0-9]+([._-]+[a-z0-9]+)*)*`)},
	"role":         {noun: "role", is: isRole, guess: guessRole},
	"secret":       {noun: "secret", is: shaped(`[A-Za-z0-9_+=.@-]+(/[A-Za-z0-9_+=.@-]+)*`)},
	"service":      {noun: "service", is: shaped(`[A-Za-z0-9][A-Za-z0-9_-]{0,254}`)},
	"stack":        {noun: "stack", is: shaped(`[A-Za-z][A-Za-z0-9-]{0,127}`)},
	"table":        {noun: "table", is: shaped(`[A-Za-z0-9_.-]{3,255}`)},
	"tag":          {noun: "tag value", is: shaped(`[A-Za-z0-9_.:/=+@-]{1,128}`)},
	"topic":        {noun: "topic", is: shaped(`[A-Za-z0-9_-]{1,250}(\.fifo)?`)},
}

// Types are the types that a parameter may have. All but folder name an object, and
// an account has to list which objects may be asked for; a folder is a place inside
// one.
func Types() []string { return slices.Sorted(maps.Keys(paramTypes)) }

// shaped is the test for values that match a regular expression from end to end.
func shaped(pattern string) func(string) bool {
	return regexp.MustCompile(`^(?:` + pattern + `)$`).MatchString
}

var isBucketName = shaped(`[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]`)

func isBucket(s string) bool { return isBucketName(s) && !strings.Contains(s, "..") }

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

var isRoleName = shaped(`([A-Za-z0-9_.-]+/)*[A-Za-z0-9_+=,.@-]{1,64}`)

// isRole takes the name of a role, with its path if it has one, and never a role of
// fedbot's: to hand one over would be to hand over a federation.
func isRole(s string) bool {
	return isRoleName(s) && !strings.HasPrefix(strings.ToLower("/"+s), strings.ToLower(workflows.RolePath))
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

func guessBucket(value string) string {
	bucket, folder, ok := splitBucket(value)
	switch {
	case !ok:
		return ""
	case folder != "":
		return "bucket " + bucket + ", folder " + folder
	}
	return "bucket " + bucket
}

func guessFolder(value string) string {
	if guess := strings.Trim(value, "/") + "/"; isFolder(guess) {
		return guess
	}
	return ""
}

var isParameter = shaped(`[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+){0,14}`)

func guessParameter(value string) string {
	if guess := strings.Trim(value, "/"); guess != value && isParameter(guess) {
		return guess
	}
	return ""
}

func guessRole(value string) string {
	if _, guess, ok := strings.Cut(value, ":role/"); ok && isRole(guess) {
		return guess
	}
	return ""
}
