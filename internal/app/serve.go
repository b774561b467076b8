package app

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"fedbot/bot"
	"fedbot/workflows"
)

// front is what Slack and a load balancer reach.
func (a *App) front() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/slack/", a.bot.Handler())
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, r *http.Request) { _, _ = fmt.Fprintln(w, "ok") })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		select {
		case <-a.ready:
		default:
			http.Error(w, "starting", http.StatusServiceUnavailable)
			return
		}
		if _, err := a.db.Head(r.Context()); err != nil {
			http.Error(w, "the store cannot be read", http.StatusServiceUnavailable)
			return
		}
		if !a.bot.Reachable() {
			http.Error(w, "no socket to Slack is open", http.StatusServiceUnavailable)
			return
		}
		_, _ = fmt.Fprintln(w, "ready")
	})
	return mux
}

// metrics are for Prometheus: what exists, by state, and how far the followers are.
func (a *App) metrics() http.Handler {
	reg := prometheus.NewRegistry()
	reg.MustRegister(&collector{a: a})
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(reg, promhttp.HandlerOpts{}))
	return mux
}

type collector struct{ a *App }

var (
	descFederations = prometheus.NewDesc("fedbot_federations", "Federations by state.", []string{"state"}, nil)
	descParked      = prometheus.NewDesc("fedbot_parked", "Federations that wait for a person.", nil, nil)
	descFindings    = prometheus.NewDesc("fedbot_findings", "Open findings by level.", []string{"level"}, nil)
	descEvents      = prometheus.NewDesc("fedbot_events_total", "Events stored.", nil, nil)
	descBehind      = prometheus.NewDesc("fedbot_slack_behind", "Events that Slack has not been told.", nil, nil)
)

func (c *collector) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{descFederations, descParked, descFindings, descEvents, descBehind} {
		ch <- d
	}
}

func (c *collector) Collect(ch chan<- prometheus.Metric) {
	ctx := context.Background()
	list, err := c.a.db.List(ctx)
	if err != nil {
		ch <- prometheus.NewInvalidMetric(descFederations, err)
		return
	}
	states, levels, parked := map[workflows.State]int{}, map[workflows.Level]int{}, 0
	for _, f := range list {
		states[f.State]++
		if f.Parked != nil {
			parked++
		}
		for _, x := range f.Findings {
			levels[x.Level]++
		}
	}
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	for _, s := range []workflows.State{workflows.Requested, workflows.Provisioning, workflows.Active, workflows.Revoking, workflows.Closed} {
		gauge(descFederations, float64(states[s]), string(s))
	}
	for _, l := range []workflows.Level{workflows.Low, workflows.Medium, workflows.High, workflows.Critical} {
		gauge(descFindings, float64(levels[l]), string(l))
	}
	gauge(descParked, float64(parked))
	head, err := c.a.db.Head(ctx)
	if err == nil {
		ch <- prometheus.MustNewConstMetric(descEvents, prometheus.CounterValue, float64(head))
		if at, err := c.a.db.Cursor(ctx, bot.Follower); err == nil && head >= at {
			gauge(descBehind, float64(head-at))
		}
	}
}

// listenSocket opens the socket that only fedbot's own user can open. What a
// killed process left there is removed: the store's lock has shown by now that
// nobody serves it.
func listenSocket(path string) (net.Listener, error) {
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("remove old socket: %w", err)
	}
	// Made in a directory that nobody else can enter and then renamed, so that
	// there is no moment in which the socket is open to others.
	dir, err := os.MkdirTemp(filepath.Dir(path), ".socket")
	if err != nil {
		return nil, fmt.Errorf("make socket: %w", err)
	}
	defer os.RemoveAll(dir)
	inner := filepath.Join(dir, "s")
	l, err := net.Listen("unix", inner)
	if err != nil {
		return nil, fmt.Errorf("listen on socket: %w", err)
	}
	l.(*net.UnixListener).SetUnlinkOnClose(false)
	if err := errors.Join(os.Chmod(inner, 0o600), os.Rename(inner, path)); err != nil {
		return nil, errors.Join(fmt.Errorf("open socket %s: %w", path, err), l.Close())
	}
	return l, nil
}
