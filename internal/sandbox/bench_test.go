package sandbox

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"testing"

	"fedbot/workflows"
)

// BenchmarkFederation makes a federation and revokes it, and counts what that costs:
// calls to AWS and to Azure DevOps (those that the proof run makes are among them),
// and transactions that the store has brought to the disk. The time is the
// sandbox's, whose pace is set; the counts are fedbot's.
func BenchmarkFederation(b *testing.B) {
	st := begin(b)
	sum := map[string]float64{}
	measure := func(what string, do func()) {
		if err := st.until(st.idle); err != nil {
			b.Fatal(err)
		}
		before := st.costs(b)
		do()
		if err := st.until(st.idle); err != nil {
			b.Fatal(err)
		}
		for unit, n := range st.costs(b) {
			sum[unit+"/"+what] += n - before[unit]
		}
	}
	n := 0
	for b.Loop() {
		n++
		var f workflows.Federation
		measure("asked", func() { f = st.asked(b, fmt.Sprint("aws-bench-", n)) })
		measure("created", func() {
			if err := st.presses(people[approver].ID, "request_approve", string(f.ID)+".1 "); err != nil {
				b.Fatal(err)
			}
			if _, err := st.await(f.ID, "active"); err != nil {
				b.Fatal(err)
			}
		})
		measure("revoked", func() {
			if err := st.types(people[requester].ID, "revoke "+string(f.ID)+" --reason 'measured'"); err != nil {
				b.Fatal(err)
			}
			if _, err := st.await(f.ID, "closed"); err != nil {
				b.Fatal(err)
			}
		})
	}
	for unit, total := range sum {
		b.ReportMetric(total/float64(n), unit)
	}
}

// costs are what was spent until now.
func (st *stage) costs(b *testing.B) map[string]float64 {
	out := map[string]float64{"aws": 0, "devops": 0}
	for _, n := range st.gates["aws"].Calls() {
		out["aws"] += float64(n)
	}
	for _, n := range st.gates["azuredevops"].Calls() {
		out["devops"] += float64(n)
	}
	written, err := transactions(st.file("fedbot.db"))
	head, err2 := st.running.app.Store().Head(st.ctx)
	if err := errors.Join(err, err2); err != nil {
		b.Fatal(err)
	}
	out["syncs"], out["events"] = float64(written), float64(head)
	return out
}

// transactions is how many have been committed to a bbolt file, which numbers them:
// the larger number of its first two pages is the last one's.
func transactions(path string) (uint64, error) {
	f, err := os.Open(path)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	const number = 16 + 16 + 16 + 8 + 8 // after the page's head, magic to flags, root, free list, high water mark
	var most uint64
	for page := range 2 {
		var raw [8]byte
		if _, err := io.ReadFull(io.NewSectionReader(f, int64(page*os.Getpagesize()+number), 8), raw[:]); err != nil {
			return 0, err
		}
		most = max(most, binary.NativeEndian.Uint64(raw[:]))
	}
	return most, nil
}
