package main

import (
	"bytes"
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var sample = map[string]string{
	"package.json":                `{"version":"1.2.3","updatedAt":"2026-09-26T04:46:59Z"}`,
	"data/services.json":          `["sqs"]`,
	"data/serviceNames.json":      `{"sqs":"Amazon SQS"}`,
	"data/conditionKeys/sqs.json": `{"sqs:x":{"key":"sqs:X","type":"Bool"}}`,
	"data/resourceTypes/sqs.json": `{"queue":{"key":"queue","arn":"arn:${Partition}:sqs:::${Name}","conditionKeys":["sqs:X"]}}`,
	"data/actions/sqs.json": `{"sendmessage":{"name":"SendMessage","accessLevel":"Tagging, Write","conditionKeys":["sqs:X"],
		"resourceTypes":[{"name":"queue","required":true,"conditionKeys":["sqs:X"],"dependentActions":["kms:Decrypt"]}],"dependentActions":["iam:PassRole"]}}`,
}

func generate(t *testing.T, file, old, replacement string) (string, error) {
	t.Helper()
	from := t.TempDir()
	for name, text := range sample {
		if name == file {
			text = strings.Replace(text, old, replacement, 1)
			if text == sample[name] {
				t.Fatalf("%q is not in %s", old, name)
			}
		}
		path := filepath.Join(from, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	to := filepath.Join(from, "out.gz")
	if err := run(from, to); err != nil {
		return "", err
	}
	raw, err := os.ReadFile(to)
	if err != nil {
		t.Fatal(err)
	}
	z, err := gzip.NewReader(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return string(text), nil
}

func TestRun(t *testing.T) {
	got, err := generate(t, "", "", "")
	want := "D\t1.2.3\t2026-09-26\nK\tsqs:X\tBool\nS\tsqs\tAmazon SQS\nR\tqueue\tarn:${Partition}:sqs:::${Name}\t0\n" +
		"A\tSendMessage\ttagging\tqueue!=0\t0\tiam:PassRole,kms:Decrypt\n"
	if err != nil || got != want {
		t.Errorf("%v\n%q\n%q", err, got, want)
	}
}

func TestRunRefuses(t *testing.T) {
	for name, c := range map[string][3]string{
		"a level that is none": {"data/actions/sqs.json", "Tagging, Write", "Fly"},
		"a tab in a name":      {"data/actions/sqs.json", `"SendMessage"`, `"Send\tMessage"`},
		"no date":              {"package.json", "2026-09-26T04:46:59Z", ""},
		"no such service":      {"data/services.json", "sqs", "sns"},
		"not JSON":             {"data/resourceTypes/sqs.json", "{", "["},
	} {
		if _, err := generate(t, c[0], c[1], c[2]); err == nil {
			t.Errorf("%s was taken", name)
		}
	}
}
