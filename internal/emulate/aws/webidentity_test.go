package aws

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	trailtypes "github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

const (
	issuerPath = "vstoken.dev.azure.com/6804a3a0-e94c-41ae-9343-c5676fd58375"
	audience   = "api://AzureADTokenExchange"
	subject    = "sc://Contoso-Ltd/My Project/aws-prod"
)

var b64 = base64.RawURLEncoding

// issuer is a small OIDC issuer with one key.
type issuer struct {
	key    *rsa.PrivateKey
	web    *httptest.Server
	says   string // the issuer that its discovery document names
	broken bool
}

func newIssuer(t *testing.T) *issuer {
	t.Helper()
	is := &issuer{says: "https://" + issuerPath}
	is.key = must[*rsa.PrivateKey](t)(rsa.GenerateKey(rand.Reader, 2048))
	is.web = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case is.broken:
			http.Error(w, "broken", http.StatusBadGateway)
		case strings.HasSuffix(r.URL.Path, "/.well-known/openid-configuration"):
			_ = json.NewEncoder(w).Encode(map[string]any{"issuer": is.says, "jwks_uri": "https://vstoken.dev.azure.com/.well-known/jwks"})
		case r.URL.Path == "/.well-known/jwks":
			_ = json.NewEncoder(w).Encode(map[string]any{"keys": []any{map[string]any{
				"kty": "RSA", "kid": "k1", "use": "sig", "alg": "RS256",
				"n": b64.EncodeToString(is.key.N.Bytes()), "e": b64.EncodeToString(big.NewInt(int64(is.key.E)).Bytes()),
			}}})
		default:
			http.NotFound(w, r)
		}
	}))
	t.Cleanup(is.web.Close)
	return is
}

// client dials every host at the issuer.
func (is *issuer) client() *http.Client {
	c := is.web.Client()
	tr := c.Transport.(*http.Transport).Clone()
	tr.TLSClientConfig.ServerName = "example.com"
	tr.DialContext = func(ctx context.Context, network, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, network, is.web.Listener.Addr().String())
	}
	return &http.Client{Transport: tr}
}

func (is *issuer) token(t *testing.T, now time.Time, change func(header, claims map[string]any)) string {
	t.Helper()
	header := map[string]any{"alg": "RS256", "typ": "JWT", "kid": "k1"}
	claims := map[string]any{
		"jti": "1", "iss": "https://" + issuerPath, "sub": subject, "aud": audience,
		"iat": now.Unix(), "nbf": now.Add(-10 * time.Minute).Unix(), "exp": now.Add(5 * time.Minute).Unix(),
	}
	if change != nil {
		change(header, claims)
	}
	h := must[[]byte](t)(json.Marshal(header))
	p := must[[]byte](t)(json.Marshal(claims))
	signed := b64.EncodeToString(h) + "." + b64.EncodeToString(p)
	digest := sha256.Sum256([]byte(signed))
	return signed + "." + b64.EncodeToString(must[[]byte](t)(rsa.SignPKCS1v15(rand.Reader, is.key, crypto.SHA256, digest[:])))
}

func trustFor(sub string) string {
	return `{"Version":"2012-10-17","Statement":[{"Sid":"AdoServiceConnection","Effect":"Allow","Principal":{"Federated":"arn:aws:iam::` + dev + `:oidc-provider/` + issuerPath + `"},"Action":"sts:AssumeRoleWithWebIdentity","Condition":{"StringEquals":{"` + issuerPath + `:aud":"` + audience + `","` + issuerPath + `:sub":"` + sub + `"}}}]}`
}

// federated is an emulator with a provider and a role that trusts one connection.
func federated(t *testing.T) (*rig, *issuer) {
	t.Helper()
	is := newIssuer(t)
	r := start(t, func(o *Options) { o.Issuers = is.client() })
	ctx, admin := context.Background(), r.iam(devAdmin)
	must[*iam.CreateOpenIDConnectProviderOutput](t)(admin.CreateOpenIDConnectProvider(ctx, &iam.CreateOpenIDConnectProviderInput{
		Url: sdk.String("https://" + issuerPath), ClientIDList: []string{audience},
	}))
	must[*iam.CreateRoleOutput](t)(admin.CreateRole(ctx, &iam.CreateRoleInput{
		RoleName: sdk.String("ado-x"), Path: sdk.String("/ado-federation/"), PermissionsBoundary: sdk.String(boundary),
		AssumeRolePolicyDocument: sdk.String(trustFor(subject)),
	}))
	return r, is
}

func signIn(r *rig, token, role string, seconds int32) (*sts.AssumeRoleWithWebIdentityOutput, error) {
	in := &sts.AssumeRoleWithWebIdentityInput{
		RoleArn: sdk.String("arn:aws:iam::" + dev + ":role/ado-federation/" + role), RoleSessionName: sdk.String("aws-vsts-tools"),
		WebIdentityToken: sdk.String(token),
	}
	if seconds > 0 {
		in.DurationSeconds = sdk.Int32(seconds)
	}
	return r.sts(keys{}).AssumeRoleWithWebIdentity(context.Background(), in)
}

