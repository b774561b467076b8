package aws

import (
	"errors"
	"strings"
	"time"
)

const tokenLeeway = 30 * time.Second

func invalidToken(format string, args ...any) *refusal {
	return refuse(400, "InvalidIdentityToken", format, args...)
}

// webSignIn is a sign-in with a token, as far as it got.
type webSignIn struct {
	assumption
	token    idToken
	provider Provider
	role     Role
	held     session
}

// assumeRoleWithWebIdentity exchanges an OIDC token for a session. It is not
// signed: the token is all that the caller has. The issuer is asked while the
// lock is free, since it may live in the same process.
func assumeRoleWithWebIdentity(c *call) (any, error) {
	var in webSignIn
	err := c.signIn(&in)
	if in.provider.ARN != "" {
		c.s.mu.Lock()
		c.recordSignIn(in, err)
		c.s.mu.Unlock()
	}
	if err != nil {
		return nil, err
	}
	return struct {
		Subject         string `xml:"SubjectFromWebIdentityToken"`
		Audience        string
		AssumedRoleUser assumedXML
		Credentials     credentialsXML
		Provider        string
	}{in.token.subject, in.audience(), in.held.assumed(in.role), in.held.credentials(), in.provider.ARN}, nil
}

func (c *call) signIn(in *webSignIn) (err error) {
	if in.assumption, err = c.assumption(); err != nil {
		return err
	}
	text, err := c.text("WebIdentityToken", 4, 20000)
	if err != nil {
		return err
	}
	if in.token, err = parseToken(text); err != nil {
		return invalidToken("The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)")
	}
	if err := c.findProvider(in); err != nil {
		return err
	}
	keys, err := c.s.issuerKeys(c.r, in.token.issuer)
	if errors.Is(err, errIssuerName) {
		return invalidToken("Provided Token's Issuer does not match the issuer that its discovery document names")
	} else if err != nil {
		return refuse(400, "IDPCommunicationError", "Couldn't retrieve verification key from your identity provider, please reference AssumeRoleWithWebIdentity documentation for requirements")
	}
	if in.token.verify(keys) != nil {
		return invalidToken("Couldn't verify the signature of the ID Token with the keys of your identity provider")
	}
	if err := c.timely(in.token); err != nil {
		return err
	}
	return c.openWebSession(in)
}

// findProvider looks in the account of the role for the provider of the token's issuer.
func (c *call) findProvider(in *webSignIn) error {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	if err := c.admit(arnAccount(in.arn)); err != nil {
		return err
	}
	issuer, https := strings.CutPrefix(in.token.issuer, "https://")
	p, ok := c.s.providers.Seen(providerARN(arnAccount(in.arn), issuer))
	if !https || !ok {
		return invalidToken("No OpenIDConnect provider found in your account for %s", in.token.issuer)
	}
	in.provider = p
	return nil
}

func (c *call) timely(t idToken) error {
	if now := c.now; !now.Before(t.expires.Add(tokenLeeway)) {
		return refuse(400, "ExpiredTokenException", "Token expired: current date/time %d must be before the expiration date/time %d", now.Unix(), t.expires.Unix())
	}
	if c.now.Add(tokenLeeway).Before(t.notBefore) {
		return invalidToken("Token is not yet valid: current date/time %d must not be before %d", c.now.Unix(), t.notBefore.Unix())
	}
	return nil
}

// openWebSession judges the token by what is stored now: the provider and the
// role may have changed while the issuer was asked.
func (c *call) openWebSession(in *webSignIn) error {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	p, ok := c.s.providers.Seen(in.provider.ARN)
	if !ok {
		return invalidToken("No OpenIDConnect provider found in your account for %s", in.token.issuer)
	}
	if !in.token.matchesAudience(p.ClientIDs) {
		return invalidToken("Incorrect token audience")
	}
	role, ok := c.s.roleNamed(in.arn)
	if !ok || c.judgeToken(*in, role) != allows {
		return refuse(403, "AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity")
	}
	if in.duration > role.MaxSession {
		return invalid("The requested DurationSeconds exceeds the MaxSessionDuration set for this role.")
	}
	held, err := c.open(role, in.assumption, map[string]string{
		p.URL + ":sub": in.token.subject, p.URL + ":aud": in.audience(), "aws:FederatedProvider": p.ARN,
	})
	in.role, in.held = role, held
	return err
}

// judgeToken asks the stored trust policy about a verified token.
func (c *call) judgeToken(in webSignIn, role Role) verdict {
	keys := contextKeys{}
	c.globalKeys(keys)
	keys.set(in.provider.URL+":sub", in.token.subject)
	if in.token.azp != "" {
		keys.set(in.provider.URL+":aud", in.token.azp)
		keys.set(in.provider.URL+":oaud", in.token.audience...)
	} else {
		keys.set(in.provider.URL+":aud", in.token.audience...)
	}
	keys.set("aws:FederatedProvider", in.provider.ARN)
	keys.set("aws:PrincipalType", "WebIdentityUser")
	keys.set("aws:ResourceAccount", role.Account)
	keys.set("sts:RoleSessionName", in.name)
	for _, tag := range role.Tags {
		keys.set("aws:ResourceTag/"+tag.Key, tag.Value)
		keys.set("iam:ResourceTag/"+tag.Key, tag.Value)
	}
	return judgeAll([]string{role.Trust}, question{
		action: "sts:AssumeRoleWithWebIdentity", keys: keys, who: []principal{{"Federated", in.provider.ARN}},
	})
}

func (in webSignIn) audience() string {
	if in.token.azp != "" || len(in.token.audience) == 0 {
		return in.token.azp
	}
	return in.token.audience[0]
}
