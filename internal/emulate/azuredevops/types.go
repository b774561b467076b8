package azuredevops

import (
	"slices"
	"strconv"
	"strings"
)

// endpointType is a kind of service connection and its one scheme.
type endpointType struct {
	name, title, scheme string
	inputs              []inputField
}

type inputField struct {
	id, label, mode string
	secret          bool
}

var awsInputs = []inputField{
	{"username", "Access Key ID", "textBox", false},
	{"password", "Secret Access Key", "passwordBox", true},
	{"sessionToken", "Session Token", "passwordBox", true},
	{"assumeRoleArn", "Role to Assume", "textBox", false},
	{"roleSessionName", "Role Session Name", "textBox", false},
	{"externalId", "External ID", "textBox", false},
	{"useOIDC", "Use OIDC", "checkBox", false},
}

var genericType = endpointType{"generic", "Generic", "UsernamePassword", []inputField{
	{"username", "Username", "textBox", false}, {"password", "Password/Token Key", "passwordBox", true}}}

// knowsOIDC says whether a toolkit of this version has OIDC (1.15.0 and later).
func knowsOIDC(version string) bool {
	parts := strings.Split(version, ".")
	if len(parts) < 2 {
		return false
	}
	major, err1 := strconv.Atoi(parts[0])
	minor, err2 := strconv.Atoi(parts[1])
	return err1 == nil && err2 == nil && (major > 1 || major == 1 && minor >= 15)
}

func endpointTypes(o organization) []endpointType {
	types := []endpointType{genericType}
	if o.toolkit() != "" {
		inputs := awsInputs
		if !knowsOIDC(o.toolkit()) {
			inputs = inputs[:len(inputs)-1]
		}
		types = append(types, endpointType{awsType, "AWS", "UsernamePassword", inputs})
	}
	return types
}

func (s *Server) typeNamed(o organization, name string) (endpointType, bool) {
	for _, t := range endpointTypes(o) {
		if strings.EqualFold(t.name, name) {
			return t, true
		}
	}
	return endpointType{}, false
}

func (s *Server) listTypes(c *call) (any, error) {
	var all []object
	for _, t := range endpointTypes(c.org) {
		if kind := c.q.Get("type"); kind != "" && !strings.EqualFold(kind, t.name) {
			continue
		}
		if scheme := c.q.Get("scheme"); scheme != "" && !strings.EqualFold(scheme, t.scheme) {
			continue
		}
		all = append(all, t.view())
	}
	return list(all), nil
}

// filterTypes gives the types of a list of names.
func (s *Server) filterTypes(c *call) (any, error) {
	var names []string
	if err := c.decode(&names); err != nil {
		return nil, err
	}
	var all []object
	for _, t := range endpointTypes(c.org) {
		if containsFold(names, t.name) {
			all = append(all, t.view())
		}
	}
	return list(all), nil
}

func (t endpointType) view() object {
	inputs := make([]object, 0, len(t.inputs))
	for _, f := range t.inputs {
		inputs = append(inputs, object{"id": f.id, "name": f.label, "description": f.label, "inputMode": f.mode, "isConfidential": f.secret,
			"useInDefaultDescription": false, "groupName": "AuthenticationParameter",
			"validation": object{"dataType": "string", "isRequired": false, "maxLength": 300}})
	}
	address := object{"displayName": "Server URL", "isVisible": "true", "value": ""}
	if t.name == awsType {
		address = object{"displayName": "Server URL", "helpText": "", "isVisible": "false", "value": awsURL}
	}
	return object{"name": t.name, "displayName": t.title, "description": "", "endpointUrl": address, "inputDescriptors": []object{},
		"dataSources": []object{}, "dependencyData": []object{}, "trustedHosts": []string{},
		"authenticationSchemes": []object{{"scheme": t.scheme, "displayName": "Basic Authentication", "inputDescriptors": inputs,
			"authorizationHeaders": []object{}, "clientCertificates": []object{}, "dataSourceBindings": []object{}, "requiresOAuth2Configuration": false}}}
}

func (s *Server) executionHistory(c *call) (any, error) {
	k, ok := s.connection(c.vars["endpointId"])
	if !ok || !k.in(c.project.ID) || !s.sees(c.who, k, c.project.ID) {
		return nil, missing("ServiceEndpointNotFoundException", "Service endpoint with id %s does not exist or you do not have permission to access it.", c.vars["endpointId"])
	}
	top, err := strconv.Atoi(c.q.Get("top"))
	if err != nil || top < 1 {
		top = 50
	}
	before, err := strconv.Atoi(c.q.Get("continuationToken"))
	if err != nil || before <= 0 {
		before = 1 << 30
	}
	all, last := []object{}, 0
	for _, r := range slices.Backward(s.runs.where(term("used", k.ID))) {
		if r.Project != c.project.ID || r.ID >= before {
			continue
		}
		if len(all) == top {
			c.header.Set("X-MS-ContinuationToken", strconv.Itoa(last))
			break
		}
		all = append(all, object{"endpointId": k.ID, "data": s.executionView(r)})
		last = r.ID
	}
	return list(all), nil
}

func (s *Server) executionView(r run) object {
	l, _ := s.pipelines.Get(r.Project + "/" + number(r.Pipeline))
	o, _ := s.orgs.Get(r.Org)
	links := func(web, self string) object {
		return object{"web": object{"href": s.link(o, r.Project+"/"+web)}, "self": object{"href": s.link(o, r.Project+"/_apis/build/"+self)}}
	}
	v := object{"id": r.ID, "planType": "Build",
		"definition": object{"id": l.ID, "name": l.Name, "_links": links("_build/definition?definitionId="+strconv.Itoa(l.ID), "Definitions/"+strconv.Itoa(l.ID))},
		"owner":      object{"id": r.ID, "name": r.Name, "_links": links("_build/results?buildId="+strconv.Itoa(r.ID), "Builds/"+strconv.Itoa(r.ID))},
		"startTime":  when(r.Started), "finishTime": when(r.Finished)}
	if r.Result != "" {
		v["result"] = r.Result
	}
	return v
}
