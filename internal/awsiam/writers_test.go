package awsiam_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"fedbot/workflows"
)

// byHand are the keys of an administrator of the account who is not fedbot.
var byHand = aws.Credentials{AccessKeyID: "AKIAEXAMPLEBYHAND", SecretAccessKey: "example-by-hand"}

// Every deed that drift sees is found in CloudTrail under whoever did it: by the
// field that drift names, whatever field that is. fedbot's own writes, which undid
// each of them, are nobody's.
func TestWritersOfDeeds(t *testing.T) {
	t.Parallel()
	w := emulated(t)
	w.begin(t)
	w.boundary()
	a := w.aws(w.fedbot)
	ref := w.make(a, 4)
	somebody := iam.NewFromConfig(aws.Config{Region: "eu-west-1", BaseEndpoint: aws.String(w.endpoint), Credentials: keys(byHand)})
	fields := map[int][]string{}
	for _, deed := range deeds {
		w.do(nil, deed.do(t, somebody))
		seen, err := a.Observe(soon(t), w.steps(ref)[deed.step])
		w.do(nil, err)
		for _, d := range seen.Differences {
			fields[deed.step] = append(fields[deed.step], d.Field)
		}
		w.do(a.Ensure(soon(t), w.steps(ref)[deed.step]))
	}
	if len(fields) < 2 {
		t.Fatalf("deeds on %d steps", len(fields))
	}
	for step, list := range fields {
		task := w.steps(ref)[step]
		task.Now = time.Now()
		got, err := a.Writers(soon(t), task, list, w.began.Add(-time.Second))
		w.do(nil, err)
		for _, field := range list {
			if len(got[field]) == 0 {
				t.Errorf("nobody is named for %s of %s", field, task.Step.ID)
			}
			for _, x := range got[field] {
				if x.Who != "user/by-hand" || x.Source != "CloudTrail" || x.From == "" || x.Did == "" || x.At.IsZero() {
					t.Errorf("%s of %s: %+v", field, task.Step.ID, x)
				}
			}
		}
		later, err := a.Writers(soon(t), task, list, time.Now().Add(time.Hour))
		w.do(nil, err)
		if len(later) > 0 {
			t.Errorf("what fedbot has written over since: %v", later)
		}
	}
	calls := a.Calls()["cloudtrail:LookupEvents"]
	if calls > 2*len(fields)*2 {
		t.Errorf("%d lookups for %d objects", calls, len(fields))
	}
}

// Somebody who may not read CloudTrail is told so; nothing is guessed.
func TestWritersWithoutTheRight(t *testing.T) {
	t.Parallel()
	w := emulated(t)
	w.begin(t)
	got, err := w.aws(w.nobody).Writers(soon(t), w.timed(roleTask("")), []string{"trust policy"}, w.began)
	fault, ok := errors.AsType[*workflows.Fault](err)
	if !ok || len(got) > 0 || !errors.Is(err, workflows.ErrUnreadable) || !strings.Contains(fault.Say, "AccessDenied on cloudtrail:LookupEvents") {
		t.Errorf("%v, %v", got, err)
	}
	if say, err := w.aws(w.nobody).TrailOff(soon(t), account); err != nil || !strings.Contains(say, "may not be read") {
		t.Errorf("%q, %v", say, err)
	}
	if say, err := w.aws(w.fedbot).TrailOff(soon(t), account); err != nil || say != "" {
		t.Errorf("%q, %v", say, err)
	}
}
