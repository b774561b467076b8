package azuredevops

import "strings"

// areas are the resource areas of the service that this emulator has calls of. In reality
// each has its host; here all have the organization's own address.
var areas = map[string]string{
	"core":                "79134c72-4a58-4b42-976c-04e7115f32bf",
	"serviceendpoint":     "1814ab31-2f4f-4a9f-8761-f4d77dc5a5d7",
	"ExtensionManagement": "6c2b0933-3600-42ae-bf8b-93d4f7e83594",
	"pipelinePermissions": "a81a0441-de52-4000-aa15-ff0e07bfbbaa",
	"PipelinesChecks":     "4a933897-0488-45af-bd82-6fd3ad33f46a",
	"pipelinesapproval":   "5b55a9b6-2e0f-40d7-829d-3741d2b8c4e4",
	"build":               "965220d5-5bb9-42cf-8d67-9b146df2a5a4",
	"audit":               "94ff054d-5ee1-413d-9341-3f4a7827de2e",
	"distributedtask":     "a85b8835-c1a1-4aac-ae97-1c3d0ba72dbd",
	"git":                 "4e080c62-fa21-4fbc-8fef-2a10a2b38049",
	"policy":              "fb13a388-40dd-4a04-b530-013a739c72ef",
	"IMS":                 "8a3d49b8-91f0-46ef-b33d-dda338c25db3",
}

// SetResourceAreas lets the service name its areas, as the one in the cloud does: a client
// then refuses to work with an area that is not among them. Without it there are none, as
// on a server of one's own, and clients use one address for everything.
func (s *Server) SetResourceAreas(on bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.weather.areas = on
}

func (s *Server) resourceAreas(c *call) (any, error) {
	if !s.weather.areas {
		return list[object](nil), nil
	}
	var all []object
	for _, name := range sortedKeys(areas) {
		all = append(all, s.areaView(c, name))
	}
	return list(all), nil
}

func (s *Server) areaView(c *call, name string) object {
	return object{"id": areas[name], "name": name, "locationUrl": s.link(c.org, "")}
}

// resourceArea answers null for an area that is not there.
func (s *Server) resourceArea(c *call) (any, error) {
	for name, id := range areas {
		if s.weather.areas && strings.EqualFold(id, c.vars["areaId"]) {
			return s.areaView(c, name), nil
		}
	}
	return nil, nil
}
