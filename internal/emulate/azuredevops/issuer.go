package azuredevops

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net/http"
	"strings"
	"time"
)

const (
	issuerBase    = "https://vstoken.dev.azure.com"
	tokenAudience = "api://AzureADTokenExchange"
)

// signingKey is made once and journaled.
func (s *Server) signingKey() (*rsa.PrivateKey, error) {
	if s.o.key != nil {
		return s.o.key, nil
	}
	if text, ok := s.keys.Get("signing"); ok {
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
	return key, s.keys.Put("signing", string(text))
}

func (s *Server) kid() string {
	sum := sha1.Sum(x509.MarshalPKCS1PublicKey(&s.key.PublicKey))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// Issuer serves what vstoken.dev.azure.com serves: one discovery document per
// organization and one key set for all.
func (s *Server) Issuer() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
			return
		}
		path := strings.Trim(r.URL.Path, "/")
		if path == ".well-known/jwks" {
			e := big.NewInt(int64(s.key.E)).Bytes()
			writeJSON(w, http.StatusOK, object{"keys": []object{{"kty": "RSA", "use": "sig", "alg": "RS256", "kid": s.kid(), "x5t": s.kid(),
				"n": base64.RawURLEncoding.EncodeToString(s.key.N.Bytes()), "e": base64.RawURLEncoding.EncodeToString(e)}}})
			return
		}
		id, ok := strings.CutSuffix(path, "/.well-known/openid-configuration")
		if _, known := s.orgs.Get(id); !ok || !known {
			http.NotFound(w, r)
			return
		}
		writeJSON(w, http.StatusOK, object{"issuer": issuerBase + "/" + id, "jwks_uri": issuerBase + "/.well-known/jwks",
			"subject_types_supported": []string{"public", "pairwise"}, "response_types_supported": []string{"id_token"},
			"claims_supported":                      []string{"sub", "aud", "exp", "iat", "iss", "nbf"},
			"id_token_signing_alg_values_supported": []string{"RS256"}, "scopes_supported": []string{"openid"}})
	})
}

// TokenOptions make a token that a job would not get.
type TokenOptions struct {
	Audience string    // empty: api://AzureADTokenExchange
	IssuedAt time.Time // zero: now; a token is good from ten minutes before to five minutes after
}

// sign makes a token of an organization with the claims given and the times and
// names that every token has.
func (s *Server) sign(org, subject string, more object, o TokenOptions) (string, error) {
	at := o.IssuedAt
	if at.IsZero() {
		at = s.o.Now()
	}
	claims := object{"jti": newID(), "sub": subject, "aud": tokenAudience, "iss": issuerBase + "/" + org,
		"nbf": at.Unix() - 600, "iat": at.Unix(), "exp": at.Unix() + 300}
	for k, v := range more {
		claims[k] = v
	}
	if o.Audience != "" {
		claims["aud"] = o.Audience
	}
	head, err1 := json.Marshal(object{"alg": "RS256", "typ": "JWT", "kid": s.kid(), "x5t": s.kid()})
	body, err2 := json.Marshal(claims)
	text := base64.RawURLEncoding.EncodeToString(head) + "." + base64.RawURLEncoding.EncodeToString(body)
	sum := sha256.Sum256([]byte(text))
	signature, err3 := rsa.SignPKCS1v15(rand.Reader, s.key, crypto.SHA256, sum[:])
	if err := errors.Join(err1, err2, err3); err != nil {
		return "", fmt.Errorf("sign token: %w", err)
	}
	return text + "." + base64.RawURLEncoding.EncodeToString(signature), nil
}

// connectionToken speaks for a connection as it is called in one project.
func (s *Server) connectionToken(o organization, p project, k connection, opt TokenOptions) (string, error) {
	r, ok := k.at(p.ID)
	if !ok {
		return "", fmt.Errorf("sign token: connection %s is not in project %s", k.ID, p.Name)
	}
	return s.sign(o.ID, "sc://"+o.Name+"/"+p.Name+"/"+r.Name, nil, opt)
}

// pipelineToken speaks for a pipeline; any job gets it without any connection.
func (s *Server) pipelineToken(o organization, p project, l pipeline, r run, opt TokenOptions) (string, error) {
	return s.sign(o.ID, "p://"+o.Name+"/"+p.Name+"/"+l.Name, object{
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

// place finds a project by the names or ids of organization and project.
func (s *Server) place(org, name string) (organization, project, error) {
	o, ok := s.organization(org)
	if !ok {
		if o, ok = s.orgs.Get(org); !ok {
			return o, project{}, fmt.Errorf("no organization %q", org)
		}
	}
	p, ok := s.projectNamed(o.ID, name, false)
	if !ok {
		return o, p, fmt.Errorf("no project %q in %s", name, o.Name)
	}
	return o, p, nil
}

// createToken answers a running job that asks for a token.
func (s *Server) createToken(c *call) (any, error) {
	r := c.job
	if r == nil {
		return nil, refuse(http.StatusUnauthorized, "UnauthorizedRequestException", "TF400813: The user '%s' is not authorized to access this resource: only a running job may ask for a token.", c.who.ID)
	}
	job, ok := r.current("Job")
	p, _ := s.projects.Get(r.Project)
	if !ok || !strings.EqualFold(c.vars["planId"], r.Plan) || !strings.EqualFold(c.vars["jobId"], job.ID) || !strings.EqualFold(c.vars["hubName"], "build") ||
		!strings.EqualFold(c.vars["scopeIdentifier"], p.ID) && !strings.EqualFold(c.vars["scopeIdentifier"], p.Name) {
		return nil, missing("TaskOrchestrationPlanNotFoundException", "The plan %s with the job %s is not running.", c.vars["planId"], c.vars["jobId"])
	}
	jwt, err := s.jobTokenFor(c.org, p, *r, c.q.Get("serviceConnectionId"))
	var odd *noReference
	if errors.As(err, &odd) {
		return withStatus{http.StatusBadRequest, object{"count": len(odd.text), "value": odd.text}}, nil
	}
	if err != nil {
		return nil, err
	}
	return object{"oidcToken": jwt}, nil
}

// jobTokenFor applies the rule of the explicit reference: the connection has to be an
// input of a task in the stage that runs.
func (s *Server) jobTokenFor(o organization, p project, r run, id string) (string, error) {
	if id == "" {
		l, _ := s.pipelines.Get(p.ID + "/" + number(r.Pipeline))
		return s.pipelineToken(o, p, l, r, TokenOptions{})
	}
	k, ok := s.connection(id)
	stage, job := r.stageAndJob()
	if ok && k.in(p.ID) && !k.Disabled {
		if doc, err := parsePipeline(r.YAML); err == nil {
			for _, name := range doc.connections(stage) {
				if found, ok := s.namedByTask(p.ID, name); ok && found.ID == k.ID {
					return s.connectionToken(o, p, k, TokenOptions{})
				}
			}
		}
	}
	return "", &noReference{fmt.Sprintf("There is no explicit reference to service connection %s from current stage %s.%s.__default.", id, stage, job)}
}

// noReference is answered with a body of its own odd shape: a collection that is
// a text.
type noReference struct{ text string }

func (e *noReference) Error() string { return e.text }
