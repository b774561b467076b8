package bot

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/slack-go/slack"

	"fedbot/workflows"
)

// parcelKind is what sort of delivery a parcel is.
type parcelKind string

const (
	kindCommand    parcelKind = "command"
	kindPress      parcelKind = "press"      // a button on a message
	kindSubmission parcelKind = "submission" // a form was sent
	kindRedraw     parcelKind = "redraw"     // a choice in an open form: changes nothing, is not stored
	kindHome       parcelKind = "home"       // somebody opened the home tab: changes nothing, is not stored
	kindFlood      parcelKind = "flood"      // one press too many: it is answered, and changes nothing
	kindClosed     parcelKind = "closed"     // a form was closed without being sent: keeps a draft, is not stored
	kindOptions    parcelKind = "options"    // Slack asks what can be chosen: changes nothing, is not stored
)

// parcel is a delivery reduced to what a decision needs. Triggers and response
// addresses open something, so they are never stored: what is found in the inbox
// after a kill is answered by other ways.
type parcel struct {
	Key     string     `json:"key"`
	Kind    parcelKind `json:"kind"`
	Team    string     `json:"team"`
	Home    string     `json:"home,omitempty"` // the workspace that the person belongs to, where Slack says
	User    string     `json:"user"`
	Channel string     `json:"channel,omitempty"`
	Message string     `json:"message,omitempty"` // timestamp of the message with the button
	AtHome  bool       `json:"at_home,omitempty"` // the button is on the home tab
	Text    string     `json:"text,omitempty"`    // of a command
	Action  string     `json:"action,omitempty"`  // action or callback id
	Value   string     `json:"value,omitempty"`   // of the button, or the form's own metadata

	View    string              `json:"view,omitempty"`
	Hash    string              `json:"hash,omitempty"`
	Order   string              `json:"order,omitempty"`   // of redraws: which came later
	Answers map[string][]string `json:"answers,omitempty"` // block to values

	wide     bool // the app is installed for an organization of several workspaces
	inPlace  bool // the answer takes the place of the message with the button
	typing   bool // a redraw because somebody types
	trigger  string
	response string
	form     *waiter // of a submission whose acknowledgement waits
}

func (p parcel) actor() workflows.Actor {
	return workflows.Actor("slack:" + p.Team + "/" + p.User)
}

var errNotSlack = errors.New("not a payload that is understood")

// parseCommandForm reads the body of a slash command. The query string counts for
// nothing: the signature does not cover it.
func parseCommandForm(body []byte) (parcel, error) {
	v, err := url.ParseQuery(string(body))
	if err != nil {
		return parcel{}, fmt.Errorf("parse command: %w", errNotSlack)
	}
	p := parcel{
		Kind: kindCommand, Key: "command/" + v.Get("trigger_id"), Team: v.Get("team_id"), User: v.Get("user_id"),
		Channel: v.Get("channel_id"), Text: v.Get("text"), trigger: v.Get("trigger_id"), response: v.Get("response_url"),
		wide: v.Get("is_enterprise_install") == "true",
	}
	return p, p.check()
}

// parseInteractionForm reads the body of an interaction.
func parseInteractionForm(body []byte) (parcel, error) {
	v, err := url.ParseQuery(string(body))
	if err != nil {
		return parcel{}, fmt.Errorf("parse interaction: %w", errNotSlack)
	}
	return parseInteraction([]byte(v.Get("payload")))
}

// parseInteraction reads an interaction's payload, as both transports bring it.
func parseInteraction(payload []byte) (parcel, error) {
	var in slack.InteractionCallback
	if err := json.Unmarshal(payload, &in); err != nil {
		return parcel{}, fmt.Errorf("parse interaction: %w", err)
	}
	p := parcel{Team: in.Team.ID, Home: in.User.TeamID, User: in.User.ID, View: in.View.ID, trigger: in.TriggerID, response: in.ResponseURL, wide: in.IsEnterpriseInstall}
	if p.wide && p.Team == "" {
		p.Team = in.User.TeamID // of an installation for an organization Slack names no team
	}
	switch in.Type {
	case slack.InteractionTypeBlockActions:
		return p.pressed(in)
	case slack.InteractionTypeViewSubmission:
		p.Kind, p.Key = kindSubmission, "submission/"+in.TriggerID
		p.Action, p.Value, p.Hash = in.View.CallbackID, in.View.PrivateMetadata, in.View.Hash
		p.Answers = answered(in.View.State)
		return p, p.check()
	case slack.InteractionTypeViewClosed:
		p.Kind, p.Key, p.Action, p.Value = kindClosed, "closed/"+in.View.ID, in.View.CallbackID, in.View.PrivateMetadata
		p.Answers = answered(in.View.State)
		return p, p.check()
	case slack.InteractionTypeBlockSuggestion:
		p.Kind, p.Key, p.Action, p.Text = kindOptions, "options", baseID(in.BlockID), in.Value
		p.Value, p.Answers = in.BlockID, answered(in.View.State)
		return p, p.check()
	}
	return parcel{}, fmt.Errorf("parse interaction: type %q: %w", in.Type, errNotSlack)
}

