package sandbox

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"

	emado "fedbot/internal/emulate/azuredevops"
	"fedbot/workflows"
)

// Attack tries to get in from next door, with tokens that Azure DevOps would
// really issue, and through the role that somebody once made by hand.
func (s *Sandbox) Attack(ctx context.Context, id workflows.FederationID) ([]Try, error) {
	f, err := s.federation(ctx, id)
	if err != nil {
		return nil, err
	}
	step, ok := workflows.Step{}, false
	if f.Plan != nil {
		step, ok = f.Plan.Step(workflows.RoleID)
	}
	if f.State != workflows.Active || !ok {
		return nil, fmt.Errorf("%s is %s: there is nothing to attack", f.ID, f.State)
	}
	connection := f.Steps.Get(workflows.ConnectionID).Ref
	mint := func(o emado.TokenOptions) (string, error) {
		return s.azure.MintServiceConnectionToken(organization, f.Names.Project, connection, o)
	}
	neighbour, err1 := s.azure.MintServiceConnectionToken(organization, dataLake, dataConnection, emado.TokenOptions{})
	pipeline, err2 := s.azure.MintPipelineToken(organization, webShop, storefront, emado.TokenOptions{})
	old, err3 := mint(emado.TokenOptions{IssuedAt: s.clock.Now().Add(-time.Hour)})
	other, err4 := mint(emado.TokenOptions{Audience: "sts.amazonaws.com"})
	if err := errors.Join(err1, err2, err3, err4); err != nil {
		return nil, err
	}
	role := step.Role.ARN
	out := []Try{
		s.knock(ctx, "connection aws-data of Data Lake", role, neighbour, "another subject: sc://contoso/Data Lake/aws-data"),
		s.knock(ctx, "a pipeline token, no connection", role, pipeline, "another subject: p://contoso/Web Shop/storefront-deploy"),
		s.knock(ctx, "the same token, an hour later", role, old, "the token had ended"),
		s.knock(ctx, "a token for another audience", role, other, "the provider does not know the audience"),
	}
	hand := s.knock(ctx, "the hand-made role deploy-all", "arn:aws:iam::"+devAccount+":role/deploy-all", neighbour, "it trusts all of contoso, and fedbot did not make it")
	hand.Next = "That is the role that fedbot replaces: it lets in every connection of every project."
	out = append(out, hand)
	s.mu.Lock()
	s.attacked[f.ID] = true
	s.mu.Unlock()
	s.note("Five neighbours tried to get in")
	return out, nil
}

// knock exchanges a token for credentials of a role and tells AWS's own answer.
func (s *Sandbox) knock(ctx context.Context, who, role, token, why string) Try {
	_, err := s.signIn(ctx, role, token)
	t := Try{What: who, Allowed: err == nil, Detail: why}
	t.Answer = "ALLOWED"
	if err != nil {
		t.Answer = "refused " + errorCode(err)
	}
	return t
}

func errorCode(err error) string {
	var api smithy.APIError
	if errors.As(err, &api) {
		return api.ErrorCode()
	}
	return err.Error()
}

func (s *Sandbox) signIn(ctx context.Context, role, token string) (aws.Credentials, error) {
	client := sts.New(sts.Options{Region: "eu-west-1", BaseEndpoint: aws.String(s.url(s.ports.AWS)), RetryMaxAttempts: 1})
	out, err := client.AssumeRoleWithWebIdentity(ctx, &sts.AssumeRoleWithWebIdentityInput{
		RoleArn: &role, RoleSessionName: aws.String("sandbox"), WebIdentityToken: &token, DurationSeconds: aws.Int32(900)})
	if err != nil {
		return aws.Credentials{}, err
	}
	return aws.Credentials{AccessKeyID: *out.Credentials.AccessKeyId, SecretAccessKey: *out.Credentials.SecretAccessKey,
		SessionToken: *out.Credentials.SessionToken}, nil
}

