package aws

import (
	"encoding/base64"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// trailTarget is how clients name the service; some put a package before it.
const trailTarget = "CloudTrail_20131101."

// cloudTrailService is CloudTrail's LookupEvents over JSON 1.1.
func cloudTrailService() service {
	return jsonService("CloudTrail_20131101", map[string]jsonOperation{"LookupEvents": lookupEvents})
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

// check refuses what CloudTrail refuses.
func (in lookupInput) check() error {
	if n := in.MaxResults; n != nil && (*n < 1 || *n > 50) {
		return refuse(400, "InvalidMaxResultsException", "A max results value of %d is invalid. Specify max results between 1 and 50.", *n)
	}
	if len(in.LookupAttributes) > 1 {
		return refuse(400, "InvalidLookupAttributesException", "You can specify only one lookup attribute.")
	}
	for _, a := range in.LookupAttributes {
		if !slices.Contains(lookupKeys, a.AttributeKey) || a.AttributeValue == "" || len(a.AttributeValue) > 2000 {
			return refuse(400, "InvalidLookupAttributesException", "Lookup attribute %s is not valid.", a.AttributeKey)
		}
	}
	if in.StartTime != nil && in.EndTime != nil && *in.StartTime > *in.EndTime {
		return refuse(400, "InvalidTimeRangeException", "The start time must be before the end time.")
	}
	if in.EventCategory != "" && in.EventCategory != "insight" {
		return refuse(400, "InvalidEventCategoryException", "The event category %s is not valid.", in.EventCategory)
	}
	return nil
}

func lookupEvents(c *call) (any, error) {
	var in lookupInput
	if err := c.input(&in); err != nil {
		return nil, err
	}
	if err := c.authorise(target{action: "cloudtrail:LookupEvents", resource: "*"}); err != nil {
		return nil, err
	}
	if err := in.check(); err != nil {
		return nil, err
	}
	size := 50
	if in.MaxResults != nil {
		size = *in.MaxResults
	}
	before, err := in.before()
	if err != nil {
		return nil, err
	}
	out := struct {
		Events    []lookupEvent
		NextToken string `json:",omitempty"`
	}{Events: []lookupEvent{}}
	if in.EventCategory == "insight" {
		return out, nil // nothing unusual happens here
	}
	all := c.s.events[c.caller.account]
	last := int64(0)
	for i, _ := slices.BinarySearchFunc(all, before, func(ev trailEvent, n int64) int { return int(ev.Number - n) }); i > 0; i-- {
		ev := all[i-1]
		if !c.shows(ev, in) {
			continue
		}
		if len(out.Events) == size {
			out.NextToken = base64.StdEncoding.EncodeToString([]byte("before " + strconv.FormatInt(last, 10)))
			break
		}
		out.Events, last = append(out.Events, ev.lookup()), ev.Number
	}
	return out, nil
}

// before is the number that the next page's events are below: events that arrive
// meanwhile move no page.
func (in lookupInput) before() (int64, error) {
	if in.NextToken == "" {
		return math.MaxInt32, nil
	}
	raw, err := base64.StdEncoding.DecodeString(in.NextToken)
	text, ours := strings.CutPrefix(string(raw), "before ")
	n, bad := strconv.ParseInt(text, 10, 32)
	if err != nil || bad != nil || !ours {
		return 0, refuse(400, "InvalidNextTokenException", "The next token is not valid.")
	}
	return n, nil
}

// shows says whether a lookup finds the event: one of this region's trail, of the
// last 90 days, that has arrived by now and matches.
func (c *call) shows(ev trailEvent, in lookupInput) bool {
	sw, at := c.s.switches, unix(ev.At)
	age := c.now.Sub(ev.At)
	return (sw.OneTrail || ev.Region == c.region) && age >= sw.TrailLag && age <= trailKeeps &&
		(in.StartTime == nil || at >= *in.StartTime) && (in.EndTime == nil || at <= *in.EndTime) &&
		!anyOf(in.LookupAttributes, func(a lookupAttribute) bool { return !ev.has(a) })
}

const trailKeeps = 90 * 24 * time.Hour

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
		return strconv.FormatBool(ev.ReadOnly) == value
	case "ResourceName":
		return anyOf(ev.Resources, func(r trailResource) bool { return r.Name == value })
	case "ResourceType":
		return anyOf(ev.Resources, func(r trailResource) bool { return r.Type == value })
	}
	return false
}

type lookupEvent struct {
	EventID         string `json:"EventId"`
	EventName       string
	ReadOnly        string
	AccessKeyID     string `json:"AccessKeyId,omitempty"`
	EventTime       float64
	EventSource     string
	Username        string `json:",omitempty"`
	Resources       []trailResource
	CloudTrailEvent string
}

func (ev trailEvent) lookup() lookupEvent {
	resources := ev.Resources
	if resources == nil {
		resources = []trailResource{}
	}
	return lookupEvent{ev.ID, ev.Name, strconv.FormatBool(ev.ReadOnly), ev.KeyID, unix(ev.At.Truncate(time.Second)), ev.Source, ev.User, resources, ev.Raw}
}
