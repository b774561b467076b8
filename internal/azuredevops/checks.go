package azuredevops

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"fedbot/workflows"
)

const (
	checkName        = "fedbot branch control"
	taskCheckType    = "fe1de3ee-a436-41b4-bb20-f6eb4cb879a7"
	branchControl    = "86b05a0c-73e6-4f7d-b3cf-e38f3b39a75b"
	checksVersion    = "7.1-preview.1"
	checkTimeout     = 1440 // minutes
	checkRetry       = 5    // minutes between two evaluations
	checksCollection = "/_apis/pipelines/checks/configurations"
)

// check is a check configuration with its settings, which the Go client drops.
type check struct {
	ID       int           `json:"id,omitempty"`
	Type     typeRef       `json:"type"`
	Resource resource      `json:"resource"`
	Settings checkSettings `json:"settings"`
	Timeout  int           `json:"timeout"` // minutes
	Disabled *bool         `json:"isDisabled,omitempty"`
}

type typeRef struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

type resource struct {
	Type string `json:"type"`
	ID   string `json:"id"`
	Name string `json:"name,omitempty"`
}

type checkSettings struct {
	DisplayName   string            `json:"displayName"`
	DefinitionRef definitionRef     `json:"definitionRef"`
	Inputs        map[string]string `json:"inputs"` // booleans too are texts
	RetryInterval int               `json:"retryInterval"`
}

type definitionRef struct {
	ID      string `json:"id"`
	Name    string `json:"name"`
	Version string `json:"version"`
}

// anyCheck reads a check of whatever kind; settings of kinds that are not ours
// stay unread.
type anyCheck struct {
	ID        int
	Type      struct{ ID string }
	CreatedBy struct{ ID string }
	Disabled  bool `json:"isDisabled"`
	Settings  struct {
		DisplayName   string
		DefinitionRef struct{ ID string }
		Inputs        map[string]any
	}
}

// wanted is the branch control that a plan asks for.
//
// ensureProtectionOfBranch stays "false": the plan names the branches, and whether
// each is protected was shown to and approved by people. With "true" the check
// would refuse a branch that they have let in knowingly.
func wantedCheck(spec *workflows.ChecksSpec, connection string) (check, error) {
	for _, b := range spec.Branches {
		if strings.ContainsAny(b, ",") || !strings.HasPrefix(b, "refs/") {
			return check{}, &workflows.Fault{Kind: workflows.ErrPermanent, Say: fmt.Sprintf("The branch %s cannot be checked: its name is not one that a branch check can hold.", b)}
		}
	}
	return check{
		Type:     typeRef{taskCheckType, "Task Check"},
		Resource: resource{"endpoint", connection, spec.Connection},
		Timeout:  checkTimeout,
		Settings: checkSettings{
			DisplayName:   checkName,
			DefinitionRef: definitionRef{branchControl, "evaluatebranchProtection", "0.0.1"},
			Inputs: map[string]string{"allowedBranches": strings.Join(spec.Branches, ","),
				"ensureProtectionOfBranch": "false", "allowUnknownStatusBranch": "false"},
			RetryInterval: checkRetry,
		},
	}, nil
}

// ourChecks lists the branch controls on a connection that we made: the one our
// events name, and those with our name on them that our identity created. Nobody
// else's check is ever touched.
func (t *task) ourChecks(ctx context.Context, project, connection string) ([]anyCheck, error) {
	var list struct{ Value []anyCheck }
	query := url.Values{"resourceType": {"endpoint"}, "resourceId": {connection}, "$expand": {"settings"}}
	if err := t.c.call(ctx, http.MethodGet, url.PathEscape(project)+checksCollection, query, checksVersion, nil, &list); err != nil {
		return nil, unread("the checks on the connection", err)
	}
	self, err := t.o.writer.whoami(ctx)
	if err != nil {
		return nil, err
	}
	ours := slices.DeleteFunc(list.Value, func(c anyCheck) bool {
		if t.Ref != "" && strconv.Itoa(c.ID) == t.Ref {
			return false
		}
		return !strings.EqualFold(c.Type.ID, taskCheckType) || c.Settings.DisplayName != checkName || !strings.EqualFold(c.CreatedBy.ID, self)
	})
	slices.SortFunc(ours, func(a, b anyCheck) int { // the one that our events name comes first
		if strconv.Itoa(a.ID) == t.Ref {
			return -1
		}
		if strconv.Itoa(b.ID) == t.Ref {
			return 1
		}
		return a.ID - b.ID
	})
	return ours, nil
}

func (c anyCheck) input(name string) string {
	switch v := c.Settings.Inputs[name].(type) {
	case string:
		return v
	case bool:
		return strconv.FormatBool(v)
	}
	return ""
}

// differences compares a check with the one that is wanted. All of them let in
// what was not approved, or may.
func (c anyCheck) differences(want check) []workflows.Difference {
	var out []workflows.Difference
	differ := func(field, approved, found string) {
		if approved != found {
			out = append(out, workflows.Difference{Field: field, Approved: approved, Found: orNone(found, found), Wider: true})
		}
	}
	differ("branch check name", want.Settings.DisplayName, c.Settings.DisplayName)
	differ("kind of branch check", want.Settings.DefinitionRef.ID, strings.ToLower(c.Settings.DefinitionRef.ID))
	differ("branches", sorted(want.Settings.Inputs["allowedBranches"]), sorted(c.input("allowedBranches")))
	differ("branch check switched off", "false", strconv.FormatBool(c.Disabled))
	differ("branch check lets unknown branches in", "false", strings.ToLower(c.input("allowUnknownStatusBranch")))
	return out
}

