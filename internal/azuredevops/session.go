package azuredevops

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"

	"github.com/google/uuid"
	"github.com/microsoft/azure-devops-go-api/azuredevops/v7"
	"github.com/microsoft/azure-devops-go-api/azuredevops/v7/audit"
	"github.com/microsoft/azure-devops-go-api/azuredevops/v7/build"
	"github.com/microsoft/azure-devops-go-api/azuredevops/v7/core"
	"github.com/microsoft/azure-devops-go-api/azuredevops/v7/extensionmanagement"
	"github.com/microsoft/azure-devops-go-api/azuredevops/v7/identity"
	"github.com/microsoft/azure-devops-go-api/azuredevops/v7/location"
	"github.com/microsoft/azure-devops-go-api/azuredevops/v7/pipelinepermissions"
	"github.com/microsoft/azure-devops-go-api/azuredevops/v7/pipelines"
	"github.com/microsoft/azure-devops-go-api/azuredevops/v7/policy"
	"github.com/microsoft/azure-devops-go-api/azuredevops/v7/security"
	"github.com/microsoft/azure-devops-go-api/azuredevops/v7/serviceendpoint"
)

// session is one identity of ours in one organization.
type session struct {
	base       string // "https://dev.azure.com/contoso"
	home       *url.URL
	connection *azuredevops.Connection
	http       *http.Client

	mu     sync.Mutex
	opened *clients
	self   string // id of the identity; empty: not asked yet
}

// clients are the Go client's parts, each at the host of its area.
type clients struct {
	base string
	raw  *azuredevops.Client

	audit       audit.Client
	core        core.Client
	endpoints   serviceendpoint.Client
	permissions pipelinepermissions.Client
	builds      build.Client
	pipelines   pipelines.Client
	extensions  extensionmanagement.Client
	policies    policy.Client
	identities  identity.Client
	location    location.Client
	security    security.Client
}

func newSession(base string, transport http.RoundTripper) (*session, error) {
	base = strings.TrimRight(base, "/")
	home, err := url.Parse(base)
	if err != nil || home.Host == "" {
		return nil, fmt.Errorf("%q is not the address of an organization", base)
	}
	return &session{
		base: base, home: home,
		connection: &azuredevops.Connection{BaseUrl: base, SuppressFedAuthRedirect: true, UserAgent: "fedbot"},
		http:       &http.Client{Transport: transport, CheckRedirect: stay},
	}, nil
}

// open asks once which host answers for which area and builds the clients, one
// caller at a time: the Go client's own constructors are not safe together.
func (s *session) open(ctx context.Context) (*clients, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.opened != nil {
		return s.opened, nil
	}
	root := s.at(s.base)
	areas, err := root.GetResourceAreas(ctx)
	if err != nil {
		return nil, unread("where its services are", err)
	}
	hosts := map[uuid.UUID]string{}
	for _, a := range *areas {
		if a.Id == nil || a.LocationUrl == nil {
			continue
		}
		if to, err := url.Parse(*a.LocationUrl); err == nil && trusted(s.home, to) {
			hosts[*a.Id] = strings.TrimRight(*a.LocationUrl, "/")
		}
	}
	area := func(id uuid.UUID) azuredevops.Client {
		if host, ok := hosts[id]; ok {
			return *s.at(host)
		}
		return *root // an empty list means that one host answers for everything
	}
	s.opened = &clients{base: s.base, raw: root,
		audit:       &audit.ClientImpl{Client: area(audit.ResourceAreaId)},
		core:        &core.ClientImpl{Client: area(core.ResourceAreaId)},
		endpoints:   &serviceendpoint.ClientImpl{Client: area(serviceendpoint.ResourceAreaId)},
		permissions: &pipelinepermissions.ClientImpl{Client: area(pipelinepermissions.ResourceAreaId)},
		builds:      &build.ClientImpl{Client: area(build.ResourceAreaId)},
		pipelines:   &pipelines.ClientImpl{Client: *root},
		extensions:  &extensionmanagement.ClientImpl{Client: area(extensionmanagement.ResourceAreaId)},
		policies:    &policy.ClientImpl{Client: area(policy.ResourceAreaId)},
		identities:  &identity.ClientImpl{Client: area(identity.ResourceAreaId)},
		location:    &location.ClientImpl{Client: *root},
		security:    &security.ClientImpl{Client: *root},
	}
	return s.opened, nil
}

func (s *session) at(host string) *azuredevops.Client {
	return azuredevops.NewClientWithOptions(s.connection, host, azuredevops.WithHTTPClient(s.http))
}

// whoami is the id of the identity, as createdBy has it.
func (s *session) whoami(ctx context.Context) (string, error) {
	s.mu.Lock()
	self := s.self
	s.mu.Unlock()
	if self != "" {
		return self, nil
	}
	c, err := s.open(ctx)
	if err != nil {
		return "", err
	}
	data, err := c.location.GetConnectionData(ctx, location.GetConnectionDataArgs{})
	if err != nil {
		return "", unread("who fedbot is", err)
	}
	if data.AuthenticatedUser == nil || data.AuthenticatedUser.Id == nil {
		return "", unread("who fedbot is", fmt.Errorf("no authenticated user"))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.self = data.AuthenticatedUser.Id.String()
	return s.self, nil
}

// call is a plain REST call, for what the Go client cannot say: into is a *[]byte
// for the bare body, a pointer for JSON, or nil.
func (c *clients) call(ctx context.Context, method, path string, query url.Values, version string, body, into any) error {
	var send io.Reader
	kind := ""
	if body != nil {
		raw, err := json.Marshal(body)
		if err != nil {
			return fmt.Errorf("encode the body of %s: %w", path, err)
		}
		send, kind = bytes.NewReader(raw), azuredevops.MediaTypeApplicationJson
	}
	accept := azuredevops.MediaTypeApplicationJson
	bare, isBare := into.(*[]byte)
	if isBare {
		accept = "application/octet-stream"
	}
	address := c.base + "/" + path
	if len(query) > 0 {
		address += "?" + query.Encode()
	}
	req, err := c.raw.CreateRequestMessage(ctx, method, address, version, send, kind, accept, nil)
	if err != nil {
		return fmt.Errorf("make a request: %w", err)
	}
	resp, err := c.raw.SendRequest(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		return fmt.Errorf("read the answer to %s: %w", path, err)
	}
	switch {
	case isBare:
		*bare = raw
	case into != nil:
		if err := json.Unmarshal(raw, into); err != nil {
			return fmt.Errorf("decode the answer to %s: %w", path, err)
		}
	}
	return nil
}
