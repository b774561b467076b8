package aws

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"fedbot/internal/emulate/judge"
)

// TestMotoBesideUs makes the same calls of moto and of the emulator. A difference
// that is not listed is a failure, and so is a listed one that is no more.
func TestMotoBesideUs(t *testing.T) {
	t.Parallel()
	url := judge.Moto(t, "MOTO_ACCOUNT_ID="+dev)
	_, env := stage(t, func(o *Options) { o.Seed.Organizations, o.Seed.Roles = nil, nil })
	file := filepath.Join(t.TempDir(), "differences.json")
	judge.Python(t, "testdata/aws_moto.py", append(env, "MOTO="+url, "DIFFERENCES="+file)...)
	var found []disagreement
	if err := json.Unmarshal(must[[]byte](t)(os.ReadFile(file)), &found); err != nil {
		t.Fatal(err)
	}
	listed := map[disagreement]bool{}
	for _, d := range disagreements {
		listed[d.seen()] = false
	}
	for _, d := range found {
		if _, known := listed[d]; !known {
			t.Errorf("not listed: %#v", d)
		}
		listed[d] = true
	}
	for d, happened := range listed {
		if !happened {
			t.Errorf("listed, but it does not happen: %#v", d)
		}
	}
}
