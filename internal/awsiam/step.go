package awsiam

import (
	"context"
	"fmt"
	"time"

	"fedbot/workflows"
)

// verbs are what can be done with one kind of step.
type verbs struct {
	observe func(*AWS, context.Context, *client, workflows.Task) (workflows.Observation, error)
	ensure  func(*AWS, context.Context, *client, workflows.Task) (workflows.Result, error)
	remove  func(*AWS, context.Context, *client, workflows.Task) error
}

var kinds = map[workflows.StepKind]verbs{
	workflows.StepProvider: {(*AWS).observeProvider, (*AWS).ensureProvider, (*AWS).keepProvider},
	workflows.StepRole:     {(*AWS).observeRole, (*AWS).ensureRole, (*AWS).removeRole},
	workflows.StepHold:     {(*AWS).observeInline, (*AWS).ensureHold, (*AWS).removeInline},
	workflows.StepPolicy:   {(*AWS).observeInline, (*AWS).ensurePolicy, (*AWS).removeInline},
	workflows.StepSessions: {(*AWS).observeInline, (*AWS).ensureSessions, (*AWS).removeInline},
	workflows.StepLift:     {(*AWS).observeLift, (*AWS).ensureLift, (*AWS).removeLift},
}

// Observe compares what is there with what the step wants, as fedbot's reader. It
// fails with workflows.ErrUnreadable whenever AWS did not say clearly.
func (a *AWS) Observe(ctx context.Context, t workflows.Task) (workflows.Observation, error) {
	do, account, err := a.kind(t)
	if err != nil {
		return workflows.Observation{}, err
	}
	c, err := a.reader(ctx, account, t.Federation)
	if err != nil {
		return workflows.Observation{}, unreadable(err)
	}
	seen, err := do.observe(a, ctx, c, t)
	if err != nil {
		return workflows.Observation{}, unreadable(err)
	}
	return seen, nil
}

// Ensure brings the step about, as fedbot's writer. It may be called again after
// any failure and changes nothing that is as wanted already.
func (a *AWS) Ensure(ctx context.Context, t workflows.Task) (workflows.Result, error) {
	do, account, err := a.kind(t)
	if err != nil {
		return workflows.Result{}, err
	}
	c, err := a.writer(ctx, account, t.Federation)
	if err != nil {
		return workflows.Result{}, err
	}
	return do.ensure(a, ctx, c, t)
}

// Remove undoes the step, as fedbot's writer. What is not there any more, or never
// was, is success once AWS cannot be lagging.
func (a *AWS) Remove(ctx context.Context, t workflows.Task) error {
	do, account, err := a.kind(t)
	if err != nil {
		return err
	}
	c, err := a.writer(ctx, account, t.Federation)
	if err != nil {
		return err
	}
	return do.remove(a, ctx, c, t)
}

// kind finds the verbs of a step and the account it lives in.
func (a *AWS) kind(t workflows.Task) (verbs, string, error) {
	do, ok := kinds[t.Step.Kind]
	s := t.Step
	switch {
	case !ok || s.System != workflows.AWS:
	case s.Kind == workflows.StepProvider && s.Provider != nil:
		return do, s.Provider.Account, nil
	case s.Kind == workflows.StepRole && s.Role != nil:
		return do, s.Role.Account, nil
	case s.Kind != workflows.StepProvider && s.Kind != workflows.StepRole && s.Policy != nil:
		return do, s.Policy.Account, nil
	}
	return verbs{}, "", &workflows.Fault{
		Kind:  workflows.ErrPermanent,
		Say:   fmt.Sprintf("Step %s is not one that fedbot can do in AWS.", s.ID),
		Cause: fmt.Errorf("step %s of kind %s in system %s lacks its spec or has no verbs", s.ID, s.Kind, s.System),
	}
}

// at is the time of a task.
func (a *AWS) at(t workflows.Task) time.Time {
	if t.Now.IsZero() {
		return a.now()
	}
	return t.Now
}

// lagging reports whether what AWS shows of something written at that time may
// still be older than the write.
func (a *AWS) lagging(t workflows.Task, written time.Time) bool {
	return !written.IsZero() && a.at(t).Sub(written) < a.lag
}

// gone is the answer of Remove to "there is no such thing".
func (a *AWS) gone(c *client, t workflows.Task, object string) error {
	if a.lagging(t, t.Intended) {
		return c.invisible(object)
	}
	return nil
}
