package aws

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// trailTarget is how clients name the service; some put a package before it.
const trailTarget = "CloudTrail_20131101."

// cloudTrailService is CloudTrail's LookupEvents over JSON 1.1.
func cloudTrailService() service {
	return service{
		errors: jsonDoubts,
		operation: func(c *call) string {
			target := strings.TrimPrefix(c.r.Header.Get("X-Amz-Target"), "com.amazonaws.cloudtrail.v20131101.")
			if target == trailTarget+"LookupEvents" {
				return "LookupEvents"
			}
			return ""
		},
		serve: serveTrail,
		fail:  failJSON("1.1", ""),
	}
}

func serveTrail(c *call, w http.ResponseWriter) error {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	if err := c.believe(); err != nil {
		return err
	}
	if c.operation == "" {
		return refuse(400, "UnknownOperationException", "%s is not an operation that is emulated", c.r.Header.Get("X-Amz-Target"))
	}
	if err := c.authorise(target{action: "cloudtrail:LookupEvents", resource: "*"}); err != nil {
		return err
	}
	out, err := c.lookup()
	if err != nil {
		return err
	}
	return writeJSON(w, c, "1.1", out)
}

type lookupAttribute struct{ AttributeKey, AttributeValue string }

var lookupKeys = []string{"EventId", "EventName", "EventSource", "Username", "AccessKeyId", "ReadOnly", "ResourceName", "ResourceType"}

type lookupInput struct {
	LookupAttributes []lookupAttribute
	StartTime        *float64
	EndTime          *float64
	MaxResults       *int
	NextToken        string
	EventCategory    string
}

func (c *call) lookup() (any, error) {
	var in lookupInput
	if err := json.Unmarshal(c.body, &in); err != nil {
		return nil, refuse(400, "SerializationException", "The request is not valid JSON")
	}
	size := 50
	if in.MaxResults != nil {
		if size = *in.MaxResults; size < 1 || size > 50 {
			return nil, refuse(400, "InvalidMaxResultsException", "A max results value of %d is invalid. Specify max results between 1 and 50.", size)
		}
	}
	if len(in.LookupAttributes) > 1 {
		return nil, refuse(400, "InvalidLookupAttributesException", "You can specify only one lookup attribute.")
	}
	for _, a := range in.LookupAttributes {
		if !slices.Contains(lookupKeys, a.AttributeKey) {
			return nil, refuse(400, "InvalidLookupAttributesException", "Lookup attribute %s is not valid.", a.AttributeKey)
		}
	}
	if in.StartTime != nil && in.EndTime != nil && *in.StartTime > *in.EndTime {
		return nil, refuse(400, "InvalidTimeRangeException", "The start time must be before the end time.")
	}
	from, err := in.from()
	if err != nil {
		return nil, err
	}
	found := c.find(in)
	from = min(from, len(found))
	to := min(from+size, len(found))
	out := struct {
		Events    []lookupEvent
		NextToken string `json:",omitempty"`
	}{Events: []lookupEvent{}}
	for _, ev := range found[from:to] {
		out.Events = append(out.Events, ev.lookup())
	}
	if to < len(found) {
		out.NextToken = base64.StdEncoding.EncodeToString([]byte(strconv.Itoa(to)))
	}
	return out, nil
}

func (in lookupInput) from() (int, error) {
	if in.NextToken == "" {
		return 0, nil
	}
	raw, err := base64.StdEncoding.DecodeString(in.NextToken)
	from := 0
	if err == nil {
		from, err = strconv.Atoi(string(raw))
	}
	if err != nil || from < 0 {
		return 0, refuse(400, "InvalidNextTokenException", "The next token is not valid.")
	}
	return from, nil
}

// find returns the account's events of the last 90 days that match, newest first.
func (c *call) find(in lookupInput) []trailEvent {
	oldest := c.now.Add(-90 * 24 * time.Hour)
	var found []trailEvent
	for _, ev := range c.s.trail.All() {
		at := unix(ev.At)
		if ev.Account != c.caller.account || ev.At.Before(oldest) ||
			in.StartTime != nil && at < *in.StartTime || in.EndTime != nil && at > *in.EndTime {
			continue
		}
		if !anyOf(in.LookupAttributes, func(a lookupAttribute) bool { return !ev.has(a) }) {
			found = append(found, ev)
		}
	}
	slices.Reverse(found)
	return found
}

func (ev trailEvent) has(a lookupAttribute) bool {
	value := a.AttributeValue
	switch a.AttributeKey {
	case "EventId":
		return ev.ID == value
	case "EventName":
		return ev.Name == value
	case "EventSource":
		return ev.Source == value
	case "Username":
		return ev.User == value
	case "AccessKeyId":
		return ev.KeyID == value
	case "ReadOnly":
		return ev.readOnly() == value
	case "ResourceName":
		return anyOf(ev.Resources, func(r trailResource) bool { return r.Name == value })
	case "ResourceType":
		return anyOf(ev.Resources, func(r trailResource) bool { return r.Type == value })
	}
	return false
}

func (ev trailEvent) readOnly() string {
	return strconv.FormatBool(ev.Source == "sts.amazonaws.com")
}

type lookupEvent struct {
	EventID         string `json:"EventId"`
	EventName       string
	ReadOnly        string
	AccessKeyID     string `json:"AccessKeyId,omitempty"`
	EventTime       float64
	EventSource     string
	Username        string
	Resources       []trailResource
	CloudTrailEvent string
}

func (ev trailEvent) lookup() lookupEvent {
	resources := ev.Resources
	if resources == nil {
		resources = []trailResource{}
	}
	return lookupEvent{ev.ID, ev.Name, ev.readOnly(), ev.KeyID, unix(ev.At.Truncate(time.Second)), ev.Source, ev.User, resources, ev.Raw}
}