func TestWebIdentity(t *testing.T) {
	r, is := federated(t)
	ctx := context.Background()
	out := must[*sts.AssumeRoleWithWebIdentityOutput](t)(signIn(r, is.token(t, r.Now(), nil), "ado-x", 900))
	role, _ := r.roles.Get(roleKey(dev, "ado-x"))
	if got := *out.AssumedRoleUser.Arn; got != "arn:aws:sts::"+dev+":assumed-role/ado-x/aws-vsts-tools" {
		t.Errorf("assumed %s", got)
	}
	if *out.SubjectFromWebIdentityToken != subject || *out.Audience != audience || *out.Provider != "arn:aws:iam::"+dev+":oidc-provider/"+issuerPath {
		t.Errorf("token echoed as %q %q %q", *out.SubjectFromWebIdentityToken, *out.Audience, *out.Provider)
	}
	if !out.Credentials.Expiration.Equal(r.Now().Add(15 * time.Minute)) {
		t.Errorf("expires %s", out.Credentials.Expiration)
	}
	session := keys{*out.Credentials.AccessKeyId, *out.Credentials.SecretAccessKey, *out.Credentials.SessionToken}
	who := must[*sts.GetCallerIdentityOutput](t)(r.sts(session).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{}))
	if *who.UserId != role.ID+":aws-vsts-tools" || *who.Account != dev {
		t.Errorf("identity %s in %s", *who.UserId, *who.Account)
	}
	got := must[*iam.GetRoleOutput](t)(r.iam(devAdmin).GetRole(ctx, &iam.GetRoleInput{RoleName: sdk.String("ado-x")}))
	if got.Role.RoleLastUsed == nil || got.Role.RoleLastUsed.LastUsedDate == nil || *got.Role.RoleLastUsed.Region != region {
		t.Errorf("last used %+v", got.Role.RoleLastUsed)
	}
	_, err := r.iam(session).ListRoles(ctx, &iam.ListRolesInput{})
	wantCode(t, err, "AccessDenied")
}

func TestWebIdentityRefusals(t *testing.T) {
	r, is := federated(t)
	other := newIssuer(t)
	now := r.Now()
	claim := func(name string, value any) func(_, c map[string]any) {
		return func(_, c map[string]any) { c[name] = value }
	}
	for _, tt := range []struct {
		name, token, role, want string
		seconds                 int32
	}{
		{"sibling connection", is.token(t, now, claim("sub", "sc://Contoso-Ltd/My Project/aws-dev")), "ado-x", "AccessDenied", 0},
		{"other case", is.token(t, now, claim("sub", strings.ToLower(subject))), "ado-x", "AccessDenied", 0},
		{"pipeline token", is.token(t, now, claim("sub", "p://Contoso-Ltd/My Project/build")), "ado-x", "AccessDenied", 0},
		{"missing role", is.token(t, now, nil), "ado-y", "AccessDenied", 0},
		{"wrong path", is.token(t, now, nil), "../ado-x", "AccessDenied", 0},
		{"other organization", is.token(t, now, claim("iss", "https://vstoken.dev.azure.com/other")), "ado-x", "InvalidIdentityToken", 0},
		{"wrong audience", is.token(t, now, claim("aud", "api://other")), "ado-x", "InvalidIdentityToken", 0},
		{"foreign key", other.token(t, now, nil), "ado-x", "InvalidIdentityToken", 0},
		{"no signature", is.token(t, now, func(h, _ map[string]any) { h["alg"] = "none" }), "ado-x", "InvalidIdentityToken", 0},
		{"symmetric", is.token(t, now, func(h, _ map[string]any) { h["alg"] = "HS256" }), "ado-x", "InvalidIdentityToken", 0},
		{"garbage", "garbage", "ado-x", "InvalidIdentityToken", 0},
		{"expired", is.token(t, now.Add(-time.Hour), nil), "ado-x", "ExpiredTokenException", 0},
		{"not yet", is.token(t, now, claim("nbf", now.Add(time.Hour).Unix())), "ado-x", "InvalidIdentityToken", 0},
		{"too short", is.token(t, now, nil), "ado-x", "ValidationError", 899},
		{"longer than the role", is.token(t, now, nil), "ado-x", "ValidationError", 3601},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := signIn(r, tt.token, tt.role, tt.seconds)
			wantCode(t, err, tt.want)
		})
	}
	is.says = "https://vstoken.dev.azure.com/other"
	_, err := signIn(r, is.token(t, now, nil), "ado-x", 0)
	wantCode(t, err, "InvalidIdentityToken")
	is.broken = true
	_, err = signIn(r, is.token(t, now, nil), "ado-x", 0)
	wantCode(t, err, "IDPCommunicationError")
}

