package sandbox

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

const (
	ackBatch  = 2000 // commands of each kind in a round
	ackAtOnce = 32   // connections that send them
)

// BenchmarkAcknowledged measures how many signed slash commands are acknowledged in a
// second, and how long the slowest hundredth takes: help, and a whole request; both
// are stored on the disk before they are acknowledged, and decided meanwhile. Beside them
// stands the least that a server can do, which reads the body and verifies the
// signature. Rounds of the three take turns, so that a busy machine hits all.
func BenchmarkAcknowledged(b *testing.B) {
	st := begin(b)
	bare := httptest.NewServer(verifier(st.secrets.SlackSigning))
	defer bare.Close()
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: ackAtOnce}}
	defer client.CloseIdleConnections()
	kinds := []struct{ name, address, text string }{
		{"bare", bare.URL, "help"},
		{"help", st.url(st.ports.Fedbot) + "/slack/commands", "help"},
		{"request", st.url(st.ports.Fedbot) + "/slack/commands", askFor("aws-bench")},
	}
	took := map[string][]time.Duration{}
	spent := map[string]time.Duration{}
	var n atomic.Int64
	for b.Loop() {
		for _, k := range kinds {
			all, whole := st.round(b, client, k.address, k.text, &n)
			took[k.name], spent[k.name] = append(took[k.name], all...), spent[k.name]+whole
		}
	}
	rate := map[string]float64{}
	for _, k := range kinds {
		all := took[k.name]
		slices.Sort(all)
		rate[k.name] = float64(len(all)) / spent[k.name].Seconds()
		b.ReportMetric(rate[k.name], k.name+"/s")
		b.ReportMetric(float64(all[len(all)*99/100])/float64(time.Millisecond), k.name+"-p99-ms")
	}
	b.ReportMetric(rate["help"]/rate["bare"], "help/bare")
	b.ReportMetric(rate["request"]/rate["bare"], "request/bare")
}

// round sends a batch, each command by a person of its own, and returns how long
// each took and how long all did.
func (st *stage) round(b *testing.B, client *http.Client, address, text string, n *atomic.Int64) ([]time.Duration, time.Duration) {
	out := make([]time.Duration, ackBatch)
	var next atomic.Int64
	var all sync.WaitGroup
	began := time.Now()
	for range ackAtOnce {
		all.Go(func() {
			for i := next.Add(1) - 1; i < ackBatch; i = next.Add(1) - 1 {
				id := n.Add(1)
				d := commandBody(fmt.Sprintf("U9%09d", id), text, fmt.Sprint("ack.", id))
				at := strconv.FormatInt(st.clock.Now().Unix(), 10)
				r, err := http.NewRequestWithContext(context.Background(), http.MethodPost, address, strings.NewReader(d.body))
				if err != nil {
					b.Error(err)
					return
				}
				r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
				r.Header.Set("X-Slack-Request-Timestamp", at)
				r.Header.Set("X-Slack-Signature", signature(st.secrets.SlackSigning, at, d.body))
				sent := time.Now()
				res, err := client.Do(r)
				if err != nil {
					b.Error(err)
					return
				}
				body, _ := io.ReadAll(res.Body)
				res.Body.Close()
				out[i] = time.Since(sent)
				if res.StatusCode != http.StatusOK || len(body) > 0 {
					b.Errorf("answered %d %s", res.StatusCode, body)
					return
				}
			}
		})
	}
	all.Wait()
	return out, time.Since(began)
}

func signature(secret, at, body string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte("v0:" + at + ":" + body))
	return "v0=" + hex.EncodeToString(mac.Sum(nil))
}

// verifier is the least that a server behind Slack does.
func verifier(secret string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		want := signature(secret, r.Header.Get("X-Slack-Request-Timestamp"), string(body))
		if err != nil || !hmac.Equal([]byte(want), []byte(r.Header.Get("X-Slack-Signature"))) {
			w.WriteHeader(http.StatusUnauthorized)
		}
	})
}
