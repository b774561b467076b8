package azuredevops

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/microsoft/azure-devops-go-api/azuredevops/v7"
	"github.com/microsoft/azure-devops-go-api/azuredevops/v7/serviceendpoint"

	"fedbot/workflows"
)

const (
	connectionURL  = "https://aws.amazon.com/" // a constant without meaning, the same for every connection of type AWS
	connectionType = "AWS"
	basicScheme    = "UsernamePassword"
	newEndpoints   = "7.2-preview.4" // the version that knows isDisabled and creationDate
)

// endpoint is a service connection as read back. The bare object is kept beside
// it, so that a change writes back what this room does not know.
type endpoint struct {
	ID, Name, Type, URL, Description string
	CreatedBy                        struct{ ID string }
	CreationDate                     *azuredevops.Time
	ModifiedBy                       struct{ ID, DisplayName string }
	ModificationDate                 *azuredevops.Time
	IsReady, IsDisabled              *bool
	OperationStatus                  *struct{ State, StatusMessage string }
	Authorization                    struct {
		Scheme     string
		Parameters map[string]*string // a secret is null, whether there is one or not
	}
	References []struct {
		Name, Description string
		ProjectReference  struct{ ID, Name string }
	} `json:"serviceEndpointProjectReferences"`

	bare map[string]any
}

func endpointPath(project, id string) string {
	return url.PathEscape(project) + "/_apis/serviceendpoint/endpoints/" + url.PathEscape(id)
}

// endpoint reads one connection. Nil without an error means that it is certain
// that the project has none with this id.
func (c *clients) endpoint(ctx context.Context, project, id string) (*endpoint, error) {
	var raw json.RawMessage
	err := c.call(ctx, http.MethodGet, endpointPath(project, id), nil, newEndpoints, nil, &raw)
	if absent(err) {
		return nil, nil
	}
	if err != nil {
		return nil, unread("the service connection", err)
	}
	return decodeEndpoint(raw, project)
}

func decodeEndpoint(raw []byte, project string) (*endpoint, error) {
	var e *endpoint
	if err := json.Unmarshal(raw, &e); err != nil {
		return nil, unread("the service connection", err)
	}
	if e == nil {
		return nil, nil
	}
	if err := json.Unmarshal(raw, &e.bare); err != nil {
		return nil, unread("the service connection", err)
	}
	switch {
	case len(e.bare) == 0:
		return nil, unread("the service connection", fmt.Errorf("an empty object"))
	case e.ID == "":
		return nil, nil // the last shape that a deleted connection has
	case e.Type == "":
		return nil, &workflows.Fault{Kind: workflows.ErrUnreadable,
			Say: "Azure DevOps shows fedbot that the service connection exists and nothing else about it. A project administrator can make fedbot a Reader of the project's service connections."}
	}
	for _, r := range e.References {
		if strings.EqualFold(r.ProjectReference.ID, project) && r.Name != "" {
			e.Name = r.Name // the name in this project is the one in the subject
			if r.Description != "" {
				e.Description = r.Description
			}
		}
	}
	return e, nil
}

// endpointNamed looks a connection up by its name, of whatever type: a token names
// it by nothing else. The service is not asked for the name, because a name with a
// comma cannot be asked for. The one with the id besides is passed over: whether Azure
// DevOps keeps two names apart that differ in letters alone is not documented, and a
// twin of ours would have tokens of almost the same subject.
func (c *clients) endpointNamed(ctx context.Context, project, name, besides string) (id string, err error) {
	all := true
	list, err := c.endpoints.GetServiceEndpoints(ctx, serviceendpoint.GetServiceEndpointsArgs{Project: &project, IncludeFailed: &all})
	if err != nil {
		return "", unread("the project's service connections", err)
	}
	return namedBesides(*list, name, besides), nil
}

func namedBesides(list []serviceendpoint.ServiceEndpoint, name, besides string) (id string) {
	for _, e := range list {
		if e.Id != nil && e.Name != nil && strings.EqualFold(*e.Name, name) && !strings.EqualFold(e.Id.String(), besides) {
			return e.Id.String()
		}
	}
	return ""
}

// parameter is one authorization parameter; null and absent are empty.
func (e *endpoint) parameter(name string) string {
	for key, v := range e.Authorization.Parameters {
		if v != nil && strings.EqualFold(key, name) {
			return *v
		}
	}
	return ""
}

// settled says whether nothing is being done to the connection at the moment.
func (e *endpoint) settled() bool {
	busy := e.OperationStatus != nil && strings.EqualFold(e.OperationStatus.State, "InProgress")
	return !busy && e.IsReady != nil && *e.IsReady
}

func (e *endpoint) disabled() bool { return e.IsDisabled != nil && *e.IsDisabled }

