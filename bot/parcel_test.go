package bot

import (
	"net/url"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

const pressed = `{"type":"block_actions","team":{"id":"T0001"},"user":{"id":"U0APP","team_id":"T0001"},"trigger_id":"1.2.a","response_url":"http://127.0.0.1/r",
"container":{"type":"message","message_ts":"17.1","channel_id":"C0001"},"channel":{"id":"C0001"},
"actions":[{"type":"button","action_id":"request_approve","block_id":"b","value":"F-17.1 abcd","action_ts":"17.2"}]}`

const sent = `{"type":"view_submission","team":{"id":"T0001"},"user":{"id":"U0REQ","team_id":"T0001"},"trigger_id":"1.2.b",
"view":{"id":"V0001","type":"modal","callback_id":"request_form","private_metadata":"C0001","hash":"h1","state":{"values":{
"project":{"project":{"type":"static_select","selected_option":{"text":{"type":"plain_text","text":"x"},"value":"contoso/Web Shop"}}},
"pipelines/contoso/Web Shop":{"pipelines":{"type":"multi_static_select","selected_options":[{"text":{"type":"plain_text","text":"a"},"value":"a"},{"text":{"type":"plain_text","text":"b"},"value":"b"}]}},
"pipelines/contoso/Data Lake":{"pipelines":{"type":"multi_static_select","selected_options":[{"text":{"type":"plain_text","text":"c"},"value":"c"}]}},
"template":{"template":{"type":"static_select","selected_option":{"text":{"type":"plain_text","text":"x"},"value":"s3"}}},
"param/s3/bucket":{"param":{"type":"plain_text_input","value":" shop "}},"param/old/bucket":{"param":{"type":"plain_text_input","value":"other"}},
"ends":{"ends":{"type":"radio_buttons","selected_option":{"text":{"type":"plain_text","text":"x"},"value":"date"}}},
"date":{"date":{"type":"datepicker","selected_date":"2027-01-31"}},
"reason":{"reason":{"type":"plain_text_input","value":"SHOP-1"}}}}}}`

func form(payload string) []byte { return []byte(url.Values{"payload": {payload}}.Encode()) }

func TestParseInteraction(t *testing.T) {
	got, err := parseInteractionForm(form(pressed))
	if err != nil {
		t.Fatal(err)
	}
	want := parcel{Key: "press/1.2.a", Kind: kindPress, Team: "T0001", Home: "T0001", User: "U0APP", Channel: "C0001", Message: "17.1",
		Action: "request_approve", Value: "F-17.1 abcd", trigger: "1.2.a", response: "http://127.0.0.1/r"}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(parcel{})); diff != "" {
		t.Errorf("press (-want +got):\n%s", diff)
	}
	got, err = parseInteractionForm(form(sent))
	if err != nil {
		t.Fatal(err)
	}
	if got.Kind != kindSubmission || got.Key != "submission/1.2.b" || got.Value != "C0001" {
		t.Errorf("submission: %+v", got)
	}
	wish := answers{Organization: "contoso", Project: "Web Shop", Template: "s3", Pipelines: []string{"a", "b"}, Params: map[string]string{"bucket": "shop"},
		Ends: "date", Date: "2027-01-31", Reason: "SHOP-1"}
	if diff := cmp.Diff(wish, read(got.Answers), cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("answers to what is not chosen any more must not count (-want +got):\n%s", diff)
	}
}

// TestQueryCountsForNothing: the signature covers the body alone.
func TestQueryCountsForNothing(t *testing.T) {
	if p, err := parseInteractionForm([]byte("x=1")); err == nil {
		t.Errorf("an empty body became %+v", p)
	}
	if p, err := parseCommandForm([]byte("text=help")); err == nil {
		t.Errorf("a command from nobody became %+v", p)
	}
}

func FuzzInteraction(f *testing.F) {
	f.Add([]byte(pressed))
	f.Add([]byte(sent))
	f.Add([]byte(`{"type":"block_suggestion","team":{"id":"T1"},"user":{"id":"U1"},"block_id":"pipelines/a/b","value":"x"}`))
	f.Add([]byte(`{"type":"block_actions","actions":[null]}`))
	f.Add([]byte(`{"type":"view_closed","team":{"id":"T1"},"user":{"id":"U1"},"view":{"id":"V1","callback_id":"request_form","private_metadata":"draft/slack:T1/U2"}}`))
	f.Add([]byte(`{}`))
	f.Fuzz(func(t *testing.T, payload []byte) {
		p, err := parseInteraction(payload)
		if err != nil {
			return
		}
		if p.Team == "" || p.User == "" || p.Key == "" {
			t.Errorf("parsed %q to %+v", payload, p)
		}
		read(p.Answers)
		if target, ok := parseTarget(p.Value); ok && target.Federation.Number() == 0 {
			t.Errorf("%q names no federation", p.Value)
		}
	})
}
