package slack

import (
	"context"
	"encoding/json"
	"errors"
	"mime"
	"net/http"
)

// clientRequest is what a page or a script says that a person does. Each act uses
// the fields it needs.
type clientRequest struct {
	User    string                      `json:"user"`
	Channel string                      `json:"channel"`
	Text    string                      `json:"text"`
	TS      string                      `json:"ts"`
	ViewID  string                      `json:"view_id"`
	BlockID string                      `json:"block_id"`
	Action  string                      `json:"action_id"`
	Value   any                         `json:"value"`
	State   map[string]map[string]Value `json:"state"`
	Group   string                      `json:"group"`
	Members []string                    `json:"members"`
	File    string                      `json:"file"`
}

func (r clientRequest) text() string {
	t, _ := r.Value.(string)
	return t
}

// acts are the JSON twins of Server's methods: POST /client/<name>.
var acts = map[string]func(context.Context, *Server, clientRequest) (any, error){
	"command": func(ctx context.Context, s *Server, r clientRequest) (any, error) {
		return s.Command(ctx, r.User, r.Channel, r.Text)
	},
	"press": func(ctx context.Context, s *Server, r clientRequest) (any, error) {
		return nil, s.Press(ctx, r.User, r.Channel, r.TS, r.BlockID, r.Action, r.text())
	},
	"press_in_view": func(ctx context.Context, s *Server, r clientRequest) (any, error) {
		return nil, s.PressInView(ctx, r.User, r.ViewID, r.BlockID, r.Action, r.Value)
	},
	"submit": func(ctx context.Context, s *Server, r clientRequest) (any, error) {
		return s.Submit(ctx, r.User, r.ViewID, r.State)
	},
	"close": func(ctx context.Context, s *Server, r clientRequest) (any, error) {
		return nil, s.CloseView(ctx, r.User, r.ViewID)
	},
	"options": func(ctx context.Context, s *Server, r clientRequest) (any, error) {
		return s.Options(ctx, r.User, r.ViewID, r.BlockID, r.Action, r.text())
	},
	"open_home": func(ctx context.Context, s *Server, r clientRequest) (any, error) {
		return nil, s.OpenHome(ctx, r.User)
	},
	"snapshot": func(_ context.Context, s *Server, r clientRequest) (any, error) { return s.Snapshot(r.User), nil },
	"revision": func(_ context.Context, s *Server, _ clientRequest) (any, error) { return s.Revision(), nil },
	"set_group": func(_ context.Context, s *Server, r clientRequest) (any, error) {
		return nil, s.SetGroup(r.Group, r.Members)
	},
	"deactivate": func(_ context.Context, s *Server, r clientRequest) (any, error) { return nil, s.Deactivate(r.User) },
	"file": func(_ context.Context, s *Server, r clientRequest) (any, error) {
		name, content, err := s.File(r.File)
		return object{"name": name, "content": content}, err
	},
}

// serveClient answers {"ok":true,"result":…} or {"ok":false,"error":…,"message":…}.
// It wants JSON, which a page of another origin can't send without being asked first.
func (s *Server) serveClient(w http.ResponseWriter, r *http.Request) {
	act, ok := acts[r.PathValue("act")]
	if kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); kind != "application/json" || !ok {
		answer(w, http.StatusNotFound, object{"ok": false, "error": "unknown_act", "message": "no such act, or not JSON"})
		return
	}
	var body clientRequest
	d := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<20))
	d.DisallowUnknownFields()
	if err := d.Decode(&body); err != nil {
		answer(w, http.StatusBadRequest, object{"ok": false, "error": "invalid_json", "message": err.Error()})
		return
	}
	result, err := act(r.Context(), s, body)
	if err != nil {
		answer(w, http.StatusOK, object{"ok": false, "error": Code(err), "message": err.Error()})
		return
	}
	answer(w, http.StatusOK, object{"ok": true, "result": result})
}

// Code is the short name of what went wrong for a person: dispatch_failed,
// operation_timeout, trouble_connecting, refused, not_there or internal_error.
func Code(err error) string {
	switch {
	case errors.Is(err, ErrTrouble):
		return "trouble_connecting"
	case errors.Is(err, ErrDispatchFailed):
		return "dispatch_failed"
	case errors.Is(err, ErrOperationTimeout):
		return "operation_timeout"
	case errors.Is(err, ErrRefused):
		return "refused"
	case errors.Is(err, ErrUnknown):
		return "not_there"
	}
	return "internal_error"
}
