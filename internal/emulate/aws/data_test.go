package aws

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// deployer seeds a role with the given policy and opens a session of it.
func (r *rig) deployer(t *testing.T, policy string, bounded bool) keys {
	t.Helper()
	role := Role{Account: dev, Name: "deployer", Path: "/", ID: newID("AROA"), MaxSession: 3600, Inline: map[string]string{"p": policy}, Created: r.Now()}
	role.ARN = roleARN(dev, "/", role.Name)
	role.Trust = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"` + dev + `"},"Action":"sts:AssumeRole"}]}`
	if bounded {
		role.Boundary = boundary
	}
	r.Server.mu.Lock()
	defer r.Server.mu.Unlock()
	if err := put(r.Server, r.roles, roleKey(dev, role.Name), role); err != nil {
		t.Fatal(err)
	}
	c := &call{s: r.Server, now: r.Now(), wall: r.Now()}
	held := must[session](t)(c.open(role, assumption{name: "run", duration: 900}, nil))
	return keys{held.AccessKeyID, held.Secret, held.Token}
}

func TestObjects(t *testing.T) {
	r := start(t)
	site := r.deployer(t, `{"Version":"2012-10-17","Statement":[
	 {"Effect":"Allow","Action":"s3:ListBucket","Resource":"arn:aws:s3:::shop-site","Condition":{"StringLike":{"s3:prefix":"web/*"},"StringEquals":{"aws:ResourceAccount":"`+dev+`"}}},
	 {"Effect":"Allow","Action":["s3:PutObject","s3:GetObject","s3:DeleteObject"],"Resource":["arn:aws:s3:::shop-site/web/*","arn:aws:s3:::shop-prod-site/*"]}]}`, true)
	for _, tt := range []struct {
		method, path, body string
		status             int
		want               string
	}{
		{"PUT", "/shop-site/web/a%20b%2Bc.txt", "data", 200, ""},
		{"GET", "/shop-site/web/a%20b%2Bc.txt", "", 200, "data"},
		{"HEAD", "/shop-site/web/index.html", "", 200, ""},
		{"PUT", "/shop-site/admin/x", "data", 403, "<Code>AccessDenied</Code>"},
		{"GET", "/shop-site/web/none", "", 403, "<Code>AccessDenied</Code>"}, // without the right to list all
		{"GET", "/shop-site?list-type=2&prefix=web%2F&delimiter=%2F&encoding-type=url", "", 200, "<Key>web/a%20b%2Bc.txt</Key>"},
		{"GET", "/shop-site?list-type=2&prefix=", "", 403, "<Code>AccessDenied</Code>"},
		{"PUT", "/shop-prod-site/x", "data", 403, "<Code>AccessDenied</Code>"}, // another account's bucket
		{"GET", "/nobody/x", "", 404, "<Code>NoSuchBucket</Code>"},
		{"GET", "/shop-site/web/index.html?acl", "", 501, "<Code>NotImplemented</Code>"},
		{"DELETE", "/shop-site/web/index.html", "", 204, ""},
	} {
		status, body := do(t, r.signed(t, site, "s3", tt.method, tt.path, []byte(tt.body), nil))
		if status != tt.status || !strings.Contains(body, tt.want) {
			t.Errorf("%s %s: got %d %s", tt.method, tt.path, status, body)
		}
	}
	if status, body := do(t, r.signed(t, devAdmin, "s3", "GET", "/shop-site/web/none", nil, nil)); status != 404 || !strings.Contains(body, "NoSuchKey") {
		t.Errorf("got %d %s", status, body)
	}
	if keys := r.Snapshot().Accounts[0].Buckets[0].Keys; !cmp.Equal(keys, []string{"web/a b+c.txt"}) {
		t.Errorf("keys %q", keys)
	}
}

func TestListPages(t *testing.T) {
	r := start(t)
	for _, key := range []string{"a", "b/1", "b/2", "c"} {
		if status, body := do(t, r.signed(t, devAdmin, "s3", "PUT", "/shop-site/"+key, []byte("x"), nil)); status != 200 {
			t.Fatal(body)
		}
	}
	var got []string
	token := ""
	for range 9 {
		path := "/shop-site?list-type=2&delimiter=%2F&max-keys=1"
		if token != "" {
			path += "&continuation-token=" + percent(token, "")
		}
		_, body := do(t, r.signed(t, devAdmin, "s3", "GET", path, nil, nil))
		for _, tag := range []string{"Key", "CommonPrefixes"} {
			if v := between(body, "<"+tag+">", "</"+tag+">"); v != "" {
				got = append(got, v)
			}
		}
		if token = between(body, "<NextContinuationToken>", "</NextContinuationToken>"); token == "" {
			break
		}
	}
	want := []string{"a", "<Prefix>b/</Prefix>", "c", "<Prefix>web/</Prefix>"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("pages (-want +got):\n%s", diff)
	}
}

func between(text, from, to string) string {
	_, text, _ = strings.Cut(text, from)
	text, _, found := strings.Cut(text, to)
	if !found {
		return ""
	}
	return text
}

func TestFunctionCode(t *testing.T) {
	r := start(t)
	who := r.deployer(t, `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["lambda:UpdateFunctionCode","lambda:GetFunction"],"Resource":"arn:aws:lambda:`+region+`:`+dev+`:function:checkout"}]}`, true)
	status, body := do(t, r.signed(t, who, "lambda", "PUT", "/2015-03-31/functions/checkout/code", []byte(`{"ZipFile":"djI="}`), nil))
	var out functionJSON
	if err := json.Unmarshal([]byte(body), &out); err != nil || status != 200 || out.CodeSha256 != (Function{Code: []byte("v2")}).codeHash() {
		t.Errorf("got %d %s", status, body)
	}
	status, body = do(t, r.signed(t, who, "lambda", "GET", "/2015-03-31/functions/checkout/configuration", nil, nil))
	if status != 403 || !strings.Contains(body, "lambda:GetFunctionConfiguration") {
		t.Errorf("got %d %s", status, body)
	}
	status, _ = do(t, r.signed(t, who, "lambda", "PUT", "/2015-03-31/functions/payments/code", []byte(`{"ZipFile":"djI="}`), nil))
	if status != 403 {
		t.Errorf("the neighbour answered %d", status)
	}
	status, _ = do(t, r.signed(t, devAdmin, "lambda", "GET", "/2015-03-31/functions/payments", nil, nil))
	if status != 404 {
		t.Errorf("a missing function answered %d", status)
	}
}

func TestItems(t *testing.T) {
	r := start(t)
	who := r.deployer(t, `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["dynamodb:PutItem","dynamodb:GetItem","dynamodb:Query","dynamodb:DescribeTable"],"Resource":"arn:aws:dynamodb:`+region+`:`+dev+`:table/orders"}]}`, true)
	ask := func(k keys, operation, body string) (int, string) {
		return do(t, r.signed(t, k, "dynamodb", "POST", "/", []byte(body), map[string]string{"X-Amz-Target": dynamoTarget + operation, "Content-Type": "application/x-amz-json-1.0"}))
	}
	for _, tt := range []struct {
		who                   keys
		operation, body, want string
		status                int
	}{
		{who, "PutItem", `{"TableName":"orders","Item":{"id":{"S":"1"},"n":{"N":"2"}}}`, "{}", 200},
		{who, "GetItem", `{"TableName":"orders","Key":{"id":{"S":"1"}}}`, `"n":{"N":"2"}`, 200},
		{who, "Query", `{"TableName":"orders","KeyConditionExpression":"id = :i","ExpressionAttributeValues":{":i":{"S":"1"}}}`, `"Count":1`, 200},
		{who, "Query", `{"TableName":"orders","KeyConditionExpression":"n = :i","ExpressionAttributeValues":{":i":{"N":"2"}}}`, "ValidationException", 400},
		{who, "DescribeTable", `{"TableName":"orders"}`, `"TableStatus":"ACTIVE"`, 200},
		{who, "PutItem", `{"TableName":"orders","Item":{"n":{"N":"2"}}}`, "Missing the key id", 400},
		{who, "PutItem", `{"TableName":"orders","Item":{"id":{"S":"1"}},"ConditionExpression":"x"}`, "ConditionExpression", 400},
		{who, "DeleteTable", `{"TableName":"orders"}`, "AccessDeniedException", 400},
		{who, "GetItem", `{"TableName":"customers","Key":{"id":{"S":"1"}}}`, "AccessDeniedException", 400},
		{devAdmin, "GetItem", `{"TableName":"customers","Key":{"id":{"S":"1"}}}`, "ResourceNotFoundException", 400},
		{devAdmin, "UpdateItem", `{"TableName":"orders"}`, "UnknownOperationException", 400},
		{devAdmin, "DeleteTable", `{"TableName":"orders"}`, "DELETING", 200},
		{devAdmin, "DescribeTable", `{"TableName":"orders"}`, "ResourceNotFoundException", 400},
		{keys{"AKIANOBODY", secret, ""}, "DescribeTable", `{"TableName":"orders"}`, "UnrecognizedClientException", 400},
	} {
		if status, body := ask(tt.who, tt.operation, tt.body); status != tt.status || !strings.Contains(body, tt.want) {
			t.Errorf("%s %s: got %d %s", tt.operation, tt.body, status, body)
		}
	}
}

func TestBoundaryLimitsWhatAPolicyAllows(t *testing.T) {
	r := start(t)
	all := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`
	who := r.deployer(t, all, true)
	list := "Action=ListRoles&Version=2010-05-08"
	if status, body := do(t, r.signed(t, who, "iam", "POST", "/", []byte(list), form)); status != 403 || !strings.Contains(body, "with an explicit deny in a permissions boundary") {
		t.Errorf("got %d %s", status, body)
	}
	events := map[string]string{"X-Amz-Target": trailTarget + "LookupEvents", "Content-Type": "application/x-amz-json-1.1"}
	if status, body := do(t, r.signed(t, who, "cloudtrail", "POST", "/", []byte("{}"), events)); status != 400 || !strings.Contains(body, "because no permissions boundary allows") {
		t.Errorf("got %d %s", status, body)
	}
	who = r.deployer(t, all, false)
	if status, body := do(t, r.signed(t, who, "iam", "POST", "/", []byte(list), form)); status != 200 {
		t.Errorf("got %d %s", status, body)
	}
}

func TestOldSessionsCanBeShutOut(t *testing.T) {
	r := start(t)
	who := r.deployer(t, `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"},{"Effect":"Deny","Action":"*","Resource":"*","Condition":{"DateLessThan":{"aws:TokenIssueTime":"`+iso(r.Now().Add(1e9))+`"}}}]}`, false)
	if status, _ := do(t, r.signed(t, who, "s3", "GET", "/shop-site/web/index.html", nil, nil)); status != 403 {
		t.Errorf("an old session got %d", status)
	}
	r.advance(2e9)
	who = func() keys {
		role, _ := r.roles.Get(roleKey(dev, "deployer"))
		r.Server.mu.Lock()
		defer r.Server.mu.Unlock()
		held := must[session](t)((&call{s: r.Server, now: r.Now(), wall: r.Now()}).open(role, assumption{name: "new", duration: 900}, nil))
		return keys{held.AccessKeyID, held.Secret, held.Token}
	}()
	if status, body := do(t, r.signed(t, who, "s3", "GET", "/shop-site/web/index.html", nil, nil)); status != 200 {
		t.Errorf("a new session got %d %s", status, body)
	}
}
