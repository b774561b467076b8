package bot

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/slack-go/slack"
)

func sign(key string, at time.Time, body []byte) http.Header {
	stamp := fmt.Sprint(at.Unix())
	mac := hmac.New(sha256.New, []byte(key))
	fmt.Fprintf(mac, "v0:%s:%s", stamp, body)
	return http.Header{"X-Slack-Request-Timestamp": {stamp}, "X-Slack-Signature": {"v0=" + hex.EncodeToString(mac.Sum(nil))},
		"Content-Type": {"application/x-www-form-urlencoded"}}
}

func (w *world) knock(path string, header http.Header, body []byte) (int, string) {
	w.t.Helper()
	r, err := http.NewRequestWithContext(w.ctx, http.MethodPost, w.http.URL+path, bytes.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	r.Header = header
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		w.t.Fatal(err)
	}
	defer answer.Body.Close()
	raw, err := io.ReadAll(answer.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return answer.StatusCode, string(raw)
}

func (w *world) emptied() {
	w.t.Helper()
	w.until("an empty inbox", func() bool { left, _ := w.store.Pending(w.ctx); return len(left) == 0 })
}

func aCommand(trigger, text string) []byte {
	return []byte(url.Values{"team_id": {"T0001"}, "user_id": {"U0REQ"}, "channel_id": {"C0001"}, "trigger_id": {trigger}, "text": {text}}.Encode())
}

func TestSignature(t *testing.T) {
	w := newWorld(t)
	body := aCommand("1", "revoke F-17 --reason x")
	good := sign(secret, start, body)
	later := func(d time.Duration) http.Header { return sign(secret, start.Add(d), body) }
	without := good.Clone()
	without.Del("X-Slack-Signature")
	old := good.Clone()
	old.Set("X-Slack-Signature", strings.Replace(good.Get("X-Slack-Signature"), "v0=", "v1=", 1))
	for name, tc := range map[string]struct {
		header http.Header
		body   []byte
	}{
		"another secret":    {sign("another", start, body), body},
		"another body":      {good, aCommand("1", "revoke F-18 --reason x")},
		"six minutes old":   {later(-6 * time.Minute), body},
		"six minutes ahead": {later(6 * time.Minute), body},
		"no signature":      {without, body},
		"another version":   {old, body},
		"nothing":           {http.Header{}, body},
	} {
		for _, path := range []string{"/slack/commands", "/slack/interactions", "/slack/events"} {
			if status, _ := w.knock(path, tc.header, tc.body); status != http.StatusUnauthorized {
				t.Errorf("%s at %s: status %d", name, path, status)
			}
		}
	}
	if status, _ := w.knock("/slack/commands", good, make([]byte, maxBody+1)); status != http.StatusRequestEntityTooLarge {
		t.Errorf("too large: status %d", status)
	}
	if n := w.desk.count("revoke"); n != 0 {
		t.Fatalf("%d forged orders were decided", n)
	}
	for _, d := range []time.Duration{-4 * time.Minute, 4 * time.Minute} {
		if err := verify(later(d), body, secret, start); err != nil {
			t.Errorf("%v off: %v", d, err)
		}
	}
}

// TestSignatureIsSlacks: what we take, Slack's own library takes, and the reverse.
func TestSignatureIsSlacks(t *testing.T) {
	body, now := []byte("a=1"), time.Now()
	for name, header := range map[string]http.Header{"good": sign(secret, now, body), "bad": sign("another", now, body)} {
		v, err := slack.NewSecretsVerifier(header, secret)
		if err == nil {
			v.Write(body)
			err = v.Ensure()
		}
		if ours := verify(header, body, secret, now); (ours == nil) != (err == nil) {
			t.Errorf("%s: we say %v, Slack's library says %v", name, ours, err)
		}
	}
}

// TestReplay: a delivery is decided once, however often it comes, also after a kill.
func TestReplay(t *testing.T) {
	w := newWorld(t)
	body := aCommand("1", "revoke F-17 --reason x")
	for range 3 {
		if status, _ := w.knock("/slack/commands", sign(secret, start, body), body); status != http.StatusOK {
			t.Fatalf("status %d", status)
		}
	}
	w.decided("revoke")
	w.emptied()
	w.stop()
	w.begin()
	w.knock("/slack/commands", sign(secret, start, body), body)
	w.knock("/slack/commands", sign(secret, start, aCommand("2", "quarantine F-17 --reason x")), aCommand("2", "quarantine F-17 --reason x"))
	w.decided("quarantine")
	if n := w.desk.count("revoke"); n != 1 {
		t.Errorf("decided %d times", n)
	}
}

// TestKilledBeforeDeciding: what was acknowledged is decided by the next process,
// and answered although its response address is gone.
func TestKilledBeforeDeciding(t *testing.T) {
	w := newWorld(t)
	w.stop()
	body := aCommand("1", "revoke F-17 --reason x")
	if status, _ := w.knock("/slack/commands", sign(secret, start, body), body); status != http.StatusOK {
		t.Fatalf("status %d", status)
	}
	for key, raw := range w.store.inbox {
		if strings.Contains(string(raw), "http") || strings.Contains(string(raw), "trigger") {
			t.Errorf("%s stores what opens something: %s", key, raw)
		}
	}
	w.begin() // a new process: the old one's queue is lost
	w.decided("revoke")
	w.sees("U0REQ", "Revoked: F-17.")
	w.emptied()
}

func TestEvents(t *testing.T) {
	w := newWorld(t)
	if err := w.slack.VerifyEvents(w.ctx); err != nil {
		t.Error(err)
	}
	body := []byte(`{"type":"event_callback","event_id":"Ev1","event":{"type":"app_home_opened"}}`)
	if status, _ := w.knock("/slack/events", sign(secret, start, body), body); status != http.StatusOK {
		t.Errorf("status %d", status)
	}
}

func TestOtherWorkspace(t *testing.T) {
	w := newWorld(t)
	body := []byte(strings.Replace(string(aCommand("1", "revoke F-17 --reason x")), "T0001", "T0002", 1))
	status, answer := w.knock("/slack/commands", sign(secret, start, body), body)
	if status != http.StatusOK || !strings.Contains(answer, "another Slack workspace") {
		t.Errorf("%d %s", status, answer)
	}
	if len(w.store.received) != 0 {
		t.Error("it was stored")
	}
}
