// Package store keeps federations in one bbolt file that one process holds.
//
// It is workflows.Log and, beside it, what the rest of the house needs of a
// store: a due index for the worker, a feed with cursors for followers, an inbox
// for deliveries, documents by digest, and a Merkle log over everything that
// happened. There is one write that matters, Append, and all that follows from an
// event is stored in the event's own transaction.
//
// # Buckets
//
// Numbers in keys are big-endian, so that the order of bytes is the order of
// numbers. <federation> and <version> are 8 bytes each, <time> is 12: seconds and
// nanoseconds.
//
//	meta      schema, epoch                     what the file is
//	events    <federation><version>   event     what happened; never rewritten
//	feed      <seq>                   key in events, in the order of commits
//	hashes    <index>                 hash      the tree over the feed's leaves
//	claims    claim                   holder, time
//	blobs     digest                  document
//	cursors   follower                <seq>     how far a follower has read
//	notes     follower NUL key        text
//	received  delivery                time, key in inbox while it is pending
//	inbox     <seq>                   delivery, time, body
//	views     <federation>            folded federation          follows from events
//	due       <time><federation>      nothing                    follows from views
//	owed      <federation>            its key in due             follows from views
//	held      <federation>claim       nothing                    follows from claims
//
// The last four follow from the others. Rebuild makes them anew, which is needed
// when a newer program folds or times the same events differently.
//
// # Invariants
//
// Check holds the file against these, one by one:
//
//   - Versions of a history are 1, 2, 3 … without a gap, and every move is legal.
//   - A view is the fold of its history, byte for byte.
//   - A federation is in due exactly once if Federation.Due is not zero, at that
//     time, and otherwise not at all.
//   - The feed is 1, 2, 3 … without a gap and names every event exactly once, each
//     history's in the order of versions.
//   - The leaf of an event is its line {"seq","id","version","event"}; leaf n of the
//     tree is entry n+1 of the feed, and every stored hash follows from the leaves.
//   - A claim is held by a federation that exists and is not closed. Claims under
//     seen/ are kept in any case, until they are swept.
//   - A document is stored under its digest.
//   - A delivery is in the inbox exactly while it is received and not finished.
//   - No cursor is past the head of the feed.
//
// # Writes
//
// All writes queue for one goroutine. It takes everything that waits, does it in
// one bbolt transaction and answers after the fsync, so that writes which come
// together share an fsync. A write that is refused (conflict, claim taken, illegal
// move) is refused before its first change and leaves no trace among the others.
// An answer of nil means that it is on the disk.
//
// # What it does not do
//
// It stores no secret; storetest.ScanSecrets looks for any. Whoever can write
// to the file can rewrite the events together with the tree: only comparing Audit
// with a root that was kept elsewhere shows that. The file must be on a local disk.
package store
