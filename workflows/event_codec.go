package workflows

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// kinds makes an empty body of each kind, for decoding.
var kinds = map[EventKind]func() Body{
	KindSubmitted: body[Submitted], KindAsked: body[Asked], KindChecked: body[Checked], KindRefused: body[Refused],
	KindApproved: body[Approved], KindRefusedPress: body[RefusedPress], KindDenied: body[Denied],
	KindWithdrawn: body[Withdrawn], KindLapsed: body[Lapsed], KindGranted: body[Granted], KindIntended: body[Intended],
	KindMade: body[Made], KindRemoved: body[Removed], KindSeen: body[Seen], KindStumbled: body[Stumbled],
	KindParked: body[Parked], KindResumed: body[Resumed], KindActivated: body[Activated], KindAbandoned: body[Abandoned],
	KindReversed: body[Reversed], KindReverted: body[Reverted], KindRevoked: body[Revoked], KindExpired: body[Expired],
	KindClosed: body[ClosedNow], KindQuarantined: body[Quarantined], KindReleased: body[Released],
	KindDrifted: body[Drifted], KindRestored: body[Restored],
	KindReturned: body[Returned], KindQuestioned: body[Questioned], KindAnswered: body[Answered],
	KindReminded: body[Reminded], KindEscalated: body[Escalated],
}

func body[T Body]() Body { return any(new(T)).(Body) }

type envelope struct {
	Kind EventKind       `json:"kind"`
	At   time.Time       `json:"at"`
	By   Person          `json:"by"`
	Body json.RawMessage `json:"body"`
}

// MarshalJSON writes {"kind","at","by","body"}, with times in UTC.
func (e Event) MarshalJSON() ([]byte, error) {
	if e.Body == nil {
		return nil, fmt.Errorf("encode event: no body")
	}
	raw, err := json.Marshal(e.Body)
	if err != nil {
		return nil, fmt.Errorf("encode event %s: %w", e.Kind(), err)
	}
	return json.Marshal(envelope{e.Kind(), e.At.UTC(), e.By, raw})
}

// UnmarshalJSON reads what MarshalJSON wrote. An unknown kind or field is an
// error: guessing at history is worse than stopping.
func (e *Event) UnmarshalJSON(data []byte) error {
	var env envelope
	if err := strictly(data, &env); err != nil {
		return fmt.Errorf("decode event: %w", err)
	}
	make, ok := kinds[env.Kind]
	if !ok {
		return fmt.Errorf("decode event: unknown kind %q", env.Kind)
	}
	into := make()
	if err := strictly(env.Body, into); err != nil {
		return fmt.Errorf("decode event %s: %w", env.Kind, err)
	}
	e.At, e.By, e.Body = env.At, env.By, deref(into)
	return nil
}

// strictly decodes one object and nothing else, and no field that v has not.
func strictly(data []byte, v any) error {
	if !bytes.HasPrefix(bytes.TrimSpace(data), []byte("{")) {
		return errors.New("not an object")
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	return dec.Decode(v)
}

// deref turns the decoded pointer into the value that folds expect.
func deref(b Body) Body {
	switch b := b.(type) {
	case *Submitted:
		return *b
	case *Asked:
		return *b
	case *Checked:
		return *b
	case *Refused:
		return *b
	case *Approved:
		return *b
	case *RefusedPress:
		return *b
	case *Denied:
		return *b
	case *Withdrawn:
		return *b
	case *Lapsed:
		return *b
	case *Granted:
		return *b
	case *Intended:
		return *b
	case *Made:
		return *b
	case *Removed:
		return *b
	case *Seen:
		return *b
	case *Stumbled:
		return *b
	case *Parked:
		return *b
	case *Resumed:
		return *b
	case *Activated:
		return *b
	case *Abandoned:
		return *b
	case *Reversed:
		return *b
	case *Reverted:
		return *b
	case *Revoked:
		return *b
	case *Expired:
		return *b
	case *ClosedNow:
		return *b
	case *Quarantined:
		return *b
	case *Released:
		return *b
	case *Drifted:
		return *b
	case *Restored:
		return *b
	case *Returned:
		return *b
	case *Questioned:
		return *b
	case *Answered:
		return *b
	case *Reminded:
		return *b
	case *Escalated:
		return *b
	}
	return b
}
