package policies

import (
	"reflect"
	"strings"

	"fedbot/workflows"
)

// SchemaID is the name of the JSON Schema of templates.
const SchemaID = "https://json-schema.org/draft/2020-12/schema"

// Schema returns a JSON Schema (2020-12) of the template format, made from the Go
// types, for editors. It knows the form of a template; what a form cannot say, such
// as that an action exists, With checks.
func Schema() map[string]any {
	out := schemaOf(reflect.TypeFor[Template]())
	out["$schema"] = SchemaID
	out["title"] = "A fedbot template"
	return out
}

// schemaWords narrow fields, by type and key.
var schemaWords = map[string]map[string]any{
	"Template.name":               {"pattern": templateName.String(), "maxLength": 60},
	"Template.version":            {"minimum": 1, "maximum": 9999},
	"Template.base":               {"description": "Only there to be extended; for templates that come with fedbot."},
	"Template.extends":            {"description": "A base whose statements, parameters and words this adds to: terraform-apply."},
	"Template.purpose":            {"description": "One sentence, for lists."},
	"Template.asks":               {"description": "What is asked for, before the account's name: deploy files to"},
	"Template.can":                {"description": "What follows \"It can\"."},
	"Template.cannot":             {"description": "What follows \"It cannot\"."},
	"Template.worst":              {"description": "What follows \"Anyone who can push to `main`\"."},
	"Template.statements":         {"minItems": 1},
	"Template.cases":              {"minItems": 1, "description": "Calls that must be allowed, and neighbours that must be denied."},
	"Risk.level":                  {"enum": levels()},
	"Raise.level":                 {"enum": levels()},
	"Raise.without":               {"description": "An optional parameter that was left out."},
	"Exception.level":             {"enum": []any{string(workflows.Medium), string(workflows.High)}},
	"Exception.check":             {"pattern": checkCode.String()},
	"Parameter.name":              {"pattern": paramName.String()},
	"Parameter.type":              {"enum": anys(Types())},
	"Parameter.pattern":           {"format": "regex"},
	"TemplateStatement.Sid":       {"pattern": sid.String()},
	"TemplateStatement.Effect":    {"enum": []any{"Allow", "Deny"}},
	"TemplateStatement.with":      {"description": "An optional parameter: without a value for it, the statement is left out."},
	"TemplateStatement.Condition": {"propertyNames": map[string]any{"pattern": conditionOperator.String()}},
	"Case.want":                   {"enum": []any{string(Allowed), string(Denied)}},
	"Case.with":                   {"description": "Parameters; the examples of all of them when left out."},
	"Case.when":                   {"description": "Condition keys that are sent with the call."},
}

// schemaNeeds are the keys that an object cannot do without, by type. A template that
// extends another may leave out what the base says.
var schemaNeeds = map[string][]string{
	"Template":          {"name", "version", "can", "cannot", "statements", "cases"},
	"Sentence":          {"say"},
	"Parameter":         {"name", "type", "description", "example"},
	"TemplateStatement": {"Sid", "Effect", "Action", "Resource"},
	"Exception":         {"check", "statement", "why", "level"},
	"Raise":             {"level", "why"},
	"Case":              {"call", "on", "want"},
}

func levels() []any {
	return []any{string(workflows.Low), string(workflows.Medium), string(workflows.High)}
}

func anys(texts []string) []any {
	out := make([]any, 0, len(texts))
	for _, t := range texts {
		out = append(out, t)
	}
	return out
}

func schemaOf(t reflect.Type) map[string]any {
	switch t.Kind() {
	case reflect.Bool:
		return map[string]any{"type": "boolean"}
	case reflect.Int:
		return map[string]any{"type": "integer"}
	case reflect.Slice:
		return map[string]any{"type": "array", "items": schemaOf(t.Elem())}
	case reflect.Map:
		return map[string]any{"type": "object", "additionalProperties": schemaOf(t.Elem())}
	case reflect.Struct:
		return schemaOfStruct(t)
	default: // every other field of a template is a text
		return map[string]any{"type": "string"}
	}
}

func schemaOfStruct(t reflect.Type) map[string]any {
	properties := map[string]any{}
	for i := range t.NumField() {
		f := t.Field(i)
		key, _, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		if !f.IsExported() || key == "" {
			continue
		}
		p := schemaOf(f.Type)
		for word, value := range schemaWords[t.Name()+"."+key] {
			p[word] = value
		}
		properties[key] = p
	}
	out := map[string]any{"type": "object", "additionalProperties": false, "properties": properties}
	if needs := schemaNeeds[t.Name()]; needs != nil {
		out["required"] = anys(needs)
	}
	return out
}
