package aws

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"slices"
	"strings"
	"time"
)

// Account is one AWS account with an administrator whose keys an outsider can use.
type Account struct {
	ID              string `json:"id"` // twelve digits
	Alias           string `json:"alias,omitempty"`
	Name            string `json:"name,omitempty"`
	Kind            string `json:"kind,omitempty"` // for people: "development", "production"
	AccessKeyID     string `json:"access_key_id,omitempty"`
	SecretAccessKey string `json:"secret_access_key,omitempty"`
	// Quotas are those that were raised, by their names in GetAccountSummary.
	Quotas map[string]int `json:"quotas,omitempty"`
}

// User is an IAM user with one access key.
type User struct {
	Account         string            `json:"account"`
	Name            string            `json:"name"`
	ID              string            `json:"id"`
	AccessKeyID     string            `json:"access_key_id"`
	SecretAccessKey string            `json:"secret_access_key"`
	Admin           bool              `json:"admin,omitempty"` // may do everything in its account
	Inline          map[string]string `json:"inline,omitempty"`
	Attached        []string          `json:"attached,omitempty"` // ARNs of managed policies
	Created         time.Time         `json:"created"`
}

// ARN is the user's ARN.
func (u User) ARN() string { return "arn:aws:iam::" + u.Account + ":user/" + u.Name }

// Tag is one tag of an object of IAM.
type Tag struct {
	Key   string `json:"key" xml:"Key"`
	Value string `json:"value" xml:"Value"`
}

// Provider is an IAM OIDC provider.
type Provider struct {
	Account     string    `json:"account"`
	ARN         string    `json:"arn"`
	URL         string    `json:"url"` // without https://, as IAM keeps it
	ClientIDs   []string  `json:"client_ids"`
	Thumbprints []string  `json:"thumbprints,omitempty"`
	Tags        []Tag     `json:"tags,omitempty"`
	Created     time.Time `json:"created"`
}

// Role is an IAM role with its documents as they were written.
type Role struct {
	Account     string            `json:"account"`
	Name        string            `json:"name"`
	Path        string            `json:"path"`
	ARN         string            `json:"arn"`
	ID          string            `json:"id"` // AROA…, another one after a re-create
	Trust       string            `json:"trust"`
	Description string            `json:"description,omitempty"`
	MaxSession  int               `json:"max_session"` // seconds
	Boundary    string            `json:"boundary,omitempty"`
	Inline      map[string]string `json:"inline,omitempty"`
	Attached    []string          `json:"attached,omitempty"` // ARNs of managed policies
	Tags        []Tag             `json:"tags,omitempty"`
	Created     time.Time         `json:"created"`
	LastUsed    time.Time         `json:"last_used,omitzero"`
	LastRegion  string            `json:"last_region,omitempty"`
}

// Policy is a managed policy.
type Policy struct {
	Account     string          `json:"account"` // "aws" for those that AWS manages
	Name        string          `json:"name"`
	Path        string          `json:"path"`
	ARN         string          `json:"arn"`
	ID          string          `json:"id"`
	Description string          `json:"description,omitempty"`
	Document    string          `json:"document"` // the default version's text; in a seed, all there is
	Versions    []PolicyVersion `json:"versions"`
	Default     string          `json:"default"`
	Last        int             `json:"last,omitempty"` // number of the newest version ever: numbers do not come back
	Tags        []Tag           `json:"tags,omitempty"`
	Created     time.Time       `json:"created"`
	Updated     time.Time       `json:"updated"`
}

// PolicyVersion is one version of a managed policy.
type PolicyVersion struct {
	ID       string    `json:"id"`
	Document string    `json:"document"`
	Created  time.Time `json:"created"`
}

// session is what temporary credentials stand for. It is stored, so that
// credentials handed out before a kill are good after it.
type session struct {
	AccessKeyID string            `json:"access_key_id"`
	Secret      string            `json:"secret"`
	Token       string            `json:"token"`
	Account     string            `json:"account"`
	RoleKey     string            `json:"role_key"`
	RoleID      string            `json:"role_id"`
	Name        string            `json:"name"`
	Policies    []string          `json:"policies,omitempty"` // session policies
	Keys        map[string]string `json:"keys,omitempty"`     // condition keys that the sign-in left
	Issued      time.Time         `json:"issued"`
	Expires     time.Time         `json:"expires"`
}

// roleKey is where a role is stored: names are unique ignoring case.
func roleKey(account, name string) string { return account + "/" + strings.ToLower(name) }

func roleARN(account, path, name string) string {
	return "arn:aws:iam::" + account + ":role" + path + name
}

func policyARN(account, path, name string) string {
	return "arn:aws:iam::" + account + ":policy" + path + name
}

func providerARN(account, url string) string {
	return "arn:aws:iam::" + account + ":oidc-provider/" + url
}

// arnAccount is the account part of an ARN, or nothing.
func arnAccount(arn string) string {
	parts := strings.SplitN(arn, ":", 6)
	if len(parts) < 6 {
		return ""
	}
	return parts[4]
}

const idLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"

// newID is a unique id of IAM: a prefix that says what it is, and 17 letters.
func newID(prefix string) string { return prefix + letters(17) }

func letters(n int) string {
	raw := make([]byte, n)
	_, _ = rand.Read(raw) // crypto/rand does not fail
	for i := range raw {
		raw[i] = idLetters[raw[i]&31]
	}
	return string(raw)
}

func newSecret(bytes int) string {
	raw := make([]byte, bytes)
	_, _ = rand.Read(raw)
	return base64.StdEncoding.EncodeToString(raw)
}

// newUUID is a random UUID, for requests and events.
func newUUID() string {
	raw := make([]byte, 16)
	_, _ = rand.Read(raw)
	raw[6], raw[8] = raw[6]&0x0f|0x40, raw[8]&0x3f|0x80
	h := hex.EncodeToString(raw)
	return strings.Join([]string{h[:8], h[8:12], h[12:16], h[16:20], h[20:]}, "-")
}

// without returns a copy of list that lacks value.
func without(list []string, value string) []string {
	return slices.DeleteFunc(slices.Clone(list), func(v string) bool { return v == value })
}

// arnPath is the path and the name in the ARN of a user, role or policy.
func arnPath(arn string) (path, name string) {
	_, rest, _ := strings.Cut(arn, "/")
	slash := strings.LastIndex(rest, "/") + 1
	return "/" + rest[:slash], rest[slash:]
}
