package azuredevops

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
)

// credentials are an access key; empty when a task has none.
type credentials struct{ id, secret, session string }

const (
	defaultSession = "aws-vsts-tools"
	noCredentials  = "CredentialsError: Missing credentials in config, if using AWS_CONFIG_FILE, set AWS_SDK_LOAD_CONFIG=1"
)

//lint:ignore ST1005 these are the toolkit's own words
var errHalfKey = errors.New(`Need to define or omit both "Access Key ID" and "Secret Access Key", not just one.`)

// credentials finds a task's credentials in the toolkit's order: the agent's own role,
// OIDC, the connection's keys, variables. It writes what the toolkit writes.
func (a *agent) credentials(ctx context.Context) bool {
	a.printf("Configuring credentials for task")
	name := a.input("awsCredentials")
	if name == "" {
		return a.fromVariables()
	}
	a.s.mu.Lock()
	k, ok := a.s.namedByTask(a.project.ID, name)
	ok = ok && a.s.usable(k)
	a.s.mu.Unlock()
	if !ok {
		a.fail("Error: Endpoint auth data not present: %s. The service connection does not exist or has been disabled", name)
		return false
	}
	a.used = append(a.used, k.ID)
	a.mask(k.Parameters["password"], k.Parameters["sessionToken"])
	p := k.Parameters
	if err := a.endpointAuth(k); err != nil {
		a.fail("Error: %v", err)
		return false
	}
	keyless := p["username"] == "" && p["password"] == ""
	oidc := p["useOIDC"]
	if !knowsOIDC(a.org.toolkit()) {
		oidc = ""
	}
	if oidc == "true" {
		a.printf("Skipping Instance profile, we have OIDC enabled")
	} else if keyless && p["assumeRoleArn"] != "" {
		a.printf("Assuming role without credentials (via instance profile)...")
		a.fail("%s", noCredentials) // a hosted agent has none of its own
		return false
	}
	if knowsOIDC(a.org.toolkit()) {
		_ = a.endpointAuth(k)
		if oidc == "" {
			a.printf("Skipping OIDC: not enabled in service connections")
		} else if keyless && p["assumeRoleArn"] != "" {
			if err := a.assumeByToken(ctx, k); err == nil {
				return true
			} else {
				a.printf("Failed to assume role with OIDC: %v", err)
			}
		}
	}
	return a.fromConnection(ctx, k)
}

func (a *agent) endpointAuth(k connection) error {
	a.printf("...configuring AWS credentials from service endpoint '%s'", k.ID)
	if (k.Parameters["username"] == "") != (k.Parameters["password"] == "") {
		return errHalfKey
	}
	return nil
}

// fromConnection always yields something, built from empty keys if need be: a failed
// OIDC exchange becomes a later and different error here.
func (a *agent) fromConnection(ctx context.Context, k connection) bool {
	p := k.Parameters
	_ = a.endpointAuth(k)
	a.creds = credentials{p["username"], p["password"], p["sessionToken"]}
	if p["assumeRoleArn"] == "" {
		a.printf("...endpoint defines standard access/secret key credentials")
		a.configureRegion()
		return true
	}
	a.printf("...endpoint defines role-based credentials for role %s.", p["assumeRoleArn"])
	a.configureRegion()
	if a.creds.id == "" {
		a.fail("%s", noCredentials)
		return false
	}
	form := url.Values{"Action": {"AssumeRole"}, "Version": {"2011-06-15"}, "RoleArn": {p["assumeRoleArn"]},
		"RoleSessionName": {sessionName(p)}, "DurationSeconds": {a.duration()}}
	if p["externalId"] != "" {
		form.Set("ExternalId", p["externalId"])
	}
	body, f := a.query(ctx, "sts", form)
	if f == nil {
		_, f = a.take(body)
	}
	if f != nil {
		a.fail("%s: %s", f.code, f.message)
		return false
	}
	return true
}

