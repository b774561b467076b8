package aws

import (
	"encoding/xml"
	"iter"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// list is an XML list of the query protocol; it is there even if it is empty.
type list[T any] struct {
	Members []T `xml:"member"`
}

func listOf[T any](members []T) *list[T] { return &list[T]{members} }

// operation is one call of a query service.
type operation struct {
	about  func(*call) target // nil: whoever is believed may call
	do     func(*call) (any, error)
	writes bool // by what CloudTrail says of it
}

// queryService is a service of the query protocol: a form goes in, XML comes out.
func queryService(version string, operations map[string]operation, anonymous map[string]func(*call) (any, error)) service {
	return service{
		names:  slices.Sorted(seqs(maps.Keys(operations), maps.Keys(anonymous))),
		errors: queryDoubts,
		operation: func(c *call) string {
			c.readForm()
			name := c.form.Get("Action")
			_, signed := operations[name]
			_, open := anonymous[name]
			if c.form.Get("Version") != version || !signed && !open {
				return ""
			}
			return name
		},
		serve: func(c *call, w http.ResponseWriter) error {
			result, err := c.query(version, operations, anonymous)
			if err != nil {
				return err
			}
			return writeXML(w, c, result)
		},
		fail: failXML,
	}
}

func (c *call) query(version string, operations map[string]operation, anonymous map[string]func(*call) (any, error)) (any, error) {
	if open, ok := anonymous[c.operation]; ok {
		return open(c)
	}
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	op, ok := operations[c.operation]
	if err := c.believe(); err != nil {
		if ok && c.tooFast(err) {
			c.recordCall(nil, !op.writes, err)
		}
		return nil, err
	}
	if !ok {
		said := c.form.Get("Version")
		if said == "" {
			said = version
		}
		return nil, refuse(400, "InvalidAction", "Could not find operation %s for version %s", c.form.Get("Action"), said)
	}
	result, err := c.perform(op)
	c.recordCall(result, !op.writes, err)
	return result, err
}

func (c *call) perform(op operation) (any, error) {
	if op.about != nil {
		t := op.about(c)
		t.action = c.service + ":" + c.operation
		if err := c.authorise(t); err != nil {
			return nil, err
		}
		if t.action = tagActions[t.action]; t.action != "" && len(c.tags()) > 0 {
			if err := c.authorise(t); err != nil {
				return nil, err
			}
		}
	}
	return op.do(c)
}

// tagActions are what a caller needs beside a create that also sets tags.
var tagActions = map[string]string{
	"iam:CreateRole":                  "iam:TagRole",
	"iam:CreatePolicy":                "iam:TagPolicy",
	"iam:CreateOpenIDConnectProvider": "iam:TagOpenIDConnectProvider",
}

func (c *call) readForm() {
	c.form = c.r.URL.Query()
	fields, err := url.ParseQuery(string(c.body))
	if err != nil {
		return // no Action is found then, and the call refused
	}
	for k, v := range fields {
		c.form[k] = v
	}
}

// seqs is one sequence after the other.
func seqs[T any](all ...iter.Seq[T]) iter.Seq[T] {
	return func(yield func(T) bool) {
		for _, one := range all {
			for v := range one {
				if !yield(v) {
					return
				}
			}
		}
	}
}

// namespace is the XML namespace of a query service.
func namespace(service string) string {
	if service == "sts" {
		return "https://sts.amazonaws.com/doc/2011-06-15/"
	}
	return "https://iam.amazonaws.com/doc/2010-05-08/"
}

type metadata struct {
	RequestID string `xml:"RequestId"`
}

type errorBody struct {
	Type    string
	Code    string
	Message string
}

func writeXML(w http.ResponseWriter, c *call, result any) error {
	var b strings.Builder
	enc := xml.NewEncoder(&b)
	root := xml.StartElement{Name: xml.Name{Local: c.operation + "Response"}, Attr: []xml.Attr{{Name: xml.Name{Local: "xmlns"}, Value: namespace(c.service)}}}
	if err := enc.EncodeToken(root); err != nil {
		return err
	}
	if result != nil {
		if err := enc.EncodeElement(result, xml.StartElement{Name: xml.Name{Local: c.operation + "Result"}}); err != nil {
			return err
		}
	}
	if err := enc.EncodeElement(metadata{c.id}, xml.StartElement{Name: xml.Name{Local: "ResponseMetadata"}}); err != nil {
		return err
	}
	if err := enc.EncodeToken(root.End()); err != nil {
		return err
	}
	if err := enc.Flush(); err != nil {
		return err
	}
	w.Header().Set("Content-Type", "text/xml")
	w.Header().Set("X-Amzn-Requestid", c.id)
	_, _ = w.Write([]byte(b.String()))
	return nil
}

func failXML(w http.ResponseWriter, c *call, no *refusal) {
	kind := "Sender"
	if no.status >= 500 {
		kind = "Receiver"
	}
	body, _ := xml.Marshal(struct {
		XMLName   xml.Name `xml:"ErrorResponse"`
		Namespace string   `xml:"xmlns,attr"`
		Error     errorBody
		RequestID string `xml:"RequestId"`
	}{Namespace: namespace(c.service), Error: errorBody{kind, no.code, no.message}, RequestID: c.id})
	w.Header().Set("Content-Type", "text/xml")
	w.Header().Set("X-Amzn-Requestid", c.id)
	w.WriteHeader(no.status)
	_, _ = w.Write(body)
}

// members reads a list of the form Name.member.1, Name.member.2, …
func (c *call) members(name string) []string {
	var out []string
	for i := 1; ; i++ {
		key := name + ".member." + strconv.Itoa(i)
		if !c.form.Has(key) {
			return out
		}
		out = append(out, c.form.Get(key))
	}
}

// tags reads Tags.member.N.Key and .Value.
func (c *call) tags() []Tag {
	var out []Tag
	for i := 1; ; i++ {
		at := "Tags.member." + strconv.Itoa(i)
		if !c.form.Has(at+".Key") && !c.form.Has(at+".Value") {
			return out
		}
		out = append(out, Tag{c.form.Get(at + ".Key"), c.form.Get(at + ".Value")})
	}
}

func iso(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05Z") }

func isoMillis(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }
