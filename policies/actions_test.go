package policies

import (
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

func TestFindAction(t *testing.T) {
	a, ok := FindAction("S3:putobject")
	if !ok || a.Name != "s3:PutObject" || a.Access != Writes || len(a.On) != 2 || a.On[1].ARN != "arn:${Partition}:s3:::${BucketName}/${ObjectName}" {
		t.Fatalf("%v %+v", ok, a)
	}
	for _, name := range []string{"s3:HeadBucket", "s3:ListObjects", "access-analyzer:ListFindingsV2", "s3", "", "nope:GetObject", "s3:*", "s3:PutObject:x"} {
		if a, ok := FindAction(name); ok {
			t.Errorf("%q is %+v, and should be nothing", name, a)
		}
	}
	for name, want := range map[string]Access{
		"s3:GetObject": Reads, "s3:ListBucket": Lists, "s3:PutObjectAcl": Permissions, "s3:PutObjectTagging": Tags, "iam:PutRolePolicy": Permissions,
	} {
		if a, _ := FindAction(name); a.Access != want {
			t.Errorf("%s is %q, want %q", name, a.Access, want)
		}
	}
	if a, _ := FindAction("ecr:GetAuthorizationToken"); len(a.On) != 0 {
		t.Errorf("%+v can be limited to a resource", a)
	}
}

func TestActionKeys(t *testing.T) {
	for _, tc := range []struct {
		action, on, key string
		want            bool
	}{
		{"secretsmanager:GetSecretValue", "*", "secretsmanager:VersionStage", true},
		{"secretsmanager:DescribeSecret", "*", "secretsmanager:VersionStage", false},
		{"dynamodb:PutItem", "*", "dynamodb:LeadingKeys", true},
		{"dynamodb:DescribeTable", "*", "DynamoDB:leadingkeys", false},
		{"dynamodb:DescribeTable", "*", "aws:ResourceAccount", true},
		{"ssm:SendCommand", "arn:aws:ec2:eu-west-1:111122223333:instance/*", "ssm:resourceTag/team", true},
		{"ssm:SendCommand", "arn:aws:ssm:eu-west-1:111122223333:document/Deploy", "ssm:SourceInstanceARN", false},
		{"iam:PassRole", "*", "iam:PassedToService", true},
		{"iam:UpdateAssumeRolePolicy", "*", "iam:PermissionsBoundary", true},
		{"ecr:CreateRepository", "*", "aws:RequestTag/ado-project", true},
		{"s3:PutObject", "*", "s3:x-amz-acl", true},
		{"s3:PutObject", "*", "s3:prefix", false},
	} {
		a, ok := FindAction(tc.action)
		if !ok {
			t.Fatalf("%s is unknown", tc.action)
		}
		if k, got := a.Key(tc.key, a.Resources(tc.on)); got != tc.want {
			t.Errorf("%s on %s is sent %s: %v (%v)", tc.action, tc.on, tc.key, got, k)
		}
	}
}

func TestResources(t *testing.T) {
	for _, tc := range []struct{ action, pattern, want string }{
		{"s3:ListBucket", "arn:aws:s3:::site", "bucket"},
		{"s3:GetObject", "arn:aws:s3:::site", ""},
		{"s3:GetObject", "arn:aws:s3:::site/*", "object"},
		{"lambda:InvokeFunction", "arn:aws:lambda:eu-west-1:111122223333:function:f:*", "function"},
		{"iam:PassRole", "arn:aws:iam::111122223333:user/x", ""},
	} {
		a, _ := FindAction(tc.action)
		var got []string
		for _, r := range a.Resources(tc.pattern) {
			got = append(got, r.Name)
		}
		if strings.Join(got, " ") != tc.want {
			t.Errorf("%s on %s: %q, want %q", tc.action, tc.pattern, got, tc.want)
		}
	}
}

func TestExpandAction(t *testing.T) {
	names := func(pattern string) (out []string) {
		for _, a := range ExpandAction(pattern) {
			out = append(out, a.Name)
		}
		return out
	}
	if got := names("sqs:send*"); !slices.Equal(got, []string{"sqs:SendMessage"}) {
		t.Error(got)
	}
	if got := names("sqs:SendMessage"); len(got) != 1 {
		t.Error(got)
	}
	if got, want := len(names("sqs:*")), len(ServiceActions("SQS")); got != want || want < 15 {
		t.Errorf("sqs:* is %d of %d actions", got, want)
	}
	if got := names("s?s:SendMessage"); !slices.Equal(got, []string{"sms:SendMessage", "sqs:SendMessage"}) {
		t.Error(got)
	}
	if got := len(names("*")); got < 20000 {
		t.Errorf("* is %d actions", got)
	}
	if got := names("sqs:Fly*"); got != nil {
		t.Error(got)
	}
}

// TestStartDoesNotOpenTheActions starts this program again, because in this one
// somebody may have asked already.
func TestStartDoesNotOpenTheActions(t *testing.T) {
	if os.Getenv("FEDBOT_TEST_START") == "" {
		c := exec.Command(os.Args[0], "-test.run=^TestStartDoesNotOpenTheActions$", "-test.v")
		c.Env = append(os.Environ(), "FEDBOT_TEST_START=1")
		if out, err := c.CombinedOutput(); err != nil || !strings.Contains(string(out), "--- PASS") {
			t.Fatalf("%v\n%s", err, out)
		}
		return
	}
	if _, err := Builtin(); err != nil || opened.Load() {
		t.Fatalf("reading the templates opened the actions: %v, %v", opened.Load(), err)
	}
	if _, ok := FindAction("s3:PutObject"); !ok || !opened.Load() {
		t.Fatal("asking did not open them")
	}
}

// TestActionsAreWhole holds all of the data to its own rules.
func TestActionsAreWhole(t *testing.T) {
	if version, date := ActionData(); version == "" || len(date) != len("2006-01-02") {
		t.Errorf("version %q of %q", version, date)
	}
	if n := len(ServiceNames()); n < 400 {
		t.Errorf("%d services", n)
	}
	access := []Access{Reads, Lists, Writes, Tags, Permissions}
	types := []string{"String", "ARN", "Bool", "Numeric", "Date", "ArrayOfString", "ArrayOfARN", "ArrayOfBool"}
	for _, a := range ExpandAction("*") {
		if !slices.Contains(access, a.Access) {
			t.Errorf("%s has access %q", a.Name, a.Access)
		}
		keys := slices.Clone(a.Keys)
		for _, r := range a.On {
			if r.ARN == "" {
				t.Errorf("%s is on the unknown type %q", a.Name, r.Name)
			}
			keys = append(keys, r.Keys...)
		}
		for _, k := range keys {
			if !slices.Contains(types, k.Type) {
				t.Errorf("%s is sent %s of type %q", a.Name, k.Name, k.Type)
			}
		}
	}
}

// BenchmarkFindAction shows what the first question costs, and what others cost.
func BenchmarkFindAction(b *testing.B) {
	b.Run("first", func(b *testing.B) {
		for b.Loop() {
			if _, ok := openActions(packedActions).services["s3"]().actions["s3:putobject"]; !ok {
				b.Fatal("s3:PutObject is unknown")
			}
		}
	})
	b.Run("later", func(b *testing.B) {
		for b.Loop() {
			if _, ok := FindAction("s3:PutObject"); !ok {
				b.Fatal("s3:PutObject is unknown")
			}
		}
	})
}
