package sandbox

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	emado "fedbot/internal/emulate/azuredevops"
	"fedbot/workflows"
)

// Try is one thing that somebody tried, with the answer of AWS.
type Try struct {
	What    string `json:"what"`
	Answer  string `json:"answer"` // "allowed", "refused"
	Detail  string `json:"detail"`
	Allowed bool   `json:"allowed"`
	Wanted  bool   `json:"wanted"` // whether it should have been allowed
	Next    string `json:"next,omitempty"`
}

// Used is a run of a pipeline with the new connection.
type Used struct {
	Run        int    `json:"run"`
	Pipeline   string `json:"pipeline"`
	Connection string `json:"connection"`
	Result     string `json:"result"`
	YAML       string `json:"yaml"`
	Log        string `json:"log"`
	Tries      []Try  `json:"tries"`
}

// Use merges the YAML that the requester was given into the pipeline's file, to
// the letter, runs the pipeline, and then tries what lies next to what was
// permitted, with credentials from the same connection.
func (s *Sandbox) Use(ctx context.Context, id workflows.FederationID) (Used, error) {
	f, err := s.federation(ctx, id)
	if err != nil {
		return Used{}, err
	}
	if f.State != workflows.Active || f.Plan == nil || f.Facts == nil {
		return Used{}, fmt.Errorf("%s is %s: only an active federation can be used", f.ID, f.State)
	}
	if len(f.Facts.AzureDevOps.Pipelines) == 0 {
		return Used{}, fmt.Errorf("%s permits no pipeline yet: ask for a change that names one", f.ID)
	}
	p := f.Facts.AzureDevOps.Pipelines[0]
	yaml := "trigger: none\n\npool:\n  vmImage: ubuntu-latest\n\nsteps:\n" + f.Words.YAML
	ref := "refs/heads/main"
	if _, err := s.azure.Merge(organization, f.Names.Project, p.Repository, "main", "Requester", map[string]string{p.Path: yaml}); err != nil {
		return Used{}, err
	}
	run, err := s.queue(ctx, f.Names.ProjectID, p.ID, ref)
	if err != nil {
		return Used{}, err
	}
	out := Used{Run: run, Pipeline: p.Name, Connection: f.Approved.Connection, YAML: yaml}
	if out.Result, out.Log, err = s.follow(ctx, f.Names.ProjectID, run); err != nil {
		return out, err
	}
	signIn := Try{What: "run the pipeline", Wanted: true, Allowed: out.Result == "succeeded", Detail: "run " + strconv.Itoa(run) + " " + out.Result}
	signIn.Answer = answerWord(signIn.Allowed)
	out.Tries = append(out.Tries, signIn)
	token, err := s.azure.MintServiceConnectionToken(organization, f.Names.Project, f.Steps.Get(workflows.ConnectionID).Ref, emado.TokenOptions{})
	if err != nil {
		return out, err
	}
	out.Tries = append(out.Tries, s.tryNeighbours(ctx, f, token)...)
	s.mu.Lock()
	s.used[f.ID] = true
	s.mu.Unlock()
	s.note(fmt.Sprintf("Run %d of %s used %s: %s", run, p.Name, f.Approved.Connection, out.Result))
	return out, nil
}

func answerWord(allowed bool) string {
	if allowed {
		return "allowed"
	}
	return "refused"
}

// federation reads one federation from the fedbot inside.
func (s *Sandbox) federation(ctx context.Context, id workflows.FederationID) (workflows.Federation, error) {
	s.mu.Lock()
	r := s.running
	s.mu.Unlock()
	if r == nil {
		return workflows.Federation{}, fmt.Errorf("fedbot is stopped, because you stopped it; start it first")
	}
	return r.app.Store().Load(ctx, id)
}

// queue starts a pipeline as a person would: over Azure DevOps's API.
func (s *Sandbox) queue(ctx context.Context, projectID string, pipeline int, ref string) (int, error) {
	var out struct{ ID int }
	body := fmt.Sprintf(`{"resources":{"repositories":{"self":{"refName":%q}}}}`, ref)
	err := s.devops(ctx, http.MethodPost, fmt.Sprintf("%s/_apis/pipelines/%d/runs?api-version=7.1", projectID, pipeline), body, &out)
	return out.ID, err
}

// follow waits for the end of a run and returns its result and its logs.
func (s *Sandbox) follow(ctx context.Context, projectID string, run int) (result, log string, err error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	for {
		var b struct{ Status, Result string }
		if err := s.devops(ctx, http.MethodGet, fmt.Sprintf("%s/_apis/build/builds/%d?api-version=7.1", projectID, run), "", &b); err != nil {
			return "", "", err
		}
		if b.Status == "completed" {
			log, err := s.logs(ctx, projectID, run)
			return b.Result, log, err
		}
		select {
		case <-time.After(100 * time.Millisecond):
		case <-ctx.Done():
			return "", "", fmt.Errorf("run %d has not ended after a minute; Azure DevOps may have been told to be slow", run)
		}
	}
}

func (s *Sandbox) logs(ctx context.Context, projectID string, run int) (string, error) {
	var list struct{ Value []struct{ ID int } }
	path := fmt.Sprintf("%s/_apis/build/builds/%d/logs", projectID, run)
	if err := s.devops(ctx, http.MethodGet, path+"?api-version=7.1", "", &list); err != nil {
		return "", err
	}
	var out strings.Builder
	for _, l := range list.Value {
		var lines struct{ Value []string }
		if err := s.devops(ctx, http.MethodGet, fmt.Sprintf("%s/%d?api-version=7.1", path, l.ID), "", &lines); err != nil {
			return "", err
		}
		for _, line := range lines.Value {
			out.WriteString(line + "\n")
		}
	}
	return out.String(), nil
}

// devops calls the emulated Azure DevOps as its administrator.
func (s *Sandbox) devops(ctx context.Context, method, path, body string, into any) error {
	return s.devopsAs(ctx, s.secrets.DevOpsAdmin, method, path, body, into)
}

// devopsAs calls it with somebody's own token.
func (s *Sandbox) devopsAs(ctx context.Context, token, method, path, body string, into any) error {
	address := s.url(s.ports.DevOps) + "/" + organization + "/" + path
	if _, err := url.Parse(address); err != nil {
		return fmt.Errorf("call Azure DevOps: %w", err)
	}
	req, err := http.NewRequestWithContext(ctx, method, address, strings.NewReader(body))
	if err != nil {
		return fmt.Errorf("call Azure DevOps: %w", err)
	}
	req.SetBasicAuth("", token)
	req.Header.Set("Accept", "application/json")
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return fmt.Errorf("call Azure DevOps: %w", err)
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		return fmt.Errorf("call Azure DevOps: %w", err)
	}
	if res.StatusCode >= 300 || res.StatusCode == http.StatusNonAuthoritativeInfo {
		return fmt.Errorf("%s %s: Azure DevOps answered %s: %.300s", method, path, res.Status, raw)
	}
	if into == nil {
		return nil
	}
	if err := json.Unmarshal(raw, into); err != nil {
		return fmt.Errorf("read Azure DevOps's answer: %w", err)
	}
	return nil
}
