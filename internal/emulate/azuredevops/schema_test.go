package azuredevops

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
)

// schema is as much of Swagger 2.0 as Microsoft's files use.
type schema struct {
	Ref                  string             `json:"$ref"`
	Type                 string             `json:"type"`
	Format               string             `json:"format"`
	Enum                 []any              `json:"enum"`
	Items                *schema            `json:"items"`
	Properties           map[string]*schema `json:"properties"`
	AdditionalProperties *schema            `json:"additionalProperties"`
	AllOf                []*schema          `json:"allOf"`
}

var guids = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)

// check compares a value with a schema; at is the model and field where it lies.
func (o answering) check(s *schema, v any, at string, note, seen func(string)) {
	if s.Ref != "" {
		name := s.Ref[strings.LastIndex(s.Ref, "/")+1:]
		model, ok := o.models[name]
		if !ok {
			note(at + ": no model " + name)
			return
		}
		if v == nil {
			note(at + ": null")
			return
		}
		o.object(model, v, at, name, note, seen)
		return
	}
	if v == nil {
		note(at + ": null")
		return
	}
	if len(s.Enum) > 0 {
		text, _ := v.(string)
		several := strings.Split(text, ", ")
		switch {
		case slices.Contains(s.Enum, v):
		case len(several) > 1 && !slices.ContainsFunc(several, func(x string) bool { return !slices.Contains(s.Enum, any(x)) }):
			note(at + ": several")
		default:
			note(fmt.Sprintf("%s: enum %v", at, v))
		}
		return
	}
	ok := true
	switch s.Type {
	case "string":
		var text string
		if text, ok = v.(string); ok {
			switch s.Format {
			case "uuid":
				ok = guids.MatchString(text)
			case "date-time":
				_, err := time.Parse(time.RFC3339Nano, text)
				ok = err == nil
			}
		}
	case "boolean":
		_, ok = v.(bool)
	case "integer":
		var n float64
		n, ok = v.(float64)
		ok = ok && n == float64(int64(n)) && (s.Format != "int32" || n >= -1<<31 && n < 1<<31)
	case "number":
		_, ok = v.(float64)
	case "array":
		var items []any
		if items, ok = v.([]any); ok && s.Items != nil {
			for _, x := range items {
				o.check(s.Items, x, at, note, seen)
			}
		}
	case "object", "":
		o.object(s, v, at, at, note, seen)
		return
	}
	if !ok {
		note(at + ": " + strings.TrimSpace(s.Type+" "+s.Format))
	}
}

// object checks the fields of an object; name is what its fields are called after.
func (o answering) object(s *schema, v any, at, name string, note, seen func(string)) {
	if name == "JObject" {
		return // the file's word for anything
	}
	fields, more := o.fields(s)
	have, ok := v.(map[string]any)
	if !ok {
		if len(fields) > 0 || s.Type == "object" {
			note(at + ": object")
		}
		return
	}
	if len(fields) == 0 && more == nil {
		return // anything
	}
	for key, x := range have {
		field, known := fields[key]
		switch {
		case known:
			seen(name + "." + key)
			o.check(field, x, name+"."+key, note, seen)
		case more != nil:
			o.check(more, x, name, note, seen)
		case name == "ReferenceLinks":
			seen(name + "." + key)
			note(name + ": flat")
		default:
			seen(name + "." + key)
			note(name + "." + key + ": unknown")
		}
	}
}

// fields are the properties of a schema and of all that it is built on.
func (o answering) fields(s *schema) (map[string]*schema, *schema) {
	all, more := map[string]*schema{}, s.AdditionalProperties
	for _, base := range s.AllOf {
		if model := o.models[base.Ref[strings.LastIndex(base.Ref, "/")+1:]]; model != nil {
			f, m := o.fields(model)
			for k, v := range f {
				all[k] = v
			}
			if more == nil {
				more = m
			}
		}
	}
	for k, v := range s.Properties {
		all[k] = v
	}
	return all, more
}