func (a *agent) fromVariables() bool {
	if a.variable("AWS.AccessKeyID") == "" {
		a.printf("No credentials configured.The task will attempt to use credentials found in the build host environment.")
		a.configureRegion()
		return true
	}
	if a.variable("AWS.SecretAccessKey") == "" {
		a.fail("Error: AWS access key ID present in task variables but secret key value is missing; cannot configure task credentials.")
		return false
	}
	a.printf("...configuring AWS credentials from task variables")
	a.creds = credentials{a.variable("AWS.AccessKeyID"), a.variable("AWS.SecretAccessKey"), a.variable("AWS.SessionToken")}
	a.mask(a.creds.secret, a.creds.session)
	a.configureRegion()
	return true
}

func (a *agent) configureRegion() {
	a.printf("Configuring region for task")
	if r := a.input("regionName"); r != "" {
		a.region = strings.ToLower(r)
		a.printf("...configured to use region %s, defined in task.", a.region)
	} else if r := a.variable("AWS.Region"); r != "" {
		a.region = r
		a.printf("...configured to use region %s, defined in task variable AWS.Region.", r)
	} else {
		a.printf("No region specified in the task configuration or environment")
	}
}

func sessionName(p map[string]string) string {
	if p["roleSessionName"] != "" {
		return p["roleSessionName"]
	}
	return defaultSession
}

// duration of a session in seconds: 900, or the variable if it is sensible.
func (a *agent) duration() string {
	text := a.variable("aws.rolecredential.maxduration")
	if text == "" {
		return "900"
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 900 || n > 43200 {
		a.printf("Invalid credential duration '%s', minimum is 900, max 43200", text)
		return "900"
	}
	return text
}

// assumeByToken is the exchange of a token for a session.
func (a *agent) assumeByToken(ctx context.Context, k connection) error {
	a.printf("Getting OIDC Token...")
	a.s.mu.Lock()
	fresh, _ := a.s.runs.Get(number(a.run.ID))
	jwt, err := a.s.jobTokenFor(a.org, a.project, fresh, k.ID)
	a.s.mu.Unlock()
	if err != nil {
		return fmt.Errorf("Error: %w", err) //nolint:staticcheck // the toolkit's words
	}
	a.mask(jwt)
	var claims struct{ Iss, Sub, Aud string }
	raw, _ := base64.RawURLEncoding.DecodeString(strings.Split(jwt, ".")[1])
	_ = json.Unmarshal(raw, &claims)
	a.printf("OIDC Token generated: issuer: {%s} sub: {%s}, aud: {%s}", claims.Iss, claims.Sub, claims.Aud)
	a.configureRegion()
	a.printf("Assuming role via OIDC Token...")
	body, f := a.unsigned(ctx, url.Values{"Action": {"AssumeRoleWithWebIdentity"}, "Version": {"2011-06-15"}, "RoleArn": {k.Parameters["assumeRoleArn"]},
		"RoleSessionName": {sessionName(k.Parameters)}, "WebIdentityToken": {jwt}, "DurationSeconds": {a.duration()}})
	if f != nil {
		return f
	}
	arn, f := a.take(body)
	if f != nil {
		return f
	}
	a.printf("...role assumed via OIDC Token: %s", arn)
	return nil
}

// take reads a session out of an answer of STS and returns whose it is.
func (a *agent) take(body []byte) (arn string, f *awsFault) {
	var answer struct {
		Results []struct {
			Credentials struct{ AccessKeyId, SecretAccessKey, SessionToken string }
			User        struct{ Arn string } `xml:"AssumedRoleUser"`
		} `xml:",any"`
	}
	if err := xml.Unmarshal(body, &answer); err != nil || len(answer.Results) == 0 || answer.Results[0].Credentials.AccessKeyId == "" {
		return "", &awsFault{code: "UnknownError", message: "the answer of STS was not understood"}
	}
	c := answer.Results[0].Credentials
	a.creds = credentials{c.AccessKeyId, c.SecretAccessKey, c.SessionToken}
	a.mask(c.SecretAccessKey, c.SessionToken)
	return answer.Results[0].User.Arn, nil
}