// parseEvent reads what the Events API brings: the challenge that proves the
// address, or that somebody opened the home tab. Of other events it returns nothing.
func parseEvent(body []byte) (p parcel, challenge string, err error) {
	var e struct {
		Type      string `json:"type"`
		Challenge string `json:"challenge"`
		Team      string `json:"team_id"`
		ID        string `json:"event_id"`
		For       []struct {
			Wide bool `json:"is_enterprise_install"`
		} `json:"authorizations"`
		Event struct {
			Type string `json:"type"`
			User string `json:"user"`
			Tab  string `json:"tab"`
		} `json:"event"`
	}
	if err := json.Unmarshal(body, &e); err != nil {
		return parcel{}, "", fmt.Errorf("parse event: %w", errNotSlack)
	}
	if e.Type == "url_verification" {
		return parcel{}, e.Challenge, nil
	}
	if e.Type != "event_callback" || e.Event.Type != "app_home_opened" || e.Event.Tab != "home" {
		return parcel{}, "", nil
	}
	p = parcel{Kind: kindHome, Key: "event/" + e.ID, Team: e.Team, User: e.Event.User, wide: len(e.For) > 0 && e.For[0].Wide}
	return p, "", p.check()
}

func (p parcel) pressed(in slack.InteractionCallback) (parcel, error) {
	if len(in.ActionCallback.BlockActions) == 0 || in.ActionCallback.BlockActions[0] == nil {
		return parcel{}, fmt.Errorf("parse interaction: no action: %w", errNotSlack)
	}
	act := in.ActionCallback.BlockActions[0]
	p.Kind, p.Key = kindPress, "press/"+in.TriggerID
	p.Action, p.Value = act.ActionID, act.Value
	p.Channel, p.Message = in.Container.ChannelID, in.Container.MessageTs
	if p.Channel == "" {
		p.Channel = in.Channel.ID
	}
	if p.Message == "" {
		p.Message = in.Message.Timestamp
	}
	switch {
	case in.View.Type == slack.VTHomeTab:
		p.AtHome = true
	case in.View.ID != "":
		p.Kind, p.Action, p.Value = kindRedraw, in.View.CallbackID, in.View.PrivateMetadata
		p.Hash, p.Order = in.View.Hash, act.ActionTs
		if p.typing = act.Type == "plain_text_input"; !p.typing {
			p.Text, p.Message = act.ActionID, act.Value // a button in the form
		}
		p.Answers = answered(in.View.State)
	}
	return p, p.check()
}

func (p parcel) check() error {
	if !plainID(p.Team) || !plainID(p.User) || strings.HasSuffix(p.Key, "/") {
		return fmt.Errorf("parse %s: team, person or trigger is missing: %w", p.Kind, errNotSlack)
	}
	return nil
}

// kept reports whether the parcel is in the inbox until it is decided. What changes
// nothing is not.
func (p parcel) kept() bool {
	return p.Kind != kindRedraw && p.Kind != kindClosed && p.Kind != kindHome && p.Kind != kindFlood
}

// answered reads the values of a form by block.
func answered(state *slack.ViewState) map[string][]string {
	if state == nil {
		return nil
	}
	out := map[string][]string{}
	for block, actions := range state.Values {
		for _, a := range actions {
			var values []string
			for _, v := range []string{a.Value, a.SelectedOption.Value, a.SelectedDate} {
				if v != "" {
					values = append(values, v)
				}
			}
			for _, o := range a.SelectedOptions {
				values = append(values, o.Value)
			}
			if len(values) > 0 {
				out[block] = append(out[block], values...)
			}
		}
	}
	return out
}

// say answers a parcel at once, where its kind lets words through.
func (p parcel) say(words string) any {
	switch p.Kind {
	case kindCommand:
		return map[string]string{"response_type": "ephemeral", "text": escape(words)}
	case kindSubmission:
		return slack.NewUpdateViewSubmissionResponse(notice("Not sent", words))
	case kindOptions:
		return slack.OptionsResponse{}
	default:
		return nil
	}
}

// acknowledged is what Slack gets once the parcel is stored.
func (p parcel) acknowledged() any {
	if p.Kind == kindSubmission && p.Action == formCallback {
		return slack.NewUpdateViewSubmissionResponse(notice("Ask for a federation", "Sending. You will hear here or by direct message."))
	}
	return nil
}