// tryNeighbours calls what was permitted and what lies next to it.
func (s *Sandbox) tryNeighbours(ctx context.Context, f workflows.Federation, token string) []Try {
	step, _ := f.Plan.Step(workflows.RoleID)
	creds, err := s.signIn(ctx, step.Role.ARN, token)
	if err != nil {
		return []Try{{What: "sign in", Answer: "refused " + errorCode(err), Wanted: true}}
	}
	tries := []Try{{What: "sign in", Answer: "allowed", Detail: "as " + step.Role.Name, Allowed: true, Wanted: true}}
	for _, c := range neighbourCalls(f) {
		code, err := s.call(ctx, creds, c)
		t := Try{What: c.say, Allowed: err == nil && code == "", Wanted: c.wanted, Detail: c.where}
		t.Answer = answerWord(t.Allowed)
		if err != nil {
			t.Answer, t.Detail = "no answer", err.Error()
		} else if code != "" {
			t.Detail = code + ": not in this role's permissions"
		}
		tries = append(tries, t)
	}
	return tries
}

// apiCall is one signed call to an AWS service.
type apiCall struct {
	say, where, service, method, path, target, body string
	wanted                                          bool
}

func neighbourCalls(f workflows.Federation) []apiCall {
	var out []apiCall
	dynamo := func(say, op, body string, wanted bool) apiCall {
		return apiCall{say, "DynamoDB", "dynamodb", http.MethodPost, "/", "DynamoDB_20120810." + op, body, wanted}
	}
	for _, g := range f.Approved.Grants {
		switch g.Template {
		case "s3-static-site":
			bucket, prefix := g.Params["bucket"], g.Params["prefix"]
			out = append(out, apiCall{"put " + prefix + "index.html", "bucket " + bucket, "s3", http.MethodPut, "/" + bucket + "/" + prefix + "index.html", "", "<h1>Shop, deployed</h1>\n", true},
				apiCall{"put private/prices.csv", "bucket " + bucket, "s3", http.MethodPut, "/" + bucket + "/private/prices.csv", "", "free\n", prefix == ""})
		case "lambda-code":
			out = append(out, apiCall{"read function " + g.Params["function"], "Lambda", "lambda", http.MethodGet, "/2015-03-31/functions/" + g.Params["function"], "", "", true},
				apiCall{"read function payroll", "Lambda", "lambda", http.MethodGet, "/2015-03-31/functions/payroll", "", "", false})
		case "dynamodb-data":
			out = append(out, dynamo("read table "+g.Params["table"], "DescribeTable", `{"TableName":"`+g.Params["table"]+`"}`, true))
		}
	}
	return append(out, dynamo("delete table checkout-orders", "DeleteTable", `{"TableName":"checkout-orders"}`, false))
}

// call returns AWS's error code, empty when the call was allowed.
func (s *Sandbox) call(ctx context.Context, creds aws.Credentials, c apiCall) (string, error) {
	req, err := http.NewRequestWithContext(ctx, c.method, s.url(s.ports.AWS)+c.path, strings.NewReader(c.body))
	if err != nil {
		return "", err
	}
	if c.target != "" {
		req.Header.Set("X-Amz-Target", c.target)
		req.Header.Set("Content-Type", "application/x-amz-json-1.0")
	}
	sum := sha256.Sum256([]byte(c.body))
	hash := hex.EncodeToString(sum[:])
	req.Header.Set("X-Amz-Content-Sha256", hash)
	if err := v4.NewSigner().SignHTTP(ctx, creds, req, hash, c.service, "eu-west-1", time.Now()); err != nil {
		return "", err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(res.Body, 1<<20))
	if err != nil || res.StatusCode < 300 {
		return "", err
	}
	return answerCode(res, raw), nil
}

func answerCode(res *http.Response, raw []byte) string {
	var x struct{ Code string }
	if xml.Unmarshal(raw, &x) == nil && x.Code != "" {
		return x.Code
	}
	var j struct {
		Type string `json:"__type"`
	}
	if json.Unmarshal(bytes.TrimSpace(raw), &j) == nil && j.Type != "" {
		_, name, found := strings.Cut(j.Type, "#")
		if found {
			return name
		}
		return j.Type
	}
	if t := res.Header.Get("X-Amzn-Errortype"); t != "" {
		return t
	}
	return res.Status
}
