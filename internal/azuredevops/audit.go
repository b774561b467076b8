package azuredevops

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/microsoft/azure-devops-go-api/azuredevops/v7"
	"github.com/microsoft/azure-devops-go-api/azuredevops/v7/audit"
	"github.com/microsoft/azure-devops-go-api/azuredevops/v7/identity"

	"fedbot/workflows"
)

const (
	auditPages  = 20
	auditBatch  = 1000
	auditKept   = 90 * 24 * time.Hour // Azure DevOps's own limit
	auditSource = "Azure DevOps audit log"
	lastSource  = "Azure DevOps, last modified by"
)

var _ workflows.Historian = (*DevOps)(nil)

// Writers reads in the organization's audit log who changed the object of a step
// since a time. Reading it is a right of its own, and auditing may be switched off:
// then a connection's own "last modified by" is asked, which knows only the last.
// See workflows.Historian.
func (d *DevOps) Writers(ctx context.Context, in workflows.Task, fields []string, since time.Time) (map[string][]workflows.Writer, error) {
	t, err := d.begin(ctx, in, true)
	if err != nil {
		return nil, err
	}
	self, err := t.o.writer.whoami(ctx)
	if err != nil {
		return nil, err
	}
	if oldest := t.Now.Add(-auditKept); since.Before(oldest) {
		since = oldest
	}
	out := map[string][]workflows.Writer{}
	all, unread := t.audited(ctx, since, self)
	for _, field := range fields {
		for _, e := range all {
			if couldChange(in.Step.Kind, value(e.ActionId), field) {
				w, err := t.writer(ctx, e)
				if err != nil {
					return nil, err
				}
				out[field] = append(out[field], w)
			}
		}
	}
	if len(out) > 0 || in.Step.Kind != workflows.StepConnection {
		return out, unread
	}
	last, err := t.lastModified(ctx, since, self)
	if err != nil || last == nil {
		return out, firstOf(unread, err)
	}
	for _, field := range fields {
		if field != "exists" && !strings.HasSuffix(field, " id") {
			out[field] = []workflows.Writer{*last}
		}
	}
	return out, nil
}

