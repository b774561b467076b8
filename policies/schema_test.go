package policies

import (
	"reflect"
	"strings"
	"testing"
)

// TestSchemaWordsAreOfFields finds words about fields that are no more.
func TestSchemaWordsAreOfFields(t *testing.T) {
	known := map[string]bool{}
	var walk func(reflect.Type)
	walk = func(x reflect.Type) {
		switch x.Kind() {
		case reflect.Slice, reflect.Map:
			walk(x.Elem())
		case reflect.Struct:
			for i := range x.NumField() {
				key, _, _ := strings.Cut(x.Field(i).Tag.Get("yaml"), ",")
				known[x.Name()+"."+key] = true
				walk(x.Field(i).Type)
			}
		}
	}
	walk(reflect.TypeFor[Template]())
	for of := range schemaWords {
		if !known[of] {
			t.Errorf("there is no %s", of)
		}
	}
	for of, keys := range schemaNeeds {
		for _, key := range keys {
			if !known[of+"."+key] {
				t.Errorf("there is no %s.%s", of, key)
			}
		}
	}
}
