// Package policies turns a request into the documents and the plan that would
// grant it, and judges documents that were read back.
//
// It holds the permission templates, the issuer profiles' arithmetic, the typed
// trust document, the invariants, a small evaluator, the difference of two
// documents, and the words in which a plan is explained. Everything here is pure:
// the same input gives the same bytes, no clock is read and nothing is fetched.
//
// The way of a request through the package:
//
//	Input ── names, issuer profile ──► trust document ─┐
//	      └─ templates, parameters ──► permissions ────┼─► invariants ─► plan, words
//	                        account's boundary ────────┘
//
// Documents of others are judged by the same code: JudgeTrust says whom a trust
// policy lets in, LintPermissions what is wrong with permissions, Compare what a
// change does, Explain what a document means, and Layers.Judge whether a call is
// allowed and why.
package policies