// is says in a few words what a connection is, for somebody who wanted its name.
func (e *endpoint) is() string {
	switch {
	case !strings.EqualFold(e.Type, connectionType):
		return "is of type " + e.Type
	case e.parameter("username") != "":
		return "holds an access key"
	case e.parameter("useOIDC") == "true":
		return "uses OIDC"
	}
	return "uses neither OIDC nor an access key of its own"
}

// elsewhere are the projects that a connection is shared with besides its own.
func (e *endpoint) elsewhere(project string) (ids, names []string) {
	for _, r := range e.References {
		if !strings.EqualFold(r.ProjectReference.ID, project) {
			ids, names = append(ids, r.ProjectReference.ID), append(names, r.ProjectReference.Name)
		}
	}
	return ids, names
}

// differences compares a connection with what its plan wants.
func (e *endpoint) differences(want *workflows.ConnectionSpec) []workflows.Difference {
	var out []workflows.Difference
	differ := func(field, approved, found string, wider bool) {
		if approved != found {
			out = append(out, workflows.Difference{Field: field, Approved: approved, Found: found, Wider: wider})
		}
	}
	// A connection that lost its name left the name to whoever takes it first, and
	// with it the subject that the role trusts.
	differ("connection name", want.Name, e.Name, true)
	if !strings.EqualFold(e.Type, connectionType) {
		differ("connection type", connectionType, e.Type, true)
	}
	differ("authorization scheme", basicScheme, e.Authorization.Scheme, false)
	differ("uses OIDC", "true", e.parameter("useOIDC"), false)
	differ("role", want.RoleARN, e.parameter("assumeRoleArn"), true)
	differ("access key", "none", orNone(e.parameter("username"), "an access key"), true)
	differ("external id", "none", orNone(e.parameter("externalId"), "set"), false)
	differ("session name", want.SessionName, e.parameter("roleSessionName"), false)
	differ("description", want.Description, e.Description, false)
	if e.disabled() {
		differ("state", "enabled", "disabled", false)
	} else if !e.settled() {
		differ("state", "enabled", "not ready", false)
	}
	if _, others := e.elsewhere(want.ProjectID); len(others) > 0 {
		differ("shared with", "no other project", strings.Join(others, ", "), true)
	}
	return out
}

func orNone(value, word string) string {
	if value == "" {
		return "none"
	}
	return word
}

// newEndpoint is the connection that a plan wants: OIDC, a role, no keys.
func newEndpoint(want *workflows.ConnectionSpec, project serviceendpoint.ProjectReference) *serviceendpoint.ServiceEndpoint {
	kind, address, owner, scheme := connectionType, connectionURL, "library", basicScheme
	name, description := want.Name, want.Description
	return &serviceendpoint.ServiceEndpoint{
		Name: &name, Type: &kind, Url: &address, Owner: &owner, Description: &description,
		Authorization: &serviceendpoint.EndpointAuthorization{Scheme: &scheme, Parameters: &map[string]string{
			"assumeRoleArn":   want.RoleARN,
			"useOIDC":         "true", // any other spelling means something else to one task or another
			"roleSessionName": want.SessionName,
		}},
		ServiceEndpointProjectReferences: &[]serviceendpoint.ServiceEndpointProjectReference{
			{Name: &name, Description: &description, ProjectReference: &project}},
	}
}

// mended is the bare object with what the plan wants put right, and without
// nulls, which would be taken for values.
func (e *endpoint) mended(want *workflows.ConnectionSpec) map[string]any {
	body := withoutNulls(e.bare)
	authorization, _ := body["authorization"].(map[string]any)
	if authorization == nil {
		authorization = map[string]any{}
	}
	parameters, _ := authorization["parameters"].(map[string]any)
	if parameters == nil {
		parameters = map[string]any{}
	}
	parameters["assumeRoleArn"], parameters["useOIDC"], parameters["roleSessionName"] = want.RoleARN, "true", want.SessionName
	for _, none := range []string{"username", "password", "sessionToken", "externalId"} {
		parameters[none] = ""
	}
	authorization["scheme"], authorization["parameters"] = basicScheme, parameters
	body["authorization"], body["name"], body["description"] = authorization, want.Name, want.Description
	body["url"], body["isDisabled"] = connectionURL, false
	body["serviceEndpointProjectReferences"] = []any{map[string]any{"name": want.Name, "description": want.Description,
		"projectReference": map[string]any{"id": want.ProjectID, "name": want.Project}}}
	return body
}

func withoutNulls(in map[string]any) map[string]any {
	out := make(map[string]any, len(in))
	for k, v := range in {
		switch v := v.(type) {
		case nil:
		case map[string]any:
			out[k] = withoutNulls(v)
		default:
			out[k] = v
		}
	}
	return out
}
