package store_test

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"fedbot/store"
	"fedbot/store/storetest"
	"fedbot/workflows"
)

const victimEnv = "FEDBOT_STORE_CRASH"

// TestCrash kills a process that appends, at moments that nobody chose, and looks
// at what it leaves: consistent, and with everything that it was told is stored.
func TestCrash(t *testing.T) {
	if path := os.Getenv(victimEnv); path != "" {
		victim(t, path)
		return
	}
	path := filepath.Join(t.TempDir(), "fedbot.db")
	moments := rand.New(rand.NewPCG(1, 2))
	acknowledged := map[workflows.FederationID]int{}
	for range 5 {
		for id, version := range killed(t, path, 1+moments.IntN(120)) {
			acknowledged[id] = max(acknowledged[id], version)
		}
		db := openAt(t, path)
		storetest.Consistent(t, db)
		for id, version := range acknowledged {
			if f, err := db.Load(t.Context(), id); err != nil || f.Version < version {
				t.Errorf("%s: version %d was acknowledged, got %d, error %v", id, version, f.Version, err)
			}
		}
		must(t, db.Close())
	}
	if len(acknowledged) == 0 {
		t.Error("nothing was ever acknowledged")
	}
}

// killed starts a victim, kills it after it has said that many things, and returns
// everything that it said.
func killed(t *testing.T, path string, after int) map[workflows.FederationID]int {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^TestCrash$", "-test.v")
	cmd.Env = append(os.Environ(), victimEnv+"="+path)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	must(t, err)
	must(t, cmd.Start())
	said := map[workflows.FederationID]int{}
	lines := bufio.NewScanner(out)
	for n := 0; lines.Scan(); {
		var id workflows.FederationID
		var version int
		if _, err := fmt.Sscanf(lines.Text(), "stored %s %d", &id, &version); err != nil {
			if strings.Contains(lines.Text(), "FAIL") {
				t.Errorf("victim: %s", lines.Text())
			}
			continue
		}
		said[id] = max(said[id], version)
		if n++; n == after {
			must(t, cmd.Process.Signal(syscall.SIGKILL))
		}
	}
	if err := cmd.Wait(); err == nil || cmd.ProcessState.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
		t.Errorf("victim ended by itself: %v", err)
	}
	return said
}

// victim appends whole lives from four goroutines until it is killed.
func victim(t *testing.T, path string) {
	db, err := store.Open(path, store.Options{Now: storetest.Clock})
	must(t, err)
	var forever sync.WaitGroup
	for range 4 {
		forever.Go(func() {
			for {
				live(t, db)
			}
		})
	}
	forever.Wait()
}

func live(t *testing.T, db *store.DB) {
	ctx := context.Background()
	id, err := db.NextID(ctx)
	if err != nil {
		t.Error(err)
	}
	life := storetest.Life(id, "deploy-"+string(id))
	for i := 0; i < len(life); {
		n := min(1+i%3, len(life)-i)
		b := workflows.Batch{ID: id, After: i, Events: life[i : i+n], Blobs: [][]byte{[]byte(fmt.Sprint(id, i))}}
		if i == 0 {
			b.Claims = storetest.Claims("deploy-" + string(id))
		}
		if db.Append(ctx, b) != nil {
			return // another had the number
		}
		i += n
		// One write, so that lines of different goroutines do not mix.
		fmt.Fprintf(os.Stdout, "stored %s %d\n", id, i)
	}
}
