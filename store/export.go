package store

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"fedbot/workflows"
)

// line is one line of an export: exactly one of these.
type line struct {
	Export   *exportLine    `json:"export,omitempty"` // the first
	Blob     *blobLine      `json:"blob,omitempty"`
	Event    *eventLine     `json:"event,omitempty"` // as in the audit tree
	Claim    *claimLine     `json:"claim,omitempty"`
	Cursor   *cursorLine    `json:"cursor,omitempty"`
	Note     *noteLine      `json:"note,omitempty"`
	Delivery *Delivery      `json:"delivery,omitempty"`
	Finished *finishedLine  `json:"finished,omitempty"`
	End      *exportEndLine `json:"end,omitempty"` // the last
}

type (
	exportLine struct {
		Schema uint64    `json:"schema"`
		Epoch  uint64    `json:"epoch"`
		At     time.Time `json:"at"`
	}
	blobLine struct {
		Digest workflows.Digest `json:"digest"`
		Data   []byte           `json:"data"`
	}
	eventLine struct {
		Seq     uint64                 `json:"seq"`
		ID      workflows.FederationID `json:"id"`
		Version int                    `json:"version"`
		Event   json.RawMessage        `json:"event"`
	}
	claimLine struct {
		Key string `json:"key"`
		held
	}
	cursorLine struct {
		Follower string `json:"follower"`
		Seq      uint64 `json:"seq"`
	}
	noteLine struct {
		Follower string `json:"follower"`
		Key      string `json:"key"`
		Text     string `json:"text"`
	}
	finishedLine struct {
		Key string    `json:"key"`
		At  time.Time `json:"at"`
	}
	exportEndLine struct {
		Lines int       `json:"lines"` // before this one
		Size  int64     `json:"size"`  // of the audit tree
		Root  tlog.Hash `json:"root"`
	}
)

// Export writes everything as JSON lines, on one unchanging view while writes go
// on. The last line counts the others and names the audit root, so that an export
// that was cut short or changed is not restored.
func (d *DB) Export(ctx context.Context, w io.Writer) error {
	err := d.read(ctx, func(t *tx) error {
		e := &exporter{tx: t, ctx: ctx, to: json.NewEncoder(w)}
		return e.all(d.now())
	})
	if err != nil {
		return fmt.Errorf("export store: %w", err)
	}
	return nil
}

type exporter struct {
	*tx
	ctx   context.Context // of the one call
	to    *json.Encoder
	lines int
}

func (e *exporter) write(l line) error {
	if err := e.ctx.Err(); err != nil {
		return err
	}
	e.lines++
	return e.to.Encode(l)
}

func (e *exporter) all(now time.Time) error {
	head := exportLine{schema, fromU64(e.get(bMeta, []byte("epoch"))), now.UTC()}
	if err := e.write(line{Export: &head}); err != nil {
		return err
	}
	for _, part := range []struct {
		bucket []byte
		one    func(k, v []byte) (line, error)
	}{
		{bBlobs, e.blob}, {bFeed, e.event}, {bClaims, e.claim}, {bCursors, e.cursor},
		{bNotes, e.note}, {bReceived, e.finished}, {bInbox, e.delivery},
	} {
		err := e.Bucket(part.bucket).ForEach(func(k, v []byte) error {
			l, err := part.one(k, v)
			if err != nil || l == (line{}) {
				return err
			}
			return e.write(l)
		})
		if err != nil {
			return fmt.Errorf("%s: %w", part.bucket, err)
		}
	}
	end := exportEndLine{Lines: e.lines, Size: int64(e.last(bFeed))}
	var err error
	if end.Root, err = tlog.TreeHash(end.Size, e.tx); err != nil {
		return err
	}
	return e.write(line{End: &end})
}

func (e *exporter) blob(k, v []byte) (line, error) {
	return line{Blob: &blobLine{workflows.Digest(k), v}}, nil
}

func (e *exporter) event(k, v []byte) (line, error) {
	n, version := splitEventKey(v)
	return line{Event: &eventLine{fromU64(k), federationID(n), version, e.get(bEvents, v)}}, nil
}

func (e *exporter) claim(k, _ []byte) (line, error) {
	h, _, err := e.holder(string(k))
	return line{Claim: &claimLine{string(k), h}}, err
}

func (e *exporter) cursor(k, v []byte) (line, error) {
	return line{Cursor: &cursorLine{string(k), fromU64(v)}}, nil
}

func (e *exporter) note(k, v []byte) (line, error) {
	follower, key, _ := strings.Cut(string(k), "\x00")
	return line{Note: &noteLine{follower, key, string(v)}}, nil
}

// finished skips what waits: the inbox says it.
func (e *exporter) finished(k, v []byte) (line, error) {
	var r receipt
	if err := json.Unmarshal(v, &r); err != nil || r.Inbox != 0 {
		return line{}, err
	}
	return line{Finished: &finishedLine{string(k), r.At}}, nil
}

func (e *exporter) delivery(_, v []byte) (line, error) {
	var d Delivery
	err := json.Unmarshal(v, &d)
	return line{Delivery: &d}, err
}

// Backup writes a copy of the file, on one unchanging view while writes go on, and
// returns its size in bytes.
func (d *DB) Backup(ctx context.Context, w io.Writer) (n int64, err error) {
	err = d.read(ctx, func(t *tx) error {
		n, err = t.WriteTo(patient{ctx, w})
		return err
	})
	if err != nil {
		return n, fmt.Errorf("back up store: %w", err)
	}
	return n, nil
}

// patient is a writer that stops when its context ends.
type patient struct {
	ctx context.Context
	w   io.Writer
}

func (p patient) Write(b []byte) (int, error) {
	if err := p.ctx.Err(); err != nil {
		return 0, err
	}
	return p.w.Write(b)
}