func TestWebIdentityMessages(t *testing.T) {
	r, is := federated(t)
	for want, change := range map[string]func(_, c map[string]any){
		"No OpenIDConnect provider found in your account for https://vstoken.dev.azure.com/x": func(_, c map[string]any) { c["iss"] = "https://vstoken.dev.azure.com/x" },
		"Incorrect token audience":                                func(_, c map[string]any) { c["aud"] = "x" },
		"Not authorized to perform sts:AssumeRoleWithWebIdentity": func(_, c map[string]any) { c["sub"] = "x" },
	} {
		_, err := signIn(r, is.token(t, r.Now(), change), "ado-x", 0)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}

func TestSignInIsOnTheTrail(t *testing.T) {
	r, is := federated(t)
	ctx := context.Background()
	must[*sts.AssumeRoleWithWebIdentityOutput](t)(signIn(r, is.token(t, r.Now(), nil), "ado-x", 900))
	r.advance(time.Second)
	_, _ = signIn(r, is.token(t, r.Now(), func(_, c map[string]any) { c["sub"] = "sc://Contoso-Ltd/My Project/other" }), "ado-x", 900)
	lookup := func(k trailtypes.LookupAttributeKey, v string) []trailtypes.Event {
		return must[*cloudtrail.LookupEventsOutput](t)(r.trail(devAdmin).LookupEvents(ctx, &cloudtrail.LookupEventsInput{
			LookupAttributes: []trailtypes.LookupAttribute{{AttributeKey: k, AttributeValue: &v}},
		})).Events
	}
	all := lookup(trailtypes.LookupAttributeKeyEventName, "AssumeRoleWithWebIdentity")
	if len(all) != 2 {
		t.Fatalf("%d events", len(all))
	}
	var failed, done struct {
		ErrorCode    string
		UserIdentity struct{ Type, UserName, IdentityProvider string }
		Response     *struct {
			AssumedRoleUser struct{ Arn string }
		} `json:"responseElements"`
	}
	if err := json.Unmarshal([]byte(*all[0].CloudTrailEvent), &failed); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(*all[1].CloudTrailEvent), &done); err != nil {
		t.Fatal(err)
	}
	if failed.ErrorCode != "AccessDenied" || failed.Response != nil || failed.UserIdentity.UserName != "sc://Contoso-Ltd/My Project/other" {
		t.Errorf("failure recorded as %+v", failed)
	}
	if done.UserIdentity.Type != "WebIdentityUser" || done.Response == nil || !strings.HasSuffix(done.Response.AssumedRoleUser.Arn, "/aws-vsts-tools") {
		t.Errorf("success recorded as %+v", done)
	}
	if strings.Contains(*all[1].CloudTrailEvent, "IQoJb3") {
		t.Error("the session token is on the trail")
	}
	if n := len(lookup(trailtypes.LookupAttributeKeyUsername, subject)); n != 1 {
		t.Errorf("%d events by subject", n)
	}
	if n := len(lookup(trailtypes.LookupAttributeKeyResourceName, "ado-x")); n != 1 {
		t.Errorf("%d events of the role by name, want its creation", n)
	}
}

func TestSessionsEnd(t *testing.T) {
	r, is := federated(t)
	ctx := context.Background()
	identity := func(r *rig, k keys) error {
		_, err := r.sts(k).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
		return err
	}
	open := func() keys {
		out := must[*sts.AssumeRoleWithWebIdentityOutput](t)(signIn(r, is.token(t, r.Now(), nil), "ado-x", 900))
		return keys{*out.Credentials.AccessKeyId, *out.Credentials.SecretAccessKey, *out.Credentials.SessionToken}
	}
	session := open()
	wantCode(t, identity(r.again(t), session), "") // credentials are good after a restart
	wantCode(t, identity(r, keys{session.id, session.secret, "other"}), "InvalidClientTokenId")
	wantCode(t, identity(r, keys{session.id, session.secret, ""}), "InvalidClientTokenId")

	r.mu.Lock()
	held, _ := r.sessions.Get(session.id)
	r.mu.Unlock()
	held.Expires = r.Now()
	if err := r.sessions.Put(session.id, held); err != nil {
		t.Fatal(err)
	}
	wantCode(t, identity(r, session), "ExpiredToken")

	other := open()
	must[*iam.DeleteRoleOutput](t)(r.iam(devAdmin).DeleteRole(ctx, &iam.DeleteRoleInput{RoleName: sdk.String("ado-x")}))
	wantCode(t, identity(r, other), "InvalidClientTokenId")
	must[*iam.CreateRoleOutput](t)(r.iam(devAdmin).CreateRole(ctx, &iam.CreateRoleInput{
		RoleName: sdk.String("ado-x"), Path: sdk.String("/ado-federation/"), AssumeRolePolicyDocument: sdk.String(trustFor(subject)),
	}))
	wantCode(t, identity(r, other), "InvalidClientTokenId") // a new role of the old name is another role
}
