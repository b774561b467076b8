package app

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/robfig/cron/v3"

	"fedbot/workflows"
)

// Drift reads federations now, on somebody's request.
func (a *App) Drift(ctx context.Context, ids ...workflows.FederationID) (workflows.Report, error) {
	return a.read(ctx, a.o.Now(), ids...)
}

// read makes a report and notes in it what it cost and where the audit log stood.
func (a *App) read(ctx context.Context, at time.Time, ids ...workflows.FederationID) (workflows.Report, error) {
	before := a.calls()
	r, err := a.reader.Drift(ctx, at, ids...)
	if err != nil {
		return r, err
	}
	r.Calls = a.calls()
	for system, n := range before {
		r.Calls[system] -= n // others may have called meanwhile: the cost is at most this
	}
	size, root, err := a.db.Audit(ctx)
	if err != nil {
		return r, fmt.Errorf("read audit log: %w", err)
	}
	r.Events, r.Head = size, root.String()
	return r, nil
}

func (a *App) calls() map[string]int {
	out := map[string]int{}
	for _, n := range a.amazonCalls() {
		out["AWS"] += n
	}
	for _, n := range a.azureCalls() {
		out["Azure DevOps"] += n
	}
	return out
}

const reporter = "report" // the follower that remembers which report was the last

// schedule writes the weekly report: once for each time that is due, and once for
// all that were missed while fedbot was down.
func (a *App) schedule(ctx context.Context) error {
	c := a.o.Config.Report
	if c.Cron == "" {
		return nil
	}
	zone, err := time.LoadLocation(c.TimeZone)
	if err != nil {
		return fmt.Errorf("report.time_zone: %w", err)
	}
	line, err := cron.ParseStandard(c.Cron)
	if err != nil {
		return fmt.Errorf("report.cron: %w", err)
	}
	for ctx.Err() == nil {
		due, last, err := a.reportDue(ctx, line, zone)
		if err != nil {
			return err
		}
		if due && !last.IsZero() {
			if err := a.report(ctx, last); err != nil && ctx.Err() == nil {
				a.o.Log.Warn("report not made; it is tried again in a minute", "due", last, "error", err)
				a.worker.sleepPlain(ctx, time.Minute)
			}
			continue
		}
		a.worker.sleepPlain(ctx, time.Second) // the clock may be moved, so nobody sleeps until Monday
	}
	return nil
}

// reportDue says whether a report is due, and for which time: the latest that has
// passed. The first start of all only notes the time.
func (a *App) reportDue(ctx context.Context, line cron.Schedule, zone *time.Location) (bool, time.Time, error) {
	noted, err := a.db.Note(ctx, reporter, "last")
	if err != nil {
		return false, time.Time{}, fmt.Errorf("read last report: %w", err)
	}
	now := a.o.Now()
	if noted == "" {
		return false, time.Time{}, a.noteReport(ctx, now)
	}
	last, err := time.Parse(time.RFC3339Nano, noted)
	if err != nil {
		return false, time.Time{}, fmt.Errorf("read last report: %w", err)
	}
	var due time.Time
	for next := line.Next(last.In(zone)); !next.After(now); next = line.Next(next) {
		due = next
	}
	return !due.IsZero(), due, nil
}

func (a *App) report(ctx context.Context, due time.Time) error {
	report, err := a.read(ctx, due)
	if err != nil {
		return fmt.Errorf("read federations: %w", err)
	}
	if err := a.bot.Report(ctx, report); err != nil {
		return fmt.Errorf("post report: %w", err)
	}
	return a.noteReport(ctx, due)
}

func (a *App) noteReport(ctx context.Context, at time.Time) error {
	err := a.db.Mark(ctx, reporter, 0, map[string]string{"last": at.UTC().Format(time.RFC3339Nano)})
	if err != nil {
		return fmt.Errorf("note report: %w", err)
	}
	return nil
}

// logEvents writes one line for each event that is appended from now on. The
// audit trail is the store; this is for whoever watches the process.
func (a *App) logEvents(ctx context.Context) error {
	seq, err := a.db.Head(ctx)
	if err != nil {
		return fmt.Errorf("read the feed: %w", err)
	}
	for ctx.Err() == nil {
		if err := a.db.Wait(ctx, seq); err != nil {
			return ignoreEnd(ctx, err)
		}
		list, err := a.db.Feed(ctx, seq, 256)
		if err != nil {
			return ignoreEnd(ctx, err)
		}
		for _, x := range list {
			a.o.Log.Info(string(x.Event.Kind()), "federation", x.ID, "version", x.Version, "by", x.Event.By.Actor)
			seq = x.Seq
		}
	}
	return nil
}

// sweep forgets, once a day, deliveries that nobody sends again.
func (a *App) sweep(ctx context.Context) error {
	for ctx.Err() == nil {
		if err := a.db.Sweep(ctx, a.o.Now().Add(-30*24*time.Hour)); err != nil && ctx.Err() == nil {
			a.o.Log.Warn("old deliveries not forgotten", "error", err)
		}
		a.worker.sleepPlain(ctx, 24*time.Hour)
	}
	return nil
}

func ignoreEnd(ctx context.Context, err error) error {
	if ctx.Err() != nil || errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}
