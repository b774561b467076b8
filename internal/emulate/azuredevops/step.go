package azuredevops

import (
	"context"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Step advances every run by one transition, and everything that goes on by
// itself: deletions, connections that nobody uses. Calls that jobs make to AWS
// end with ctx. Concurrent calls wait for each other.
func (s *Server) Step(ctx context.Context) {
	s.stepping.Lock()
	defer s.stepping.Unlock()
	s.mu.Lock()
	_ = s.age() // a journal that fails is noticed by the next call that needs it
	var ids []int
	for _, r := range s.runs.where(term("live")) {
		ids = append(ids, r.ID)
	}
	s.mu.Unlock()
	var all sync.WaitGroup
	for _, id := range ids {
		all.Go(func() { s.advance(ctx, id) })
	}
	all.Wait()
}

// advance moves one run by one transition. A task is executed without the lock;
// a kill meanwhile leaves its record in progress, and it is started again.
func (s *Server) advance(ctx context.Context, id int) {
	s.mu.Lock()
	r, ok := s.runs.Get(number(id))
	if !ok || r.State == "completed" {
		s.mu.Unlock()
		return
	}
	before := r
	r.Records = slices.Clone(r.Records)
	for i := range r.Records {
		r.Records[i].Issues = slices.Clone(r.Records[i].Issues)
	}
	doc, err := parsePipeline(r.YAML)
	at := -1
	switch {
	case err != nil || r.State == "canceling":
		s.cancel(&r)
	default:
		at = s.transition(&r, doc)
	}
	if !reflect.DeepEqual(before, r) && s.saved(s.runs.Put(number(id), r)) != nil {
		at = -1
	}
	s.mu.Unlock()
	if at >= 0 {
		s.execute(ctx, r, doc, at)
	}
}

// transition does what is due and returns the index of the task to execute, or -1.
func (s *Server) transition(r *run, doc document) int {
	for i := range r.Records {
		st := &r.Records[i]
		if st.Type != "Stage" || st.State == "completed" {
			continue
		}
		if st.State == "pending" {
			if r.failed() {
				r.finishTree(st.ID, "skipped", s.o.Now())
				return -1
			}
			s.gateStage(r, doc, st.Identifier, st.ID)
			return -1
		}
		return s.advanceStage(r, doc, i)
	}
	r.State, r.Result, r.Finished, r.JobToken, r.Files = "completed", "succeeded", s.o.Now(), "", nil
	if r.failed() {
		r.Result = "failed"
	}
	return -1
}

// advanceStage moves the first unfinished job of a stage.
func (s *Server) advanceStage(r *run, doc document, at int) int {
	st := &r.Records[at]
	now := s.o.Now()
	for i := range r.Records {
		j := &r.Records[i]
		if j.Type != "Job" || j.State == "completed" || !strings.HasPrefix(j.Identifier, st.Identifier+".") {
			continue
		}
		if j.State == "pending" {
			if r.stageFailed(st.Identifier) {
				r.finishTree(j.Parent, "skipped", now)
				return -1
			}
			s.startJob(r, doc, i)
			return -1
		}
		return s.advanceJob(r, i)
	}
	st.State, st.Result, st.Finished = "completed", "succeeded", now
	if r.stageFailed(st.Identifier) {
		st.Result = "failed"
	}
	return -1
}

// startJob hands a job to an agent, unless its queue has none that answers.
func (s *Server) startJob(r *run, doc document, at int) {
	j := &r.Records[at]
	def, ok := doc.job(j.Identifier)
	q, known := s.queueNamed(r.Project, def.Pool.queueName())
	if !ok || !known || s.silent(q) {
		return
	}
	now := s.o.Now()
	if r.Started.IsZero() {
		r.Started = now
	}
	j.State, j.Started, j.Worker, j.Queue = "inProgress", now, "Agent 1", q.ID
	for i := range r.Records {
		if r.Records[i].ID == j.Parent {
			r.Records[i].State, r.Records[i].Started = "inProgress", now
		}
	}
	r.JobToken, r.Files = newID()+newID(), nil
}

// advanceJob picks the next task, or ends the job.
func (s *Server) advanceJob(r *run, at int) int {
	j := &r.Records[at]
	now := s.o.Now()
	failed := false
	for i := range r.Records {
		t := &r.Records[i]
		if t.Parent != j.ID {
			continue
		}
		if t.State == "completed" {
			failed = failed || t.Result == "failed"
			continue
		}
		if failed && t.State == "pending" {
			t.State, t.Result = "completed", "skipped"
			continue
		}
		t.State, t.Started = "inProgress", now
		return i
	}
	result := "succeeded"
	if failed {
		result = "failed"
	}
	r.JobToken, r.Files = "", nil
	j.State, j.Result, j.Finished = "completed", result, now
	for i := range r.Records {
		if r.Records[i].ID == j.Parent {
			r.Records[i].State, r.Records[i].Result, r.Records[i].Finished = "completed", result, now
		}
	}
	return -1
}

// execute runs one task and writes down what came of it.
func (s *Server) execute(ctx context.Context, r run, doc document, at int) {
	a := s.newAgent(r, doc, at)
	ok := a.work(ctx)
	s.mu.Lock()
	defer s.mu.Unlock()
	if ctx.Err() != nil {
		return // the emulator is going down: the task is started again
	}
	now := s.o.Now()
	fresh, _ := s.runs.Get(number(r.ID)) // it may have been cancelled meanwhile
	fresh.Records = slices.Clone(fresh.Records)
	t := &fresh.Records[at]
	logs := 0
	for _, x := range fresh.Records {
		logs = max(logs, x.Log)
	}
	t.State, t.Result, t.Finished, t.Issues, t.Log = "completed", "succeeded", now, a.issues, logs+1
	if !ok {
		t.Result = "failed"
	}
	fresh.Files = maps.Clone(a.written)
	for _, id := range a.used {
		if !slices.Contains(fresh.Used, id) {
			fresh.Used = append(slices.Clone(fresh.Used), id)
		}
		if k, ok := s.connection(id); ok {
			k.Used = now
			_ = s.connections.Put(id, k)
			_ = s.auditAs(k.Org, r.By, a.project, "Library.ServiceConnectionExecuted", fmt.Sprintf("Service connection %s was used by run %d", k.Name, r.ID), k.auditData())
		}
	}
	_ = s.saved(s.logs.Put(logKey(r.ID, t.Log), logText{Run: r.ID, ID: t.Log, Created: now, Lines: a.lines}), s.runs.Put(number(r.ID), fresh))
}

// cancel ends a run where it is.
func (s *Server) cancel(r *run) {
	now := s.o.Now()
	for i := range r.Records {
		if x := &r.Records[i]; x.State != "completed" {
			x.State, x.Result, x.Finished = "completed", "canceled", now
		}
	}
	for _, a := range s.approvals.where(term("run", strconv.Itoa(r.ID))) {
		if a.Status == "pending" {
			a.Status, a.Changed = "canceled", now
			_ = s.saved(s.approvals.Put(a.ID, a))
		}
	}
	r.State, r.Result, r.Finished, r.JobToken, r.Files = "completed", "canceled", now, "", nil
}

func (s *Server) queueNamed(project, name string) (queue, bool) {
	for _, q := range s.queues.where(term("in", project)) {
		if strings.EqualFold(q.Name, name) {
			return q, true
		}
	}
	return queue{}, false
}

// job finds a job by the identifier of its record.
func (d document) job(identifier string) (job, bool) {
	for _, st := range d.Stages {
		for _, j := range st.Jobs {
			if st.Name+"."+j.Name+".__default" == identifier {
				return j, true
			}
		}
	}
	return job{}, false
}

// current is the record of a type that is in progress.
func (r run) current(kind string) (record, bool) {
	i := slices.IndexFunc(r.Records, func(x record) bool { return x.Type == kind && x.State == "inProgress" })
	if i < 0 {
		return record{}, false
	}
	return r.Records[i], true
}

func (r run) jobRunning() bool {
	_, ok := r.current("Job")
	return ok && r.State != "completed"
}

func (r run) stageAndJob() (stage, job string) {
	x, _ := r.current("Job")
	parts := strings.Split(x.Identifier, ".")
	if len(parts) < 2 {
		return "", ""
	}
	return parts[0], parts[1]
}

func (r run) failed() bool {
	return slices.ContainsFunc(r.Records, func(x record) bool {
		return (x.Type == "Stage" || x.Type == "Checkpoint") && x.Result == "failed"
	})
}

func (r run) stageFailed(name string) bool {
	return slices.ContainsFunc(r.Records, func(x record) bool {
		return x.Type == "Job" && x.Result == "failed" && strings.HasPrefix(x.Identifier, name+".")
	})
}

// finishTree completes a record and everything below it.
func (r *run) finishTree(id, result string, at time.Time) {
	for i := range r.Records {
		x := &r.Records[i]
		if x.ID == id && x.State != "completed" {
			x.State, x.Result, x.Finished = "completed", result, at
		}
	}
	for _, x := range slices.Clone(r.Records) {
		if x.Parent == id {
			r.finishTree(x.ID, result, at)
		}
	}
}
