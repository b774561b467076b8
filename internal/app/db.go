package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"fedbot/store"
)

// keeper gives the store the shape that the console declares.
type keeper struct{ *store.DB }

func (k keeper) CheckJSON(ctx context.Context) (bool, []byte, error) {
	r, err := k.Check(ctx)
	if err != nil {
		return false, nil, err
	}
	raw, err := json.MarshalIndent(r, "", "  ")
	return r.Err() == nil, append(raw, '\n'), err
}

// File does a database command ("check", "backup", "export") on a file that no
// fedbot serves. It reports whether what it looked at is in order.
func File(ctx context.Context, path, what string, w io.Writer) (ok bool, err error) {
	if _, err := os.Stat(path); err != nil {
		return false, fmt.Errorf("open store: %w", err) // opening would make a new one
	}
	db, err := store.Open(path, store.Options{Now: func() time.Time { return time.Now().UTC() }})
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	switch what {
	case "backup":
		_, err = db.Backup(ctx, w)
		return true, err
	case "export":
		return true, db.Export(ctx, w)
	}
	ok, report, err := keeper{db}.CheckJSON(ctx)
	if err == nil {
		_, err = w.Write(report)
	}
	return ok, err
}

// Restore makes a new store at to from a backup or an export.
func Restore(_ context.Context, from, to string) error {
	f, err := os.Open(from)
	if err != nil {
		return fmt.Errorf("read backup: %w", err)
	}
	defer f.Close()
	return store.Restore(to, f)
}
