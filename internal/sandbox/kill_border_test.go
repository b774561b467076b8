package sandbox_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"fedbot/internal/app"
	"fedbot/internal/config"
	"fedbot/internal/sandbox"
)

// border stands between fedbot and one system and sees every call that fedbot
// makes. What it does to a call is for meet to say.
type border struct {
	to   string
	meet func(crossing) trouble

	mu    sync.Mutex
	names map[string]string // connections by id
}

// crossing is one call.
type crossing struct {
	call       string // "aws CreateRole", "azure POST serviceendpoint/endpoints"
	connection string // of the federation that it is about, where the call says so
	writes     bool
}

// trouble is what becomes of a call.
type trouble struct {
	before func() // happens before the effect; then there is none, and no answer
	after  func() // happens after the effect; then there is no answer
	status int    // an answer instead of the effect
	says   string // what that answer says
	again  string // after how many seconds it says to come again; empty: it does not say
	cut    bool   // the effect, and no answer
}

// borders puts one in front of each system and changes the configuration so that
// fedbot meets them.
func (h *house) borders(r sandbox.Ready, meet func(crossing) trouble) {
	h.t.Helper()
	var pairs []string
	for _, address := range []string{r.Slack.API, r.AzureDevOps.URL, r.AWS.Endpoint} {
		u, err := url.Parse(address)
		if err != nil {
			h.t.Fatal(err)
		}
		b := &border{to: u.Host, meet: meet, names: map[string]string{}}
		server := httptest.NewServer(b)
		h.t.Cleanup(func() { server.CloseClientConnections(); server.Close() })
		pairs = append(pairs, address, strings.Replace(address, "http://"+u.Host, server.URL, 1))
	}
	h.configure(pairs...)
}

var (
	ourRole = regexp.MustCompile(`ado-web-shop-(aws-[a-z]+-[0-9]+)-[0-9a-f]{8}`)
	guid    = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`)
	idPart  = regexp.MustCompile(`/([0-9a-f]{8}-[0-9a-f-]{27}|[0-9]+)`)
)

func (b *border) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(http.ErrAbortHandler) // fedbot has gone
	}
	t := b.meet(b.crossing(r, body))
	if t.before != nil {
		t.before()
		panic(http.ErrAbortHandler)
	}
	if t.status != 0 {
		if t.again != "" {
			w.Header().Set("Retry-After", t.again)
		}
		w.WriteHeader(t.status)
		_, _ = io.WriteString(w, t.says)
		return
	}
	// The effect does not depend on who still waits for the answer.
	out, err := http.NewRequestWithContext(context.WithoutCancel(r.Context()), r.Method, "http://"+b.to+r.URL.RequestURI(), bytes.NewReader(body))
	if err != nil {
		panic(err)
	}
	out.Header, out.Host, out.ContentLength = r.Header.Clone(), r.Host, int64(len(body))
	res, err := straight.RoundTrip(out)
	if err != nil {
		panic(http.ErrAbortHandler) // the emulator's own cut
	}
	answer, err := io.ReadAll(res.Body)
	_ = res.Body.Close()
	b.learn(answer)
	if t.after != nil {
		t.after()
	}
	if err != nil || t.cut || t.after != nil {
		panic(http.ErrAbortHandler)
	}
	for k, v := range res.Header {
		w.Header()[k] = v
	}
	w.WriteHeader(res.StatusCode)
	_, _ = w.Write(answer)
}

var straight = &http.Transport{DisableCompression: true, MaxIdleConnsPerHost: 32}

// learn remembers which connection has which id.
func (b *border) learn(answer []byte) {
	var made struct{ ID, Name, Type string }
	if json.Unmarshal(answer, &made) == nil && made.Type != "" && made.ID != "" {
		b.mu.Lock()
		b.names[made.ID] = made.Name
		b.mu.Unlock()
	}
}

func (b *border) crossing(r *http.Request, body []byte) crossing {
	if form, err := url.ParseQuery(string(body)); err == nil && form.Get("Action") != "" {
		c := crossing{call: "aws " + form.Get("Action")}
		for _, verb := range []string{"Create", "Put", "Delete", "Update", "Tag", "Untag", "Attach", "Detach"} {
			c.writes = c.writes || strings.HasPrefix(form.Get("Action"), verb)
		}
		if m := ourRole.FindStringSubmatch(form.Get("RoleName")); m != nil {
			c.connection = m[1]
		}
		return c
	}
	if method, ok := strings.CutPrefix(r.URL.Path, "/api/"); ok {
		return crossing{call: "slack " + method}
	}
	_, path, _ := strings.Cut(r.URL.Path, "/_apis")
	c := crossing{call: "azure " + r.Method + " " + strings.TrimPrefix(idPart.ReplaceAllString(path, "/*"), "/"),
		writes: r.Method != http.MethodGet && r.Method != http.MethodOptions}
	var said struct {
		Name               string
		TemplateParameters struct{ Connection string }
	}
	_ = json.Unmarshal(body, &said) // what is no JSON says no name
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, id := range guid.FindAllString(r.URL.RequestURI()+" "+string(body), -1) {
		if c.connection == "" {
			c.connection = b.names[id]
		}
	}
	for _, name := range []string{said.Name, said.TemplateParameters.Connection} {
		if c.connection == "" && strings.HasPrefix(name, "aws-") {
			c.connection = name
		}
	}
	return c
}

// inside runs fedbot in this process, on the house's configuration, until the
// returned function is called.
func (h *house) inside() (stop func()) {
	h.t.Helper()
	c, err := config.Load(h.file("fedbot.yaml"))
	if err != nil {
		h.t.Fatal(err)
	}
	id, key := h.keys()
	base := aws.Config{Region: "eu-west-1", Credentials: credentials.NewStaticCredentialsProvider(id, key, "")}
	log := &journal{}
	ctx, cancel := context.WithCancel(context.Background())
	a, err := app.New(ctx, app.Options{Config: c, AWS: &base, Log: log.logger(), Edits: edits, Fresh: fresh})
	if err != nil {
		cancel()
		h.t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- a.Run(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		err := <-ended
		if closing := a.Close(); err == nil {
			err = closing
		}
		if err != nil {
			h.t.Error(err)
		}
		if h.t.Failed() {
			h.t.Log(log.tail())
		}
	})
	h.t.Cleanup(stop)
	return stop
}

// journal keeps what was logged.
type journal struct {
	mu  sync.Mutex
	all bytes.Buffer
}

func (l *journal) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.all.Write(b)
}

func (l *journal) tail() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	text := l.all.String()
	return text[max(0, len(text)-12_000):]
}

func (l *journal) logger() *slog.Logger { return slog.New(slog.NewTextHandler(l, nil)) }
