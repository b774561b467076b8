package slack

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	client "github.com/slack-go/slack"
)

func modal(title string, blocks ...client.Block) client.ModalViewRequest {
	return client.ModalViewRequest{
		Type: client.VTModal, Title: plainText(title), Submit: plainText("Send"), Close: plainText("Cancel"),
		Blocks: client.Blocks{BlockSet: blocks},
	}
}

func inputBlock(block, action string) *client.InputBlock {
	return client.NewInputBlock(block, plainText("Label"), nil, client.NewPlainTextInputBlockElement(nil, action))
}

// opened types the command and opens a modal with its trigger.
func opened(t *testing.T, w *world, v client.ModalViewRequest) *client.ViewResponse {
	t.Helper()
	var got *client.ViewResponse
	w.app.onCommand = func(c client.SlashCommand) (int, string) {
		var err error
		if got, err = w.bot.OpenView(c.TriggerID, v); err != nil {
			t.Errorf("views.open: %v", err)
		}
		return 200, ""
	}
	if _, err := w.s.Command(t.Context(), "U0REQ", "C0001", "request"); err != nil {
		t.Fatal(err)
	}
	if got == nil {
		t.Fatal("no view")
	}
	return got
}

func (w *world) trigger() string {
	w.t.Helper()
	w.app.onCommand = nil
	if _, err := w.s.Command(w.t.Context(), "U0REQ", "C0001", ""); err != nil {
		w.t.Fatal(err)
	}
	return w.app.commands[len(w.app.commands)-1].TriggerID
}

func TestTriggers(t *testing.T) {
	w := newWorld(t, nil)
	v := modal("Ask", inputBlock("why", "text"))
	open := func(id string) string { _, err := w.bot.OpenView(id, v); return code(err) }
	id := w.trigger()
	w.clock.Advance(triggerAge)
	if got := open(id); got != "" {
		t.Errorf("at three seconds: %s", got)
	}
	if got := open(id); got != "exchanged_trigger_id" {
		t.Errorf("twice: %s", got)
	}
	id = w.trigger()
	w.clock.Advance(triggerAge + time.Millisecond)
	if got := open(id); got != "expired_trigger_id" {
		t.Errorf("after three seconds: %s", got)
	}
	if got := open("1.2.bogus"); got != "invalid_trigger_id" {
		t.Errorf("bogus: %s", got)
	}
	if _, err := w.bot.PushView(w.trigger(), v); code(err) != "invalid_trigger_id" {
		t.Errorf("push from a command: %v", err)
	}
	id = w.trigger()
	if _, err := w.bot.OpenView(id, modal(strings.Repeat("x", 25))); code(err) != "invalid_arguments" {
		t.Errorf("invalid view: %v", err)
	}
	if got := open(id); got != "" {
		t.Errorf("a refused view used its trigger up: %s", got)
	}
}

func TestViewUpdates(t *testing.T) {
	w := newWorld(t, nil)
	v := modal("Ask", inputBlock("why", "text"))
	v.ExternalID, v.PrivateMetadata = "draft-1", "opaque"
	got := opened(t, w, v)
	if got.PrivateMetadata != "opaque" || got.RootViewID != got.ID || got.Hash == "" || got.State == nil {
		t.Errorf("views.open = %+v", got.View)
	}
	if _, err := w.bot.UpdateView(v, "", "stale", got.ID); code(err) != "hash_conflict" {
		t.Errorf("a stale hash: %v", err)
	}
	next, err := w.bot.UpdateView(v, "draft-1", got.Hash, "")
	if err != nil || next.Hash == got.Hash || next.ID != got.ID {
		t.Errorf("by external id: %+v, %v", next, err)
	}
	if _, err := w.bot.UpdateView(v, "", "", "V0404"); code(err) != "not_found" {
		t.Errorf("unknown view: %v", err)
	}
	home := client.PublishViewContextRequest{UserID: "U0APP", View: client.HomeTabViewRequest{
		Type: client.VTHomeTab, ExternalID: "draft-1", Blocks: client.Blocks{BlockSet: []client.Block{sectionOf("home")}},
	}}
	if _, err := w.bot.PublishViewContext(t.Context(), home); code(err) != "duplicate_external_id" {
		t.Errorf("the same external id: %v", err)
	}
	home.View.ExternalID = ""
	first, err := w.bot.PublishViewContext(t.Context(), home)
	if err != nil {
		t.Fatal(err)
	}
	home.Hash = &first.Hash
	if _, err := w.bot.PublishViewContext(t.Context(), home); err != nil {
		t.Errorf("publish with the hash of the last: %v", err)
	}
	if _, err := w.bot.PublishViewContext(t.Context(), home); code(err) != "hash_conflict" {
		t.Errorf("publish with an old hash: %v", err)
	}
	if v, ok := w.s.Home("U0APP"); !ok || v.ID != first.ID {
		t.Errorf("home = %+v, %v", v, ok)
	}
}

