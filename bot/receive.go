package bot

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"fedbot/workflows"
)

const (
	maxBody = 1 << 20 // a view may have 250 kB
	window  = 5 * time.Minute
)

var errForged = errors.New("not from Slack, or too old")

// verify checks Slack's signature over the raw body, and that it is at most five
// minutes old by now. slack.NewSecretsVerifier does the same by the wall clock;
// ours is an argument, so that the sandbox's clock can be moved.
func verify(header http.Header, body []byte, secret string, now time.Time) error {
	if secret == "" {
		return errForged // nobody can sign, so anybody could
	}
	stamp := header.Get("X-Slack-Request-Timestamp")
	seconds, err := strconv.ParseInt(stamp, 10, 64)
	if err != nil || now.Sub(time.Unix(seconds, 0)).Abs() > window {
		return errForged
	}
	sent, ok := strings.CutPrefix(header.Get("X-Slack-Signature"), "v0=")
	given, err := hex.DecodeString(sent)
	if !ok || err != nil {
		return errForged
	}
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte("v0:" + stamp + ":"))
	mac.Write(body)
	if !hmac.Equal(mac.Sum(nil), given) {
		return errForged
	}
	return nil
}

// door verifies a request, reduces it to a parcel and acknowledges it. What comes
// over a socket goes straight to take.
func (b *Bot) door(parse func([]byte) (parcel, error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, ok := b.body(w, r)
		if !ok {
			return
		}
		p, err := parse(body)
		if err != nil {
			b.o.Log.Warn("slack sent what cannot be read", "path", r.URL.Path, "error", err)
			http.Error(w, "cannot be read", http.StatusBadRequest)
			return
		}
		answer(w, b.take(r.Context(), p))
	})
}

func (b *Bot) body(w http.ResponseWriter, r *http.Request) ([]byte, bool) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		http.Error(w, "too large", http.StatusRequestEntityTooLarge)
		return nil, false
	}
	if err := verify(r.Header, body, b.o.SigningSecret, b.o.Now()); err != nil {
		b.o.Log.Warn("request refused", "path", r.URL.Path, "error", err)
		http.Error(w, "not from Slack, or too old", http.StatusUnauthorized)
		return nil, false
	}
	return body, true
}

// answer writes the acknowledgement: 200, with a body only where Slack reads one.
func answer(w http.ResponseWriter, body any) {
	if body == nil {
		w.WriteHeader(http.StatusOK)
		return
	}
	raw, err := json.Marshal(body)
	if err != nil {
		http.Error(w, "cannot be encoded", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Write(raw)
}

// events answers the Events API. All that is listened to is that somebody opened
// the home tab; the address is proved here and everything else is acknowledged.
func (b *Bot) events() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, ok := b.body(w, r)
		if !ok {
			return
		}
		p, challenge, err := parseEvent(body)
		switch {
		case err != nil:
			http.Error(w, "cannot be read", http.StatusBadRequest)
		case challenge != "":
			answer(w, map[string]string{"challenge": challenge})
		case p.Kind == kindHome:
			answer(w, b.take(r.Context(), p))
		default:
			w.WriteHeader(http.StatusOK)
		}
	})
}

// take is where every transport ends: it takes a verified delivery and returns what
// to acknowledge it with. What has an effect is stored before it is acknowledged,
// once per key for ever; the decision comes after.
func (b *Bot) take(ctx context.Context, p parcel) any {
	if p.wide {
		b.o.Log.Error("the app is installed for a whole organization of Enterprise Grid: install it in the workspace that slack.team names")
		return p.say("Not done: this app is installed for a whole organization, and fedbot listens to one workspace only. Its operators can install it in that workspace.")
	}
	if p.Team != b.o.Team || p.Home != "" && p.Home != b.o.Team {
		return p.say("Not done: you belong to another Slack workspace. Only members of this one are listened to here.")
	}
	if p.typing { // letters are not counted; what is drawn when they stop is
		b.whenStill(p)
		return nil
	}
	if over, first := b.floods.pour(p, b.o.Now()); over {
		if first {
			b.o.Log.Warn("a person sends too much", "user", p.User, "kind", p.Kind)
		}
		if first && p.Kind == kindPress { // a press has no other answer
			flood := p
			flood.Kind = kindFlood
			b.queue(ctx, flood)
		}
		return p.say(b.floods.words())
	}
	switch p.Kind {
	case kindOptions:
		return b.options(ctx, p)
	case kindHome:
		b.queueHome(p)
		return nil
	case kindClosed:
		b.closed(ctx, p)
		return nil
	case kindRedraw:
		return b.queue(ctx, p)
	case kindSubmission:
		if wrong := b.mistakes(ctx, p); wrong != nil {
			return wrong
		}
	}
	raw, err := json.Marshal(p)
	if err == nil {
		err = b.o.Inbox.Receive(ctx, p.Key, raw)
	}
	switch {
	case errors.Is(err, workflows.ErrTaken):
		return p.acknowledged() // a repetition: it was taken the first time
	case err != nil:
		b.o.Log.Error("store delivery", "key", p.Key, "error", err)
		return p.say("Not sent: fedbot could not promise to remember it, so it did not take it. Nothing was recorded. Please try again in a minute.")
	}
	if p.Kind == kindSubmission {
		p.form = newWaiter()
	}
	acknowledged := b.queue(ctx, p)
	if p.form != nil {
		if decided, ok := p.form.wait(ctx, b.patience); ok {
			return decided
		}
	}
	return acknowledged
}

// queue hands the parcel to the worker. If thousands wait already, the parcel stays
// in the inbox and is worked at the next start.
func (b *Bot) queue(ctx context.Context, p parcel) any {
	select {
	case b.work <- p:
	case <-ctx.Done():
	default:
		b.o.Log.Warn("worker is behind; delivery waits in the inbox", "key", p.Key)
	}
	return p.acknowledged()
}
