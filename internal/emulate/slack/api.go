package slack

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// method is one call of the Web API.
type method struct {
	tier   int  // calls a minute; 0 is auth.test's and the like: not counted
	json   bool // takes a JSON body too; Slack's reading methods ignore one
	open   bool // needs no token
	token  byte // what kind of token it takes
	scopes func(c *call) []string
	run    func(s *Server, c *call) (object, error)

	instead map[string]string // errors of what it shares with others, in this method's own words
}

// Kinds of tokens: a bot's or a person's, the app's own for sockets, and the one that
// app configurations are managed with.
const (
	usualToken byte = iota
	appToken
	configToken
)

// call is one request for a method: who calls, with which arguments.
type call struct {
	method string
	token  string
	scopes []string
	bot    bool // the bot token; otherwise the observer's
	args   map[string]string
	server *Server
}

// apiError is an answer with ok false.
type apiError struct {
	code     string
	messages []string
	more     object
}

func (e *apiError) Error() string { return e.code }

func no(code string, messages ...string) *apiError { return &apiError{code: code, messages: messages} }

func invalid(format string) *apiError { return no("invalid_arguments", "[ERROR] "+format) }

// refused turns Block Kit's problems into the answer that Slack gives.
func refused(code string, problems []problem) error {
	if len(problems) == 0 {
		return nil
	}
	e := no(code)
	var plain []string
	for _, p := range problems {
		plain = append(plain, p.String())
		e.messages = append(e.messages, "[ERROR] "+p.String())
	}
	e.more = object{"errors": plain}
	return e
}

func (s *Server) serveAPI(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("method")
	s.o.Gate.Serve(w, r, "slack:"+name, struck, func(w http.ResponseWriter, r *http.Request) {
		m, ok := methods[name]
		if !ok {
			answer(w, http.StatusOK, object{"ok": false, "error": "unknown_method", "req_method": name})
			return
		}
		out, err := s.call(w, r, name, m)
		if err == nil {
			out["ok"] = true
			answer(w, http.StatusOK, out)
			return
		}
		refuse(w, s.onlyDocumented(name, err))
	})
}

func refuse(w http.ResponseWriter, err error) {
	var e *apiError
	if !errors.As(err, &e) {
		failed(w, "internal_error")
		return
	}
	out := object{"ok": false, "error": e.code}
	for k, v := range e.more {
		out[k] = v
	}
	if len(e.messages) > 0 {
		out["response_metadata"] = object{"messages": e.messages}
	}
	status := http.StatusOK
	if e.code == "ratelimited" {
		status = http.StatusTooManyRequests
		w.Header().Set("Retry-After", strconv.Itoa(e.more["retry_after"].(int)))
		delete(out, "retry_after")
	}
	answer(w, status, out)
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	_ = e.Encode(body)
}

// call checks token, scopes and rate, runs the method, and answers only when the
// journal has everything.
func (s *Server) call(w http.ResponseWriter, r *http.Request, name string, m method) (object, error) {
	c := &call{method: name, server: s}
	if err := c.read(r, m.json); err != nil {
		return nil, err
	}
	if m.open {
		if err := s.refusals.next(name); err != nil {
			return nil, err
		}
		return m.run(s, c)
	}
	if err := c.identify(s.o.App, m.token); err != nil {
		return nil, err
	}
	w.Header().Set("X-Oauth-Scopes", strings.Join(c.scopes, ","))
	s.mu.Lock()
	defer s.mu.Unlock()
	if m.scopes != nil {
		needed := m.scopes(c)
		w.Header().Set("X-Accepted-Oauth-Scopes", strings.Join(needed, ","))
		for _, scope := range needed {
			if !slices.Contains(c.scopes, scope) {
				return nil, &apiError{code: "missing_scope", more: object{
					"needed": scope, "provided": strings.Join(c.scopes, ","),
				}}
			}
		}
	}
	if err := s.refusals.next(name); err != nil {
		return nil, err
	}
	if err := s.throttle(c, m); err != nil {
		return nil, err
	}
	out, err := m.run(s, c)
	if s.fault != nil {
		return nil, s.fault
	}
	return out, err
}

// read takes token and arguments from where Slack takes them: the token from the
// header or a form body, never from the query string or a JSON body.
func (c *call) read(r *http.Request, takesJSON bool) error {
	c.args = map[string]string{}
	if t, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); ok {
		c.token = t
	}
	for k, v := range r.URL.Query() {
		c.args[k] = v[0]
	}
	delete(c.args, "token")
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	switch kind {
	case "application/json":
		if !takesJSON {
			return nil
		}
		return c.readJSON(r)
	case "multipart/form-data":
		if err := r.ParseMultipartForm(4 << 20); err != nil {
			return no("invalid_form_data")
		}
	case "application/x-www-form-urlencoded":
		if err := r.ParseForm(); err != nil {
			return no("invalid_form_data")
		}
	default:
		return c.withoutForm(r, kind)
	}
	for k, v := range r.PostForm {
		c.args[k] = v[0]
	}
	if t := c.args["token"]; c.token == "" {
		c.token = t
	}
	delete(c.args, "token")
	return nil
}

// withoutForm takes calls that need no body, and says what is wrong with a body whose
// type is none that Slack reads.
func (c *call) withoutForm(r *http.Request, kind string) error {
	if n, _ := io.CopyN(io.Discard, r.Body, 1); n == 0 {
		return nil
	}
	if kind == "" {
		return no("missing_post_type")
	}
	return no("invalid_post_type")
}

func (c *call) readJSON(r *http.Request) error {
	raw, err := io.ReadAll(io.LimitReader(r.Body, 4<<20))
	if err == nil && len(bytes.TrimSpace(raw)) == 0 {
		return nil // clients say JSON and send nothing where a method takes nothing
	}
	var body map[string]json.RawMessage
	if err != nil || json.Unmarshal(raw, &body) != nil {
		return invalid("the body must be a JSON object")
	}
	for k, v := range body {
		var t string
		switch {
		case json.Unmarshal(v, &t) == nil && string(v) != "null":
			c.args[k] = t
		case string(v) != "null":
			c.args[k] = string(v)
		}
	}
	return nil
}

func (c *call) identify(app App, wants byte) error {
	kind := usualToken
	switch c.token {
	case "":
		return no("not_authed")
	case app.BotToken:
		c.bot, c.scopes = true, app.Scopes
	case app.ObserverToken:
		c.scopes = observerScopes
	case app.AppToken:
		kind, c.scopes = appToken, appScopes
	case app.ConfigToken:
		kind = configToken
	default:
		return no("invalid_auth")
	}
	if kind != wants {
		return no("not_allowed_token_type")
	}
	return nil
}

// need returns an argument that has to be there.
func (c *call) need(name string) (string, error) {
	if v := c.args[name]; v != "" {
		return v, nil
	}
	return "", invalid("missing required field: " + name)
}

func (c *call) flag(name string) bool { return c.args[name] == "true" || c.args[name] == "1" }

// decode reads JSON and keeps its numbers as they are.
func decode(raw string) (any, error) {
	d := json.NewDecoder(bytes.NewReader([]byte(raw)))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, err
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, errors.New("more than one value")
	}
	return v, nil
}