func TestStackHoldsThreeModals(t *testing.T) {
	w := newWorld(t, nil)
	more := client.NewActionBlock("more", button("push", "", "More"))
	opened(t, w, modal("One", more))
	var results []string
	w.app.onInteract = func(c client.InteractionCallback) (int, string) {
		_, err := w.bot.PushView(c.TriggerID, modal("Next", more))
		results = append(results, code(err))
		return 200, ""
	}
	for range 3 {
		modals := w.s.Snapshot("U0REQ").Modals
		if err := w.s.PressInView(t.Context(), "U0REQ", modals[len(modals)-1].ID, "more", "push", nil); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff([]string{"", "", "push_limit_reached"}, results); diff != "" {
		t.Error(diff)
	}
	modals := w.s.Snapshot("U0REQ").Modals
	if err := w.s.CloseView(t.Context(), "U0REQ", modals[1].ID); err != nil {
		t.Fatal(err)
	}
	if left := w.s.Snapshot("U0REQ").Modals; len(left) != 1 || left[0].ID != modals[0].ID {
		t.Errorf("after closing the second: %+v", left)
	}
}

func TestStateIsKept(t *testing.T) {
	w := newWorld(t, nil)
	options := []*client.OptionBlockObject{
		client.NewOptionBlockObject("low", plainText("Low"), nil), client.NewOptionBlockObject("high", plainText("High"), nil),
	}
	menu := client.NewOptionsSelectBlockElement(client.OptTypeStatic, plainText("Pick"), "pick", options...)
	v := modal("Ask", client.NewInputBlock("risk", plainText("Risk"), nil, menu).WithDispatchAction(true), inputBlock("why", "text"))
	got := opened(t, w, v)
	if err := w.s.PressInView(t.Context(), "U0REQ", got.ID, "why", "text", "because"); err != nil {
		t.Fatal(err)
	}
	if len(w.app.interactions) != 0 {
		t.Error("an input without dispatch_action was delivered")
	}
	if err := w.s.PressInView(t.Context(), "U0REQ", got.ID, "risk", "pick", "medium"); !errors.Is(err, ErrRefused) {
		t.Errorf("an option that is not there: %v", err)
	}
	if err := w.s.PressInView(t.Context(), "U0REQ", got.ID, "risk", "pick", "high"); err != nil {
		t.Fatal(err)
	}
	c := w.app.interactions[0]
	if c.Type != client.InteractionTypeBlockActions || c.Container.Type != "view" || c.Container.ViewID != got.ID {
		t.Errorf("payload = %+v", c)
	}
	if a := c.ActionCallback.BlockActions[0]; a.SelectedOption.Value != "high" || a.ActionTs == "" {
		t.Errorf("action = %+v", a)
	}
	held := c.View.State.Values
	if held["why"]["text"].Value != "because" || held["risk"]["pick"].SelectedOption.Value != "high" {
		t.Errorf("state = %+v", held)
	}
	v.Blocks.BlockSet = append(v.Blocks.BlockSet, sectionOf("what you are asking for"))
	next, err := w.bot.UpdateView(v, "", c.View.Hash, got.ID)
	if err != nil || next.State.Values["why"]["text"].Value != "because" {
		t.Errorf("an update lost what was typed: %+v, %v", next, err)
	}
}

func TestSubmit(t *testing.T) {
	w := newWorld(t, nil)
	v := modal("Ask", sectionOf("text"), inputBlock("why", "text"))
	v.PrivateMetadata, v.CallbackID = "opaque", "request_form"
	got := opened(t, w, v)
	submit := func(value, answer string) (SubmitResult, error) {
		w.app.onInteract = func(client.InteractionCallback) (int, string) { return 200, answer }
		return w.s.Submit(t.Context(), "U0REQ", got.ID, map[string]map[string]Value{"why": {"text": value}})
	}
	r, err := submit("", "")
	if err != nil || r.Errors["why"] == "" || len(w.app.interactions) != 0 {
		t.Errorf("a required field left empty: %+v, %v", r, err)
	}
	r, err = submit("SHOP-1", `{"response_action":"errors","errors":{"why":"asks for a ticket"}}`)
	if err != nil || r.Action != "errors" || r.Errors["why"] != "asks for a ticket" || r.View.ID != got.ID {
		t.Errorf("errors: %+v, %v", r, err)
	}
	c := w.app.interactions[0]
	if c.Type != client.InteractionTypeViewSubmission || c.View.State.Values["why"]["text"].Value != "SHOP-1" ||
		c.View.PrivateMetadata != "opaque" || c.View.CallbackID != "request_form" || c.TriggerID == "" || c.View.RootViewID != got.ID {
		t.Errorf("payload = %+v", c.View)
	}
	section := w.s.Snapshot("U0REQ").Modals[0]
	for name, answer := range map[string]string{
		"an error at no block":       `{"response_action":"errors","errors":{"what":"x"}}`,
		"an error at a section":      `{"response_action":"errors","errors":{"` + sectionID(t, section) + `":"x"}}`,
		"no errors":                  `{"response_action":"errors"}`,
		"an unknown action":          `{"response_action":"explode"}`,
		"not JSON":                   `thanks`,
		"a view that is not allowed": `{"response_action":"update","view":{"type":"modal"}}`,
	} {
		if _, err := submit("x", answer); !errors.Is(err, ErrTrouble) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if len(w.s.Snapshot("U0REQ").Modals) != 1 {
		t.Fatal("a bad answer closed the modal")
	}
	sent := `{"type":"modal","title":{"type":"plain_text","text":"Sent"},"blocks":[{"type":"divider"}]}`
	r, err = submit("x", `{"response_action":"push","view":`+sent+`}`)
	if err != nil || r.Action != "push" || r.View.Title != "Sent" {
		t.Errorf("push: %+v, %v", r, err)
	}
	if err := w.s.CloseView(t.Context(), "U0REQ", r.View.ID); err != nil {
		t.Fatal(err)
	}
	r, err = submit("x", `{"response_action":"update","view":`+sent+`}`)
	if err != nil || r.View.ID != got.ID || r.View.Title != "Sent" {
		t.Errorf("update: %+v, %v", r, err)
	}
	if _, err = submit("x", ""); !errors.Is(err, ErrRefused) {
		t.Errorf("a modal without a submit button: %v", err)
	}
	got = opened(t, w, v)
	if r, err = submit("x", ""); err != nil || r.Action != "close" || r.View != nil {
		t.Errorf("close: %+v, %v", r, err)
	}
	got = opened(t, w, v)
	if r, err = submit("x", `{"response_action":"clear"}`); err != nil || r.Action != "clear" || r.View != nil {
		t.Errorf("clear: %+v, %v", r, err)
	}
}

func sectionID(t *testing.T, v AppView) string {
	t.Helper()
	l, err := decode(string(v.Blocks))
	if err != nil {
		t.Fatal(err)
	}
	return l.([]any)[0].(object)["block_id"].(string)
}

func TestCloseTellsWhoAsked(t *testing.T) {
	w := newWorld(t, nil)
	v := modal("Ask", inputBlock("why", "text"))
	v.NotifyOnClose, v.ClearOnClose = true, true
	got := opened(t, w, v)
	if err := w.s.CloseView(t.Context(), "U0APP", got.ID); !errors.Is(err, ErrUnknown) {
		t.Errorf("somebody else's modal: %v", err)
	}
	if err := w.s.CloseView(t.Context(), "U0REQ", got.ID); err != nil {
		t.Fatal(err)
	}
	if c := w.app.interactions[0]; c.Type != client.InteractionTypeViewClosed || !c.IsCleared || c.View.ID != got.ID {
		t.Errorf("payload = %+v", c)
	}
}

func TestOptionsLoad(t *testing.T) {
	w := newWorld(t, nil)
	least := 2
	menu := client.NewOptionsSelectBlockElement(client.OptTypeExternal, plainText("Project"), "project")
	menu.MinQueryLength = &least
	got := opened(t, w, modal("Ask", client.NewInputBlock("project", plainText("Project"), nil, menu)))
	load := func(typed, answer string) ([]Option, error) {
		w.app.onInteract = func(client.InteractionCallback) (int, string) { return 200, answer }
		return w.s.Options(t.Context(), "U0REQ", got.ID, "project", "project", typed)
	}
	if _, err := load("W", ""); !errors.Is(err, ErrRefused) {
		t.Errorf("too little typed: %v", err)
	}
	const shop = `{"text":{"type":"plain_text","text":"Web Shop"},"value":"p1"}`
	options, err := load("We", `{"option_groups":[{"label":{"type":"plain_text","text":"Ready"},"options":[`+shop+`]}]}`)
	if diff := cmp.Diff([]Option{{Text: "Web Shop", Value: "p1", Group: "Ready"}}, options); err != nil || diff != "" {
		t.Error(diff, err)
	}
	if c := w.app.interactions[0]; c.Type != client.InteractionTypeBlockSuggestion || c.Value != "We" || c.ActionID != "project" || c.View.ID != got.ID {
		t.Errorf("payload = %+v", c)
	}
	many := `{"options":[` + strings.TrimSuffix(strings.Repeat(shop+",", 101), ",") + `]}`
	if _, err := load("We", many); !errors.Is(err, ErrTrouble) {
		t.Errorf("101 options: %v", err)
	}
	w.app.onInteract = nil
	choose := func(value string) error {
		_, err := w.s.Submit(t.Context(), "U0REQ", got.ID, map[string]map[string]Value{"project": {"project": value}})
		return err
	}
	if err := choose("p2"); !errors.Is(err, ErrRefused) {
		t.Errorf("an option that was never offered: %v", err)
	}
	if err := choose("p1"); err != nil {
		t.Fatal(err)
	}
	last := w.app.interactions[len(w.app.interactions)-1]
	if o := last.View.State.Values["project"]["project"].SelectedOption; o.Value != "p1" || o.Text.Text != "Web Shop" {
		t.Errorf("chosen = %+v", o)
	}
}