// sorted is a list of branches in one order.
func sorted(list string) string {
	parts := strings.FieldsFunc(list, func(r rune) bool { return r == ',' })
	for i := range parts {
		parts[i] = strings.TrimSpace(parts[i])
	}
	slices.Sort(parts)
	return strings.Join(slices.Compact(parts), ", ")
}

func (t *task) ensureChecks(ctx context.Context) (workflows.Result, error) {
	project, connection := t.place()
	if connection == "" {
		return workflows.Result{}, nowhere()
	}
	if gone, err := t.connectionGone(ctx, project, connection); err != nil || gone {
		if err == nil {
			err = nowhere()
		}
		return workflows.Result{}, err
	}
	want, err := wantedCheck(t.Step.Checks, connection)
	if err != nil {
		return workflows.Result{}, err
	}
	ours, err := t.ourChecks(ctx, project, connection)
	if err != nil {
		return workflows.Result{}, err
	}
	keep := 1
	if len(t.Step.Checks.Branches) == 0 {
		keep = 0 // no branch named: no branch check
	}
	for len(ours) > keep { // doubles that a lost answer left
		if err := t.deleteCheck(ctx, project, ours[len(ours)-1].ID); err != nil {
			return workflows.Result{}, err
		}
		ours = ours[:len(ours)-1]
	}
	if keep == 0 {
		return workflows.Result{Note: "none"}, nil
	}
	id, err := t.writeCheck(ctx, project, want, ours)
	if err != nil {
		return workflows.Result{}, err
	}
	if len(ours) == 0 {
		if err := t.single(ctx, project, connection, id); err != nil {
			return workflows.Result{}, err
		}
	}
	return workflows.Result{Ref: strconv.Itoa(id), Note: "branches " + strings.ReplaceAll(strings.Join(t.Step.Checks.Branches, ", "), "refs/heads/", "")}, nil
}

// single removes what a request that was sent twice on its way has made beside the
// check: Azure DevOps takes as many as it is given.
func (t *task) single(ctx context.Context, project, connection string, id int) error {
	ours, err := t.ourChecks(ctx, project, connection)
	if err != nil {
		return err
	}
	for _, c := range ours {
		if c.ID != id {
			if err := t.deleteCheck(ctx, project, c.ID); err != nil {
				return err
			}
		}
	}
	return nil
}

// writeCheck creates the check, or changes the one there is where it differs.
func (t *task) writeCheck(ctx context.Context, project string, want check, ours []anyCheck) (int, error) {
	method, path := http.MethodPost, url.PathEscape(project)+checksCollection
	if len(ours) > 0 {
		if len(ours[0].differences(want)) == 0 {
			return ours[0].ID, nil
		}
		want.ID = ours[0].ID
		if off := false; ours[0].Disabled {
			want.Disabled = &off
		}
		method, path = http.MethodPatch, path+"/"+strconv.Itoa(want.ID)
	}
	var made struct{ ID int }
	if err := t.c.call(ctx, method, path, nil, checksVersion, want, &made); err != nil {
		return 0, failed("set the branch check on the connection", err)
	}
	if made.ID == 0 {
		return 0, unknown("Azure DevOps gave no clear answer when fedbot set the branch check. fedbot looks again.")
	}
	return made.ID, nil
}

func (t *task) deleteCheck(ctx context.Context, project string, id int) error {
	path := url.PathEscape(project) + checksCollection + "/" + strconv.Itoa(id)
	if err := t.c.call(ctx, http.MethodDelete, path, nil, checksVersion, nil, nil); err != nil && !absent(err) {
		return failed("remove the branch check from the connection", err)
	}
	return nil
}

func (t *task) removeChecks(ctx context.Context) error {
	project, connection := t.place()
	if connection == "" {
		return nil
	}
	if gone, err := t.connectionGone(ctx, project, connection); err != nil || gone {
		return err
	}
	ours, err := t.ourChecks(ctx, project, connection)
	if err != nil {
		return err
	}
	for _, c := range ours {
		if err := t.deleteCheck(ctx, project, c.ID); err != nil {
			return err
		}
	}
	return nil
}

func (t *task) observeChecks(ctx context.Context) (workflows.Observation, error) {
	project, connection := t.place()
	want, err := wantedCheck(t.Step.Checks, connection)
	if err != nil {
		return workflows.Observation{}, err
	}
	none := workflows.Observation{Differences: []workflows.Difference{
		{Field: "branch check", Approved: sorted(want.Settings.Inputs["allowedBranches"]), Found: "none", Wider: true}}}
	if connection == "" {
		return none, nil
	}
	if gone, err := t.connectionGone(ctx, project, connection); err != nil || gone {
		return none, err
	}
	ours, err := t.ourChecks(ctx, project, connection)
	if err != nil {
		return workflows.Observation{}, err
	}
	switch {
	case len(t.Step.Checks.Branches) == 0:
		return workflows.Observation{Exists: true}, nil // another branch check can only shut out more
	case len(ours) == 0:
		return none, nil
	}
	return workflows.Observation{Exists: true, Ref: strconv.Itoa(ours[0].ID), Differences: ours[0].differences(want)}, nil
}
