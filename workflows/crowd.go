package workflows

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// roomFor refuses an ask of somebody who has as many undecided ones as one person
// may have: approvers who are flooded stop reading. Two asks at the same moment may
// both find the last place; the limit protects readers and no account, so that
// this is no matter.
func (e *Engine) roomFor(ctx context.Context, who Person) error {
	if e.Undecided == nil || e.Open < 1 {
		return nil
	}
	n, err := e.Undecided(ctx, who.Actor)
	if err != nil {
		return fmt.Errorf("count open requests: %w", err)
	}
	if n < e.Open {
		return nil
	}
	return Refuse("too_many", "Not sent: %d of your requests are undecided, and that is the most that one person may have. Withdraw one, or wait until one is decided.", n)
}

// Undecided counts the open requests of a person.
func Undecided(all []Federation, by Actor) int {
	n := 0
	for _, f := range all {
		for _, r := range f.Requests {
			if r.State == RequestOpen && r.By.Actor == by {
				n++
			}
		}
	}
	return n
}

// glances remember for a moment who may look at all, because a list asks for each
// of its entries. Nothing is decided by them: whoever decides is read again.
type glances struct {
	mu  sync.Mutex
	who map[Actor]glanced
}

type glanced struct {
	err error
	at  time.Time
}

const glanceLasts = 10 * time.Second

// glance refuses to show anything to guests, bots, deactivated people and people of
// other workspaces, whatever groups they are in. What cannot be read counts as no.
func (e *Engine) glance(ctx context.Context, by Actor) error {
	e.seen.mu.Lock()
	g, ok := e.seen.who[by]
	e.seen.mu.Unlock()
	if age := e.Now().Sub(g.at); ok && age >= 0 && age < glanceLasts {
		return g.err
	}
	_, err := e.person(ctx, by)
	if err == nil || errors.Is(err, ErrRefused) {
		e.seen.mu.Lock()
		defer e.seen.mu.Unlock()
		if e.seen.who == nil || len(e.seen.who) >= 1000 {
			e.seen.who = map[Actor]glanced{}
		}
		e.seen.who[by] = glanced{err, e.Now()}
	}
	return err
}
