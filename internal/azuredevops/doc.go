// Package azuredevops is fedbot's hand in Azure DevOps: it makes, removes and
// observes the steps of a plan that live there, follows a proof run, and reads
// the facts that a plan needs.
//
// Three rules run through it. What cannot be read is never taken for missing: a
// sign-in page, an outage or an object that was stripped of its fields is
// ErrUnreadable. An object under our name is ours only by its id in our events, or
// by our mark, our identity and a date after our intention; everything else is
// ErrForeign and stays untouched. And a log is evidence, never input: nothing that
// a run prints is written anywhere.
//
// Most calls go through Microsoft's own Go client. It hides what matters most
// here (fields newer than itself, headers, half of the errors), so the transport
// under it obeys Retry-After, keeps the pace, and turns every refusal into one
// form; the few calls that the client cannot make go through the same transport.
package azuredevops
