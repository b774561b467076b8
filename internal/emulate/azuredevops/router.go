package azuredevops

import (
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
)

// op is one call of a location. An empty scope lets every valid token through.
type op struct {
	name  string
	scope string
	do    func(*call) (any, error)
}

// route is one resource location. Its calls are keyed by method, with a "+" when
// the last placeholder of the template is filled.
type route struct {
	id, area, resource, template string
	revision                     int
	previewOnly                  bool
	calls                        map[string]op
}

// match fills the template's placeholders from a path, the literals without case.
// Placeholders at the end may be left out. The score is the number of literals.
func (l route) match(path []string) (vars map[string]string, score int, ok bool) {
	parts := strings.Split(l.template, "/")
	if len(path) > len(parts) {
		return nil, 0, false
	}
	vars = map[string]string{}
	for i, part := range parts {
		name, hole := hole(part)
		switch {
		case hole && name == "area", hole && name == "resource", !hole:
			want := part
			if name == "area" {
				want = l.area
			} else if name == "resource" {
				want = l.resource
			}
			if i >= len(path) || !strings.EqualFold(path[i], want) {
				return nil, 0, false
			}
			score++
		case i < len(path):
			vars[name] = path[i]
		default:
			vars[name] = ""
		}
	}
	return vars, score, true
}

func hole(part string) (name string, ok bool) {
	if !strings.HasPrefix(part, "{") {
		return "", false
	}
	return strings.TrimPrefix(strings.Trim(part, "{}"), "*"), true
}

// key says which of the location's calls a request is.
func (l route) key(method string, vars map[string]string) string {
	parts := strings.Split(l.template, "/")
	if name, ok := hole(parts[len(parts)-1]); ok && vars[name] != "" {
		return method + "+"
	}
	return method
}

// methods are those that an address of the location takes.
func (l route) methods(vars map[string]string) []string {
	var all []string
	for _, m := range []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete} {
		if _, ok := l.calls[l.key(m, vars)]; ok {
			all = append(all, m)
		}
	}
	return all
}

func (s *Server) find(path []string) (best route, vars map[string]string, ok bool) {
	top := -1
	for _, l := range s.routes {
		if v, score, fits := l.match(path); fits && score > top {
			best, vars, top, ok = l, v, score, true
		}
	}
	return best, vars, ok
}

// ServeHTTP answers /{organization}/….
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var path []string
	for _, part := range strings.Split(strings.Trim(r.URL.EscapedPath(), "/"), "/") {
		text, err := url.PathUnescape(part)
		if err != nil {
			writeFault(w, bad("HttpException", "A potentially dangerous Request.Path value was detected from the client."))
			return
		}
		path = append(path, text)
	}
	s.mu.Lock()
	org, known := s.organization(path[0])
	s.mu.Unlock()
	if !known {
		writeFault(w, missing("VssServiceException", "The organization %q does not exist.", path[0]))
		return
	}
	if r.Method == http.MethodOptions && len(path) >= 2 && len(path) <= 3 && strings.EqualFold(path[1], "_apis") {
		writeJSON(w, http.StatusOK, s.optionsAnswer(path[2:]...))
		return
	}
	l, vars, ok := s.find(path[1:])
	o, has := l.calls[l.key(r.Method, vars)]
	if ok && !has && len(l.methods(vars)) > 0 {
		w.Header().Set("Allow", strings.Join(l.methods(vars), ", "))
		writeFault(w, refuse(http.StatusMethodNotAllowed, "HttpException", "The requested resource does not support http method '%s': this emulator does not know the call %s %s.", r.Method, r.Method, r.URL.Path))
		return
	}
	if !ok || !has {
		writeFault(w, missing("VssResourceNotFoundException", "The controller for path '%s' was not found or does not answer %s: this emulator does not know the call %s %s.", r.URL.Path, r.Method, r.Method, r.URL.Path))
		return
	}
	s.o.Gate.Serve(w, r, l.area+":"+o.name, fail, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("ActivityId", newID())
		s.serve(w, r, &call{r: r, header: w.Header(), org: org, vars: vars, q: r.URL.Query()}, l, o)
	})
}

func (s *Server) serve(w http.ResponseWriter, r *http.Request, c *call, l route, o op) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 4<<20))
	if err != nil {
		writeFault(w, bad("HttpException", "Maximum request length exceeded."))
		return
	}
	c.body = body
	s.mu.Lock()
	answer, err := s.admitted(c, l, o)
	s.mu.Unlock()
	var f *fault
	switch {
	case err == nil:
		writeAnswer(w, answer)
	case errors.Is(err, errSignIn):
		signInPage(w, r)
	case errors.As(err, &f):
		writeFault(w, f)
	default:
		writeFault(w, refuse(http.StatusInternalServerError, "VssServiceException", "TF400898: An Internal Error Occurred: %v", err))
	}
}

// admitted checks token, version, scope and project and then does the call.
func (s *Server) admitted(c *call, l route, o op) (any, error) {
	if s.weather.signIn {
		return nil, errSignIn
	}
	scopes, err := s.authenticate(c)
	if err != nil {
		return nil, err
	}
	if f := s.charge(c); f != nil {
		return nil, f
	}
	var f *fault
	if c.version, f = parseVersion(c.r); f == nil {
		f = c.version.admit(l, c.r.Method)
	}
	if f != nil {
		return nil, f
	}
	c.header.Set("Content-Type", c.version.contentType(l))
	if o.scope != "" && c.job == nil && !allows(scopes, o.scope) {
		return nil, refuse(http.StatusUnauthorized, "UnauthorizedRequestException", "TF400813: The user '%s' is not authorized to access this resource: the token lacks the scope %s.", c.who.ID, o.scope)
	}
	if name, ok := c.vars["project"]; ok {
		if c.project, err = s.visibleProject(c, name); err != nil {
			return nil, err
		}
	}
	return o.do(c)
}