func firstOf(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// audited are the entries about the step's object that are not fedbot's own.
func (t *task) audited(ctx context.Context, since time.Time, self string) ([]audit.DecoratedAuditLogEntry, error) {
	from, to, size := azuredevops.Time{Time: since}, azuredevops.Time{Time: t.Now}, auditBatch
	args := audit.QueryLogArgs{StartTime: &from, EndTime: &to, BatchSize: &size}
	var out []audit.DecoratedAuditLogEntry
	for range auditPages {
		page, err := t.c.audit.QueryLog(ctx, args)
		if err != nil {
			return nil, unreadAudit(t.o.Name, err)
		}
		if page.DecoratedAuditLogEntries == nil {
			return nil, unreadAudit(t.o.Name, fmt.Errorf("an answer without entries"))
		}
		for _, e := range *page.DecoratedAuditLogEntries {
			if t.about(e) && (e.ActorUserId == nil || !strings.EqualFold(e.ActorUserId.String(), self)) {
				out = append(out, e)
			}
		}
		if !value(page.HasMore) || value(page.ContinuationToken) == "" {
			return out, nil
		}
		args.ContinuationToken = page.ContinuationToken
	}
	return nil, &workflows.Fault{Kind: workflows.ErrUnreadable,
		Say: fmt.Sprintf("the audit log of %s holds more than %d entries since then, too many to look through", t.o.Name, auditPages*auditBatch)}
}

func unreadAudit(organization string, err error) error {
	f := &workflows.Fault{Kind: workflows.ErrUnreadable, Say: "the audit log of " + organization + " did not answer", Cause: fmt.Errorf("read the audit log: %w", err)}
	if status, _ := refusal(err); status == http.StatusForbidden || status == http.StatusUnauthorized || status == http.StatusNotFound {
		f.Say = "fedbot has no right to read the audit log of " + organization
	}
	return f
}

// auditedActions are the actions that can change the object of each kind of step.
var auditedActions = map[workflows.StepKind][]string{
	workflows.StepConnection: {"Library.ServiceConnection", "Project.UpdateRename", "Project.Delete", "Pipelines.Resource"},
	workflows.StepChecks:     {"CheckConfiguration.", "Library.ServiceConnectionDeleted"},
	workflows.StepPipelines:  {"Pipelines.Resource", "Library.ServiceConnectionDeleted"},
}

// couldChange leaves out what only uses a connection, and what changes another
// field than the one that differs.
func couldChange(kind workflows.StepKind, action, field string) bool {
	gone := field == "exists"
	switch {
	case strings.HasPrefix(action, "Library.ServiceConnectionExecuted"), strings.HasPrefix(field, "file of pipeline "):
		return false
	case strings.HasPrefix(field, "project ") || strings.HasPrefix(action, "Project."):
		return strings.HasPrefix(field, "project ") && strings.HasPrefix(action, "Project.")
	case strings.HasPrefix(action, "Library.ServiceConnectionDeleted"):
		return gone || strings.HasSuffix(field, " id") || field == "branch check" || strings.Contains(field, "pipelines")
	case kind == workflows.StepConnection && gone:
		return false
	case strings.HasPrefix(action, "Pipelines.Resource"):
		return strings.Contains(field, "pipelines")
	}
	return true
}

// about says whether an entry is about the step's object: by the connection's id,
// by its name where it was deleted or made anew, or by the check's number.
func (t *task) about(e audit.DecoratedAuditLogEntry) bool {
	action := value(e.ActionId)
	known := false
	for _, a := range auditedActions[t.Step.Kind] {
		known = known || strings.HasPrefix(action, a)
	}
	if !known {
		return false
	}
	project, connection := t.place()
	name := ""
	if want := t.Step.Connection; want != nil {
		project, connection, name = want.ProjectID, t.Ref, want.Name
	}
	if strings.HasPrefix(action, "Project.") {
		return e.ProjectId != nil && strings.EqualFold(e.ProjectId.String(), project)
	}
	if connection != "" && strings.Contains(strings.ToLower(value(e.Details)), strings.ToLower(connection)) {
		return true
	}
	for key, v := range value(e.Data) {
		said := strings.TrimSpace(fmt.Sprint(v))
		switch {
		case connection != "" && strings.EqualFold(said, connection):
			return true
		case name != "" && strings.EqualFold(said, name) && e.ProjectId != nil && strings.EqualFold(e.ProjectId.String(), project):
			return true
		case t.Step.Kind == workflows.StepChecks && t.Ref != "" && said == t.Ref && strings.Contains(strings.ToLower(key), "check"):
			return true
		}
	}
	return false
}

// writer says who an entry is about. The address is the one that the organization's
// directory has for that identity, and not what the entry or a profile shows.
func (t *task) writer(ctx context.Context, e audit.DecoratedAuditLogEntry) (workflows.Writer, error) {
	w := workflows.Writer{Who: plainLine(value(e.ActorDisplayName)), From: plainLine(value(e.IpAddress)), Did: plainLine(value(e.ActionId)), Source: auditSource}
	if e.Timestamp != nil {
		w.At = e.Timestamp.Time.UTC()
	}
	if w.Who == "" {
		w.Who = "somebody whom the audit log does not name"
	}
	if e.ActorUserId == nil {
		return w, nil
	}
	mail, err := t.c.mailOf(ctx, e.ActorUserId.String())
	w.Email = mail
	return w, err
}

// mailOf is the address of the one identity with this id; empty: it has none.
func (c *clients) mailOf(ctx context.Context, id string) (string, error) {
	list, err := c.identities.ReadIdentities(ctx, identity.ReadIdentitiesArgs{IdentityIds: &id})
	if err != nil {
		return "", unread("who changed it", err)
	}
	for _, i := range *list {
		if i.Id != nil && strings.EqualFold(i.Id.String(), id) && !value(i.IsContainer) {
			return strings.ToLower(property(i, "Mail")), nil
		}
	}
	return "", nil
}

// lastModified is who modified a connection last, if that was after fedbot did.
func (t *task) lastModified(ctx context.Context, since time.Time, self string) (*workflows.Writer, error) {
	if t.Ref == "" {
		return nil, nil
	}
	e, err := t.c.endpoint(ctx, t.Step.Connection.ProjectID, t.Ref)
	if err != nil || e == nil || e.ModificationDate == nil || e.ModifiedBy.ID == "" || strings.EqualFold(e.ModifiedBy.ID, self) || e.ModificationDate.Time.Before(since) {
		return nil, err
	}
	mail, err := t.c.mailOf(ctx, e.ModifiedBy.ID)
	if err != nil {
		return nil, err
	}
	return &workflows.Writer{Who: plainLine(e.ModifiedBy.DisplayName), Email: mail, At: e.ModificationDate.Time.UTC(), Source: lastSource}, nil
}
