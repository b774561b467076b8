// Package bot is the Slack conversation: it takes commands, presses and forms in,
// has them decided by the desk, and shows every federation as one card that is
// edited as the federation lives.
//
// Two halves that meet only in the store. The near half (receive.go, work.go,
// commands.go, press.go, form_run.go) verifies a delivery, stores it, acknowledges
// it, and then has it decided. The far half (follow.go, timeline.go, direct.go)
// follows the feed of events and posts. Nothing is announced by the half that
// decides, so nothing is lost between a decision and its announcement.
//
// Cards, forms and answers are pure functions of what they show (card*.go,
// form.go, list.go, report.go).
package bot

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/slack-go/slack"

	"fedbot/workflows"
)

// Options are what a Bot is made of. Everything but Drift, Mention, Console and
// NotReal is required.
type Options struct {
	Slack         *slack.Client
	SigningSecret string
	Team          string                            // id of the one workspace whose people are listened to: T0001
	Channel       func(p workflows.Proposal) string // id of the channel where it is decided; of the empty one: the channel for everything
	Mention       func(group string) string         // "<!subteam^S0001>", or the group's name where Slack has none
	Now           func() time.Time
	Log           *slog.Logger

	Desk      desk
	Histories histories
	Feed      feed
	Inbox     inbox
	Places    places
	Drift     sweeper                                      // nil: drift is not read on demand
	Offers    func(workflows.Federation) []workflows.Offer // newer versions of its templates; nil: none

	Console string        // address of the console; empty: no links to it
	NotReal bool          // endpoints are a sandbox's: every card says so
	Sockets int           // how many Run holds open with the client's app-level token; 0: Slack comes to Handler
	Presses int           // most commands, presses and forms that are taken of one person in a minute; 0: 120
	Edits   time.Duration // least time between edits of cards; 0: three seconds
	Backoff time.Duration // first pause after Slack failed; 0: one second
}

// Bot is the conversation. Make one with New; its Handler may be served before Run
// is called, and what it takes in waits for Run.
type Bot struct {
	o        Options
	work     chan parcel
	open     atomic.Int32 // sockets over which Slack has said hello
	forms    formMemory
	patience time.Duration

	floods floods

	mu       sync.Mutex
	chats    map[string]string                       // user id to the id of the direct conversation
	onItsWay map[workflows.RequestID]<-chan struct{} // cards that are being posted
	drawing  map[string]bool                         // user ids whose home tab is being drawn; true: and once more after that
	ours     map[string]time.Time                    // channels that nobody else reads, until when that is believed
}

// New checks the options and makes a Bot.
func New(o Options) (*Bot, error) {
	switch {
	case o.Slack == nil, o.Channel == nil, o.Now == nil, o.Log == nil:
		return nil, errors.New("make bot: Slack, Channel, Now and Log are required")
	case o.Team == "", o.SigningSecret == "" && o.Sockets == 0:
		return nil, errors.New("make bot: the team's id, and a signing secret or sockets, are required, or anybody could speak for anybody")
	case o.Desk == nil, o.Histories == nil, o.Feed == nil, o.Inbox == nil, o.Places == nil:
		return nil, errors.New("make bot: Desk, Histories, Feed, Inbox and Places are required")
	}
	if o.Mention == nil {
		o.Mention = func(group string) string { return lit(group) }
	}
	if o.Presses == 0 {
		o.Presses = 120
	}
	if o.Edits == 0 {
		o.Edits = 3 * time.Second
	}
	if o.Backoff == 0 {
		o.Backoff = time.Second
	}
	return &Bot{o: o, work: make(chan parcel, 4096), forms: newFormMemory(), patience: patience,
		floods: floods{most: o.Presses}, chats: map[string]string{}, onItsWay: map[workflows.RequestID]<-chan struct{}{},
		drawing: map[string]bool{}, ours: map[string]time.Time{}}, nil
}

// Handler serves POST /slack/commands, /slack/interactions and /slack/events.
func (b *Bot) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("POST /slack/commands", b.door(parseCommandForm))
	mux.Handle("POST /slack/interactions", b.door(parseInteractionForm))
	mux.Handle("POST /slack/events", b.events())
	return mux
}

// Reachable says whether what people do reaches the bot: over HTTP by Handler, or
// because a socket is open.
func (b *Bot) Reachable() bool { return b.o.Sockets == 0 || b.open.Load() > 0 }

// Run works what was taken in, what an earlier process left included, and follows
// the feed, until ctx ends. It returns nil then, and the reason if it cannot go on.
func (b *Bot) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	failed := make(chan error, 3)
	var both sync.WaitGroup
	for _, half := range []func(context.Context) error{b.workInbox, b.follow, b.listen} {
		both.Go(func() {
			if err := half(ctx); err != nil {
				failed <- err
				cancel()
			}
		})
	}
	both.Wait()
	close(failed)
	if err := <-failed; err != nil && !errors.Is(err, context.Canceled) {
		return err
	}
	return nil
}

// scene is what a card needs to know besides the federation.
type scene struct {
	Account workflows.Account
	Mention func(group string) string
	Console string
	NotReal bool
	Offers  []workflows.Offer
	Left    *workflows.Event // what began its way out; nil while it is not on it
}

func (b *Bot) scene(f workflows.Federation, events []workflows.Event) scene {
	s := scene{Mention: b.o.Mention, Console: b.o.Console, NotReal: b.o.NotReal, Left: left(events)}
	for _, a := range b.o.Places.Accounts() {
		if a.ID == f.Names.AccountID {
			s.Account = a
		}
	}
	if b.o.Offers != nil {
		s.Offers = b.o.Offers(f)
	}
	return s
}
