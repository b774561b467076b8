package store

import (
	"context"
	"fmt"
	"strconv"
	"sync"
	"testing"

	"fedbot/store/storetest"
	"fedbot/workflows"
)

// BenchmarkAppend compares writes that share an fsync with one transaction for
// each, at 1, 8 and 64 who append at the same time. "appends/fsync" counts
// transactions; bbolt syncs the file twice in each.
func BenchmarkAppend(b *testing.B) {
	for _, writers := range []int{1, 8, 64} {
		for _, alone := range []bool{false, true} {
			name := "shared"
			if alone {
				name = "alone"
			}
			b.Run(fmt.Sprintf("%s-%d", name, writers), func(b *testing.B) { benchAppend(b, writers, alone) })
		}
	}
}

func benchAppend(b *testing.B, writers int, alone bool) {
	d := openHere(b, true)
	d.alone = alone
	ids := make([]workflows.FederationID, writers)
	for i := range ids {
		ids[i] = workflows.FederationID("F-" + strconv.Itoa(i+1))
		if err := d.Append(context.Background(), submitted(ids[i], "c"+strconv.Itoa(i))); err != nil {
			b.Fatal(err)
		}
	}
	before := d.commits.Load()
	b.ResetTimer()
	var done sync.WaitGroup
	for i, id := range ids {
		done.Go(func() {
			press := workflows.Event{At: storetest.Clock(), Body: workflows.RefusedPress{Request: id.Request(1), Verb: "approve", Code: "bench"}}
			for version := 1; version <= (b.N+writers-1-i)/writers; version++ {
				err := d.Append(context.Background(), workflows.Batch{ID: id, After: version, Events: []workflows.Event{press}})
				if err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	done.Wait()
	b.StopTimer()
	b.ReportMetric(float64(b.N)/float64(max(1, d.commits.Load()-before)), "appends/fsync")
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "appends/s")
}
