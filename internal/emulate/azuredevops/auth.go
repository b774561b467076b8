package azuredevops

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"net/http"
	"slices"
	"strings"
)

// errSignIn is a request without a valid token.
var errSignIn = errors.New("not signed in")

// signInPage is the service's notorious answer to a bad token: a page with a
// status of success, unless the caller forbade it.
func signInPage(w http.ResponseWriter, r *http.Request) {
	w.Header().Add("WWW-Authenticate", "Bearer")
	w.Header().Add("WWW-Authenticate", `Basic realm="Azure DevOps"`)
	if strings.EqualFold(r.Header.Get("X-TFS-FedAuthRedirect"), "Suppress") {
		w.Header().Set("Content-Length", "0")
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(http.StatusNonAuthoritativeInfo)
	_, _ = w.Write([]byte("<!DOCTYPE html><html><head><title>Sign In</title></head><body>Sign in to your account</body></html>\n"))
}

func hashOf(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}

// secretOf reads a personal access token (Basic, empty user) or a bearer token.
func secretOf(r *http.Request) string {
	kind, value, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	switch {
	case strings.EqualFold(kind, "Bearer"):
		return strings.TrimSpace(value)
	case strings.EqualFold(kind, "Basic"):
		raw, err := base64.StdEncoding.DecodeString(strings.TrimSpace(value))
		if err != nil {
			return ""
		}
		_, password, _ := strings.Cut(string(raw), ":")
		return password
	}
	return ""
}

// authenticate fills in who calls and returns the scopes of the token.
func (s *Server) authenticate(c *call) ([]string, error) {
	secret := secretOf(c.r)
	if secret == "" {
		return nil, errSignIn
	}
	if t, ok := s.tokens.Get(hashOf(secret)); ok {
		who, ok := s.identities.Get(t.Identity)
		if !ok || who.Org != c.org.ID || who.Inactive || !t.Expires.IsZero() && !s.o.Now().Before(t.Expires) {
			return nil, errSignIn
		}
		c.who = who
		return t.Scopes, nil
	}
	for _, r := range s.runs.where(term("token", secret)) {
		if r.Org == c.org.ID && r.JobToken != "" && r.JobToken == secret && r.jobRunning() {
			c.job = &r
			c.who = identity{ID: r.Plan, Org: r.Org, Name: "Project Collection Build Service (" + c.org.Name + ")", Service: true,
				Rights: map[string][]Right{r.Project: {RightRead}}}
			return nil, nil
		}
	}
	return nil, errSignIn
}

// allows says whether a token's scopes contain the wanted one: "x_manage" and "x_write"
// contain "x"; no scopes at all is a full token. A want of "a&b" needs both, one of
// "a|b" either.
func allows(scopes []string, want string) bool {
	if len(scopes) == 0 {
		return true
	}
	if first, rest, both := strings.Cut(want, "&"); both {
		return allows(scopes, first) && allows(scopes, rest)
	}
	for _, any := range strings.Split(want, "|") {
		if slices.ContainsFunc(scopes, func(have string) bool {
			return have == any || strings.HasPrefix(have, any+"_") ||
				any == "vso.pipelineresources_use" && have == "vso.pipelineresources_manage"
		}) {
			return true
		}
	}
	return false
}

// rights collects what an identity may do in a project, from its groups and from what it was given directly.
func (s *Server) rights(who identity, projectID string) []Right {
	rights := slices.Clone(who.Rights[projectID])
	for _, g := range who.Groups {
		if id, name, _ := strings.Cut(g, "/"); id == projectID {
			rights = append(rights, groupRights[name]...)
		}
	}
	return rights
}

func (s *Server) may(who identity, projectID string, right Right) bool {
	rights := s.rights(who, projectID)
	return slices.Contains(rights, right) || slices.Contains(rights, RightAdmin)
}

const (
	groupAdministrators         = "Project Administrators"
	groupEndpointAdministrators = "Endpoint Administrators"
	groupEndpointCreators       = "Endpoint Creators"
	groupContributors           = "Contributors"
	groupReaders                = "Readers"
)

var groupNames = []string{groupAdministrators, groupEndpointAdministrators, groupEndpointCreators, groupContributors, groupReaders}

var groupRights = map[string][]Right{
	groupAdministrators:         {RightAdmin},
	groupEndpointAdministrators: {RightRead, RightView, RightCreate, RightManage},
	groupEndpointCreators:       {RightRead, RightCreate},
	groupContributors:           {RightRead, RightView, RightQueue, RightPush},
	groupReaders:                {RightRead},
}
