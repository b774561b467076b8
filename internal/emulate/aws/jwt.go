package aws

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"slices"
	"strings"
	"time"
)

// idToken is an OIDC token, taken apart but not yet believed.
type idToken struct {
	keyID, algorithm     string
	issuer, subject, azp string
	audience             []string
	expires, notBefore   time.Time
	signed               string
	signature            []byte
}

var errNotJWT = errors.New("not a JWT")

// parseToken takes a compact JWT apart. Claims that STS reads must have their types.
func parseToken(text string) (idToken, error) {
	parts := strings.Split(text, ".")
	if len(parts) != 3 {
		return idToken{}, errNotJWT
	}
	var header struct {
		KeyID     string `json:"kid"`
		Algorithm string `json:"alg"`
	}
	var claims struct {
		Issuer    string          `json:"iss"`
		Subject   string          `json:"sub"`
		Azp       string          `json:"azp"`
		Audience  json.RawMessage `json:"aud"`
		Expires   *float64        `json:"exp"`
		NotBefore float64         `json:"nbf"`
		IssuedAt  *float64        `json:"iat"`
	}
	if decodePart(parts[0], &header) != nil || decodePart(parts[1], &claims) != nil {
		return idToken{}, errNotJWT
	}
	signature, err := base64.RawURLEncoding.DecodeString(parts[2])
	if err != nil || claims.Expires == nil || claims.IssuedAt == nil || claims.Issuer == "" || claims.Subject == "" {
		return idToken{}, errNotJWT
	}
	t := idToken{
		keyID: header.KeyID, algorithm: header.Algorithm, issuer: claims.Issuer, subject: claims.Subject, azp: claims.Azp,
		expires: time.Unix(int64(*claims.Expires), 0), notBefore: time.Unix(int64(claims.NotBefore), 0),
		signed: parts[0] + "." + parts[1], signature: signature,
	}
	var one string
	if json.Unmarshal(claims.Audience, &one) == nil {
		t.audience = []string{one}
	} else if json.Unmarshal(claims.Audience, &t.audience) != nil {
		return idToken{}, errNotJWT
	}
	return t, nil
}

func decodePart(part string, into any) error {
	raw, err := base64.RawURLEncoding.DecodeString(part)
	if err != nil {
		return err
	}
	if _, err := parseStrict(string(raw)); err != nil {
		return err
	}
	return json.Unmarshal(raw, into)
}

// jwk is one key of a JSON Web Key Set.
type jwk struct {
	Kind    string `json:"kty"`
	KeyID   string `json:"kid"`
	Use     string `json:"use"`
	Modulus string `json:"n"`
	Expo    string `json:"e"`
}

func (k jwk) public() (*rsa.PublicKey, bool) {
	n, err1 := base64.RawURLEncoding.DecodeString(k.Modulus)
	e, err2 := base64.RawURLEncoding.DecodeString(k.Expo)
	if err1 != nil || err2 != nil || len(n) < 256 || len(e) == 0 || len(e) > 4 {
		return nil, false
	}
	return &rsa.PublicKey{N: new(big.Int).SetBytes(n), E: int(new(big.Int).SetBytes(e).Int64())}, true
}

var errSignature = errors.New("signature not verified")

// verify proves the signature with one of the issuer's keys. Only RS256 is
// accepted: an algorithm is never taken on the token's word.
func (t idToken) verify(keys []jwk) error {
	if t.algorithm != "RS256" {
		return fmt.Errorf("%w: algorithm %q", errSignature, t.algorithm)
	}
	digest := sha256.Sum256([]byte(t.signed))
	for _, k := range keys {
		if k.Kind != "RSA" || k.Use != "" && k.Use != "sig" || t.keyID != "" && k.KeyID != t.keyID {
			continue
		}
		if public, ok := k.public(); ok && rsa.VerifyPKCS1v15(public, crypto.SHA256, digest[:], t.signature) == nil {
			return nil
		}
	}
	return errSignature
}

// matchesAudience says whether the token was made for one of the provider's clients.
func (t idToken) matchesAudience(clients []string) bool {
	if t.azp != "" {
		return slices.Contains(clients, t.azp)
	}
	return anyOf(t.audience, func(a string) bool { return slices.Contains(clients, a) })
}

// errIssuerName is a discovery document that speaks for somebody else.
var errIssuerName = errors.New("discovery document names another issuer")

// issuerKeys fetches what an issuer publishes about itself.
func (s *Server) issuerKeys(r *http.Request, issuer string) ([]jwk, error) {
	var about struct {
		Issuer string `json:"issuer"`
		Keys   string `json:"jwks_uri"`
	}
	if err := s.fetch(r, strings.TrimSuffix(issuer, "/")+"/.well-known/openid-configuration", &about); err != nil {
		return nil, err
	}
	if about.Issuer != issuer {
		return nil, errIssuerName
	}
	var set struct {
		Keys []jwk `json:"keys"`
	}
	if err := s.fetch(r, about.Keys, &set); err != nil {
		return nil, err
	}
	return set.Keys, nil
}

func (s *Server) fetch(r *http.Request, url string, into any) error {
	if !strings.HasPrefix(url, "https://") {
		return fmt.Errorf("fetch %q: not https", url)
	}
	req, err := http.NewRequestWithContext(r.Context(), http.MethodGet, url, nil)
	if err != nil {
		return fmt.Errorf("fetch %s: %w", url, err)
	}
	resp, err := s.issuers.Do(req)
	if err != nil {
		return fmt.Errorf("fetch %s: %w", url, err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("fetch %s: %s", url, resp.Status)
	}
	if err := json.NewDecoder(io.LimitReader(resp.Body, 1<<20)).Decode(into); err != nil {
		return fmt.Errorf("fetch %s: %w", url, err)
	}
	return nil
}
