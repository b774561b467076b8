package sandbox

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// delivery is what Slack posts to fedbot, or what somebody else posts who wants
// to be taken for Slack.
type delivery struct {
	path, body string
	secret     string        // empty: the right one
	ago        time.Duration // how long ago it was signed
	unsigned   bool
}

// lone uses each connection once, so that none is left open that fedbot would wait
// for when it stops.
var lone = &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}

// deliver posts it as it is and returns fedbot's answer.
func (st *stage) deliver(d delivery) (status int, answer string, err error) {
	if d.secret == "" {
		d.secret = st.secrets.SlackSigning
	}
	req, err := http.NewRequestWithContext(st.ctx, http.MethodPost, st.url(st.ports.Fedbot)+d.path, strings.NewReader(d.body))
	if err != nil {
		return 0, "", err
	}
	at := strconv.FormatInt(st.clock.Now().Add(-d.ago).Unix(), 10)
	mac := hmac.New(sha256.New, []byte(d.secret))
	fmt.Fprintf(mac, "v0:%s:%s", at, d.body)
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if !d.unsigned {
		req.Header.Set("X-Slack-Request-Timestamp", at)
		req.Header.Set("X-Slack-Signature", "v0="+hex.EncodeToString(mac.Sum(nil)))
	}
	res, err := lone.Do(req)
	if err != nil {
		return 0, "", err
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	return res.StatusCode, string(raw), err
}

// commandBody is a slash command as Slack sends it.
func commandBody(user, text, trigger string) delivery {
	return delivery{path: "/slack/commands", body: url.Values{"team_id": {team}, "channel_id": {channel}, "user_id": {user},
		"command": {"/federate"}, "text": {text}, "trigger_id": {trigger}}.Encode()}
}

// submissionBody is a form as Slack sends it, whose hidden value anybody can have
// edited who takes part in how it travels.
func submissionBody(user, callback, hidden string, fields map[string]string) delivery {
	type object = map[string]any
	values := object{}
	for block, text := range fields {
		values[block] = object{"typed": object{"type": "plain_text_input", "value": text}}
	}
	raw, err := json.Marshal(object{
		"type": "view_submission", "team": object{"id": team}, "user": object{"id": user, "team_id": team}, "trigger_id": rand.Text(),
		"view": object{"id": "V0FORGED", "type": "modal", "callback_id": callback, "private_metadata": hidden, "hash": "h", "state": object{"values": values}},
	})
	if err != nil {
		panic(err) // strings encode
	}
	return delivery{path: "/slack/interactions", body: url.Values{"payload": {string(raw)}}.Encode()}
}

// pressed is a press as Slack sends it; its fields can be edited on the way.
type pressed struct {
	Team, Home, User, Channel, Message, Action, Value, Trigger string
	Wide                                                       string // the organization for which the app is installed; empty: for the workspace
}

// pressOf is an honest press on a button that the person can see.
func (st *stage) pressOf(user, action, id string) (pressed, error) {
	var p post
	err := st.until(func() error {
		var ok bool
		if p, ok = st.button(user, action, id); !ok {
			return fmt.Errorf("there is no button %s on %s", action, id)
		}
		return nil
	})
	return pressed{Team: team, Home: team, User: user, Channel: p.channel, Message: p.ts, Action: action, Value: p.value, Trigger: rand.Text()}, err
}

func (p pressed) delivery() delivery {
	type object = map[string]any
	raw, err := json.Marshal(object{
		"type": "block_actions", "is_enterprise_install": p.Wide != "", "enterprise": object{"id": p.Wide}, "team": object{"id": p.Team}, "user": object{"id": p.User, "team_id": p.Home},
		"container":  object{"type": "message", "message_ts": p.Message, "channel_id": p.Channel},
		"channel":    object{"id": p.Channel},
		"trigger_id": p.Trigger,
		"actions":    []object{{"type": "button", "action_id": p.Action, "block_id": "b", "value": p.Value, "action_ts": "1.1"}},
	})
	if err != nil {
		panic(err) // strings encode
	}
	return delivery{path: "/slack/interactions", body: url.Values{"payload": {string(raw)}}.Encode()}
}
