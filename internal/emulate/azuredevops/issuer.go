package azuredevops

import (
	"cmp"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"regexp"
	"strings"
	"time"
)

// The two issuers. Azure DevOps' own speaks of names, one address for each organization
// and one key set for all. Entra's speaks of ids, one address for each tenant.
const (
	vstokenHost   = "vstoken.dev.azure.com"
	entraHost     = "login.microsoftonline.com"
	issuerBase    = "https://" + vstokenHost
	tokenAudience = "api://AzureADTokenExchange"
	azureDevOps   = "499b84ac-1321-427f-aa17-267ca6975798" // the application that asks Entra for tokens
)

// IssuerHosts are the names under which Issuer is reached in reality.
func IssuerHosts() []string { return []string{vstokenHost, entraHost} }

var guid = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$`)

// signingKey is the key of one issuer, made once and journaled.
func (s *Server) signingKey(name string) (*rsa.PrivateKey, error) {
	if s.o.key != nil {
		return s.o.key, nil
	}
	if text, ok := s.keys.Get(name); ok {
		block, _ := pem.Decode([]byte(text))
		if block == nil {
			return nil, errors.New("read signing key: not PEM")
		}
		key, err := x509.ParsePKCS1PrivateKey(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("read signing key: %w", err)
		}
		return key, nil
	}
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, fmt.Errorf("make signing key: %w", err)
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)})
	return key, s.keys.Put(name, string(text))
}

// entra is the key of Entra's tenants, made when the first of them needs it.
func (s *Server) entra() (*rsa.PrivateKey, error) {
	if s.entraKey == nil {
		key, err := s.signingKey("entra")
		if err != nil {
			return nil, err
		}
		s.entraKey = key
	}
	return s.entraKey, nil
}

func kid(key *rsa.PrivateKey) string {
	sum := sha1.Sum(x509.MarshalPKCS1PublicKey(&key.PublicKey))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// Issuer serves what vstoken.dev.azure.com serves, one discovery document per
// organization and one key set for all, and what login.microsoftonline.com serves for
// the tenants of organizations. Under the name of one of the two it does not know the
// other; under any other name it is both.
func (s *Server) Issuer() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
			return
		}
		host := r.Host
		if h, _, err := net.SplitHostPort(host); err == nil {
			host = h
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		path := strings.Trim(r.URL.Path, "/")
		for _, answer := range []struct {
			host string
			of   func(path string) (object, bool)
		}{{entraHost, s.vstokenDocument}, {vstokenHost, s.entraDocument}} {
			if v, ok := answer.of(path); ok && !strings.EqualFold(host, answer.host) {
				writeJSON(w, http.StatusOK, v)
				return
			}
		}
		http.NotFound(w, r)
	})
}

func keySet(key *rsa.PrivateKey) object {
	e := big.NewInt(int64(key.E)).Bytes()
	return object{"keys": []object{{"kty": "RSA", "use": "sig", "alg": "RS256", "kid": kid(key), "x5t": kid(key),
		"n": base64.RawURLEncoding.EncodeToString(key.N.Bytes()), "e": base64.RawURLEncoding.EncodeToString(e)}}}
}

func (s *Server) vstokenDocument(path string) (object, bool) {
	if path == ".well-known/jwks" {
		return keySet(s.key), true
	}
	id, ok := strings.CutSuffix(path, "/.well-known/openid-configuration")
	if _, known := s.orgs.Get(id); !ok || !known {
		return nil, false
	}
	return object{"issuer": issuerBase + "/" + id, "jwks_uri": issuerBase + "/.well-known/jwks",
		"subject_types_supported": []string{"public", "pairwise"}, "response_types_supported": []string{"id_token"},
		"claims_supported":                      []string{"sub", "aud", "exp", "iat", "iss", "nbf"},
		"id_token_signing_alg_values_supported": []string{"RS256"}, "scopes_supported": []string{"openid"}}, true
}

func entraIssuer(tenant string) string { return "https://" + entraHost + "/" + tenant + "/v2.0" }

func (s *Server) entraDocument(path string) (object, bool) {
	tenant, rest, _ := strings.Cut(path, "/")
	if _, known := s.orgs.one(term("tenant", tenant)); !known || tenant == "" {
		return nil, false
	}
	switch rest {
	case "discovery/v2.0/keys":
		key, err := s.entra()
		if err != nil {
			return nil, false
		}
		return keySet(key), true
	case "v2.0/.well-known/openid-configuration":
		base := "https://" + entraHost + "/" + tenant
		return object{"issuer": entraIssuer(tenant), "jwks_uri": base + "/discovery/v2.0/keys",
			"authorization_endpoint": base + "/oauth2/v2.0/authorize", "token_endpoint": base + "/oauth2/v2.0/token",
			"subject_types_supported": []string{"pairwise"}, "response_types_supported": []string{"code", "id_token", "code id_token", "id_token token"},
			"claims_supported":                      []string{"sub", "iss", "aud", "exp", "iat", "nbf", "tid", "ver"},
			"id_token_signing_alg_values_supported": []string{"RS256"}, "scopes_supported": []string{"openid", "profile", "email", "offline_access"}}, true
	}
	return nil, false
}

// encodedGUID is how Entra writes ids into subjects: the bytes in their order in memory,
// base64url without padding.
func encodedGUID(id string) string {
	raw, err := hex.DecodeString(strings.ReplaceAll(id, "-", ""))
	if err != nil || len(raw) != 16 {
		return ""
	}
	for _, swap := range [][2]int{{0, 3}, {1, 2}, {4, 5}, {6, 7}} {
		raw[swap[0]], raw[swap[1]] = raw[swap[1]], raw[swap[0]]
	}
	return base64.RawURLEncoding.EncodeToString(raw)
}

// TokenOptions make a token that a job would not get.
type TokenOptions struct {
	Audience string    // empty: api://AzureADTokenExchange
	IssuedAt time.Time // zero: now; a token is good from ten minutes before to five minutes after
}

// sign makes a token with the claims given and those that every token has.
func (s *Server) sign(key *rsa.PrivateKey, issuer, subject string, more object, o TokenOptions) (string, error) {
	at := o.IssuedAt
	if at.IsZero() {
		at = s.o.Now()
	}
	claims := object{"jti": newID(), "sub": subject, "aud": cmp.Or(o.Audience, tokenAudience), "iss": issuer,
		"nbf": at.Unix() - 600, "iat": at.Unix(), "exp": at.Unix() + 300}
	for k, v := range more {
		claims[k] = v
	}
	head, err1 := json.Marshal(object{"alg": "RS256", "typ": "JWT", "kid": kid(key), "x5t": kid(key)})
	body, err2 := json.Marshal(claims)
	text := base64.RawURLEncoding.EncodeToString(head) + "." + base64.RawURLEncoding.EncodeToString(body)
	sum := sha256.Sum256([]byte(text))
	signature, err3 := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, sum[:])
	if err := errors.Join(err1, err2, err3); err != nil {
		return "", fmt.Errorf("sign token: %w", err)
	}
	return text + "." + base64.RawURLEncoding.EncodeToString(signature), nil
}

// connectionToken speaks for a connection: as it is called in one project, or, from
// Entra, by its id, which no rename changes.
func (s *Server) connectionToken(o organization, p project, k connection, opt TokenOptions) (string, error) {
	r, ok := k.at(p.ID)
	if !ok {
		return "", fmt.Errorf("sign token: connection %s is not in project %s", k.ID, p.Name)
	}
	if o.Tenant == "" {
		return s.sign(s.key, issuerOf(o), subjectOf(o, p, k, r), nil, opt)
	}
	key, err := s.entra()
	if err != nil {
		return "", err
	}
	return s.sign(key, issuerOf(o), subjectOf(o, p, k, r), object{"tid": o.Tenant, "ver": "2.0"}, opt)
}

func entraSubject(o organization, k connection) string {
	return "/eid1/c/pub/t/" + encodedGUID(o.Tenant) + "/a/" + encodedGUID(azureDevOps) + "/sc/" + o.ID + "/" + k.ID
}

// pipelineToken speaks for a pipeline; any job gets it without any connection, and
// always from vstoken.
func (s *Server) pipelineToken(o organization, p project, l pipeline, r run, opt TokenOptions) (string, error) {
	return s.sign(s.key, issuerBase+"/"+o.ID, "p://"+o.Name+"/"+p.Name+"/"+l.Name, object{
		"org_id": o.ID, "prj_id": p.ID, "def_id": fmt.Sprint(l.ID), "rpo_id": l.Repository,
		"rpo_uri": s.link(o, p.ID+"/_git/"+l.Repository), "rpo_ver": r.Commit, "rpo_ref": r.Ref, "run_id": fmt.Sprint(r.ID)}, opt)
}

// MintServiceConnectionToken is a token as a job with this connection would get
// it, without any job: for showing what a stolen, old or foreign token can do.
func (s *Server) MintServiceConnectionToken(org, project, connectionID string, opt TokenOptions) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	o, p, err := s.place(org, project)
	if err != nil {
		return "", err
	}
	k, ok := s.connection(connectionID)
	if !ok {
		return "", fmt.Errorf("mint token: no connection %q", connectionID)
	}
	return s.connectionToken(o, p, k, opt)
}

// MintPipelineToken is a token as a job of this pipeline gets it without naming a
// connection.
func (s *Server) MintPipelineToken(org, project string, pipelineID int, opt TokenOptions) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	o, p, err := s.place(org, project)
	if err != nil {
		return "", err
	}
	l, ok := s.pipelines.Get(p.ID + "/" + number(pipelineID))
	if !ok {
		return "", fmt.Errorf("mint token: no pipeline %d", pipelineID)
	}
	repo, _ := s.repositories.Get(l.Repository)
	return s.pipelineToken(o, p, l, run{Ref: l.Branch, Commit: repo.Refs[l.Branch]}, opt)
}
