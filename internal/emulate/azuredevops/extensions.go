package azuredevops

import (
	"net/http"
	"strings"
)

const (
	toolkitPublisher = "AmazonWebServices"
	toolkitExtension = "aws-vsts-tools"
	toolkitNewest    = "1.23.0" // what the marketplace has

	toolkitRegistration = "5d2c5a20-7b0a-4cdb-9a36-2e0f5c1f6a11" // made up
)

// unusable are the states of an installation in which nothing of it works.
var unusable = []string{"disabled", "unInstalled", "error", "needsReauthorization"}

// toolkit is the version whose connection type and tasks exist in an organization.
func (o organization) toolkit() string {
	for _, flag := range split(o.ToolkitFlags) {
		for _, bad := range unusable {
			if strings.EqualFold(flag, bad) {
				return ""
			}
		}
	}
	return o.Toolkit
}

func (s *Server) toolkitView(o organization) object {
	flags := o.ToolkitFlags
	if flags == "" {
		flags = "none"
	}
	return object{"extensionId": toolkitExtension, "extensionName": "AWS Toolkit for Azure DevOps", "publisherId": toolkitPublisher,
		"publisherName": "Amazon Web Services", "version": o.Toolkit, "lastPublished": "2026-01-09T00:00:00Z",
		"registrationId": toolkitRegistration, "manifestVersion": 1, "scopes": []string{"vso.build", "vso.build_execute", "vso.release"}, "files": []object{},
		"baseUri":         "https://amazonwebservices.gallerycdn.vsassets.io/extensions/amazonwebservices/aws-vsts-tools/" + o.Toolkit,
		"fallbackBaseUri": "https://amazonwebservices.gallery.vsassets.io/_apis/public/gallery/publisher/AmazonWebServices/extension/aws-vsts-tools/" + o.Toolkit + "/assetbyname",
		"contributions": []object{{"id": toolkitPublisher + "." + toolkitExtension + ".aws-credentials", "type": "ms.vss-endpoint.service-endpoint-type",
			"description": "Credentials to be used to connect with Amazon Web Services", "targets": []string{"ms.vss-endpoint.endpoint-types"},
			"properties": object{"name": "AWS", "displayName": "AWS"}}},
		"contributionTypes": []object{},
		"installState":      object{"flags": flags, "lastUpdated": "2026-01-12T00:00:00Z"}}
}

func isToolkit(publisher, name string) bool {
	return strings.EqualFold(publisher, toolkitPublisher) && strings.EqualFold(name, toolkitExtension)
}

// installed refuses what is not installed.
func (s *Server) installed(c *call, publisher, name string) error {
	if c.org.Toolkit == "" || !isToolkit(publisher, name) {
		return missing("InstalledExtensionNotFoundException", "TF1590010: The extension %s.%s is not installed for this organization.", publisher, name)
	}
	return nil
}

func (s *Server) getExtension(c *call) (any, error) {
	if err := s.installed(c, c.vars["publisherName"], c.vars["extensionName"]); err != nil {
		return nil, err
	}
	return s.toolkitView(c.org), nil
}

// listExtensions shows disabled ones too, unless it is told not to.
func (s *Server) listExtensions(c *call) (any, error) {
	if c.org.Toolkit == "" || strings.EqualFold(c.q.Get("includeDisabledExtensions"), "false") && c.org.toolkit() == "" {
		return list[object](nil), nil
	}
	return list([]object{s.toolkitView(c.org)}), nil
}

func (s *Server) installExtension(c *call) (any, error) {
	publisher, name, version := c.vars["publisherName"], c.vars["extensionName"], c.vars["version"]
	if !isToolkit(publisher, name) {
		return nil, missing("ExtensionDoesNotExistException", "The extension %s.%s does not exist in the marketplace of this emulator.", publisher, name)
	}
	if !s.administersAny(c.who, c.org.ID) {
		return nil, denied(c, "manage extensions")
	}
	if c.org.Toolkit != "" {
		return nil, refuse(http.StatusConflict, "ExtensionAlreadyInstalledException", "TF1590010: The extension %s.%s is already installed in this organization.", publisher, name)
	}
	if version == "" {
		version = toolkitNewest
	}
	c.org.Toolkit, c.org.ToolkitFlags = version, ""
	return s.keepExtension(c, "Extension.Installed", "was installed")
}

// keepExtension writes the changed installation down and answers with it.
func (s *Server) keepExtension(c *call, action, what string) (any, error) {
	if err := s.saved(s.orgs.Put(c.org.ID, c.org), s.audit(c, project{}, action, "AWS Toolkit for Azure DevOps "+what, object{"PublisherName": toolkitPublisher, "ExtensionName": toolkitExtension})); err != nil {
		return nil, err
	}
	return s.toolkitView(c.org), nil
}

func (s *Server) uninstallExtension(c *call) (any, error) {
	if err := s.installed(c, c.vars["publisherName"], c.vars["extensionName"]); err != nil {
		return nil, err
	}
	if !s.administersAny(c.who, c.org.ID) {
		return nil, denied(c, "manage extensions")
	}
	c.org.Toolkit, c.org.ToolkitFlags = "", ""
	_, err := s.keepExtension(c, "Extension.Uninstalled", "was uninstalled")
	return noContent{}, err
}

// updateExtension enables or disables; nothing else of an installation can be set.
func (s *Server) updateExtension(c *call) (any, error) {
	var in struct {
		PublisherID, ExtensionID string
		InstallState             struct{ Flags enum }
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	if err := s.installed(c, in.PublisherID, in.ExtensionID); err != nil {
		return nil, err
	}
	if !s.administersAny(c.who, c.org.ID) {
		return nil, denied(c, "manage extensions")
	}
	switch flags := in.InstallState.Flags.in(extensionFlags); flags {
	case "disabled":
		c.org.ToolkitFlags = flags
		return s.keepExtension(c, "Extension.Disabled", "was disabled")
	case "none", "":
		c.org.ToolkitFlags = ""
		return s.keepExtension(c, "Extension.Enabled", "was enabled")
	}
	return nil, bad("ArgumentException", "The state of an installation can be set to none or disabled.")
}
