package app

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"time"

	"github.com/slack-go/slack"

	"fedbot/bot"
	"fedbot/internal/config"
	"fedbot/internal/console"
	"fedbot/internal/doctor"
	"fedbot/internal/identity"
	"fedbot/store"
	"fedbot/workflows"
)

// Doctor looks whether everything that fedbot needs is there. It reads only, may
// run beside a serving fedbot, and fails only where it cannot begin: what is amiss
// is a check.
func Doctor(ctx context.Context, c config.Config, only []string, progress func(area string)) ([]doctor.Check, error) {
	token, err := c.Slack.BotToken.Read()
	if err != nil {
		return nil, fmt.Errorf("slack.bot_token: %w", err)
	}
	now := func() time.Time { return time.Now().UTC() }
	way, err := heard(c.Slack)
	if err != nil {
		return nil, err
	}
	client := slack.New(token, slack.OptionAPIURL(c.Slack.API), slack.OptionHTTPClient(&http.Client{Timeout: 20 * time.Second}),
		slack.OptionAppLevelToken(way.appToken))
	var socket func(context.Context) error
	if way.sockets > 0 {
		socket = func(ctx context.Context) error { _, _, err := client.StartSocketModeContext(ctx); return err }
	}
	scopes := map[string]string{}
	for _, s := range bot.Scopes {
		scopes[s.Name] = s.Why
	}
	return doctor.Examine(ctx, doctor.Setup{
		Workspace: doctor.Workspace{Client: client, Directory: identity.New(client, c.Slack.Team, c.Slack.EmailDomains, now, time.Minute), Team: c.Slack.Team,
			User: slackUser, Scopes: scopes, Rules: c.Rules(), Now: now, Socket: socket},
		House: doctor.House{Rules: c.Rules(), Path: c.Store.Path, Store: func(ctx context.Context) (doctor.Store, error) { return look(ctx, c) }},
	}, only, progress), nil
}

func slackUser(a workflows.Actor) string {
	_, user, _ := identity.Split(a)
	return user
}

// look checks the store: by the fedbot that serves it, or by opening the file.
func look(ctx context.Context, c config.Config) (doctor.Store, error) {
	var out bytes.Buffer
	running := true
	_, err := console.Dial(c.Store.Socket).Get(ctx, "check", &out)
	if errors.Is(err, console.ErrDown) {
		running = false
		if _, missing := os.Stat(c.Store.Path); errors.Is(missing, os.ErrNotExist) {
			return doctor.Store{Absent: true}, nil
		}
		_, err = File(ctx, c.Store.Path, "check", &out)
	}
	if err != nil {
		return doctor.Store{}, err
	}
	var r store.Report
	if err := json.Unmarshal(out.Bytes(), &r); err != nil {
		return doctor.Store{}, fmt.Errorf("read the check's answer: %w", err)
	}
	return doctor.Store{Running: running, Federations: r.Federations, Events: r.Events, Wrong: len(r.Differences)}, nil
}
