package azuredevops

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
)

// object is a JSON object on its way out.
type object = map[string]any

// call is one request that was understood so far.
type call struct {
	r       *http.Request
	header  http.Header // of the answer
	org     organization
	project project // zero outside projects
	who     identity
	job     *run // set when the caller is a running job
	vars    map[string]string
	q       url.Values
	version apiVersion
	body    []byte
}

func (c *call) decode(into any) error {
	if err := json.Unmarshal(c.body, into); err != nil {
		return bad("VssPropertyValidationException", "Value cannot be null or is not understood. The body of the request could not be read: %v", err)
	}
	return nil
}

// fault is an error as the service words it.
type fault struct {
	Status  int
	Key     string
	Message string
}

func (f *fault) Error() string { return f.Message }

func refuse(status int, key, format string, args ...any) *fault {
	return &fault{status, key, fmt.Sprintf(format, args...)}
}

func bad(key, format string, args ...any) *fault {
	return refuse(http.StatusBadRequest, key, format, args...)
}

func missing(key, format string, args ...any) *fault {
	return refuse(http.StatusNotFound, key, format, args...)
}

// Answers that are not simply a JSON value with 200.
type (
	noContent struct{}
	plain     struct {
		kind string
		text string
	}
	withStatus struct {
		status int
		value  any
	}
)

// list wraps a collection as the service does.
func list[T any](items []T) object {
	if items == nil {
		items = []T{}
	}
	return object{"count": len(items), "value": items}
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	if w.Header().Get("Content-Type") == "" {
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
	}
	w.WriteHeader(status)
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	_ = e.Encode(v)
}

func writeFault(w http.ResponseWriter, f *fault) {
	writeJSON(w, f.Status, object{
		"$id": "1", "innerException": nil, "message": f.Message,
		"typeName": "Microsoft.VisualStudio.Services." + f.Key + ", Microsoft.VisualStudio.Services.WebApi",
		"typeKey":  f.Key, "errorCode": 0, "eventId": 3000,
	})
}

func writeAnswer(w http.ResponseWriter, v any) {
	switch v := v.(type) {
	case noContent:
		w.WriteHeader(http.StatusNoContent)
	case withStatus:
		writeJSON(w, v.status, v.value)
	case plain:
		w.Header().Set("Content-Type", v.kind)
		_, _ = w.Write([]byte(v.text))
	default:
		writeJSON(w, http.StatusOK, v)
	}
}

// apiVersion is what the caller asked for.
type apiVersion struct {
	given        bool
	major, minor int
	preview      bool
	revision     int
}

var versionForm = regexp.MustCompile(`^(\d+)\.(\d+)(-preview(?:\.(\d+))?)?$`)

// contentType tells the caller which version it got: the one it asked for, or the
// newest released one.
func (v apiVersion) contentType(l route) string {
	text := "7.1"
	if v.given {
		text = fmt.Sprintf("%d.%d", v.major, v.minor)
	}
	switch {
	case v.preview && v.revision > 0:
		text += fmt.Sprintf("-preview.%d", v.revision)
	case v.preview || l.previewOnly:
		text += fmt.Sprintf("-preview.%d", l.revision)
	}
	return "application/json; charset=utf-8; api-version=" + text
}

// atLeast says whether the caller asked for this version or a newer one.
func (v apiVersion) atLeast(major, minor int) bool {
	return v.major > major || v.major == major && v.minor >= minor
}

func parseVersion(r *http.Request) (apiVersion, *fault) {
	text := r.URL.Query().Get("api-version")
	if text == "" {
		for _, part := range strings.FieldsFunc(r.Header.Get("Accept"), func(c rune) bool { return c == ';' || c == ',' || c == ' ' }) {
			if v, ok := strings.CutPrefix(part, "api-version="); ok {
				text = v
			}
		}
	}
	if text == "" {
		return apiVersion{}, nil
	}
	m := versionForm.FindStringSubmatch(text)
	if m == nil {
		return apiVersion{}, bad("VssInvalidApiResourceVersionException", "The api-version %q is not in the form major.minor[-preview[.revision]].", text)
	}
	v := apiVersion{given: true, preview: m[3] != ""}
	v.major, _ = strconv.Atoi(m[1])
	v.minor, _ = strconv.Atoi(m[2])
	v.revision, _ = strconv.Atoi(m[4])
	return v, nil
}

// admit checks the version asked for against what the location has.
func (v apiVersion) admit(l route, method string) *fault {
	switch {
	case !v.given && method != http.MethodGet:
		return bad("VssVersionNotSpecifiedException", "No api-version was supplied for the %q request. The version must be supplied either as part of the Accept header (e.g. \"application/json; api-version=1.0\") or as a query parameter (e.g. \"?api-version=1.0\").", method)
	case !v.given:
		return nil
	case v.atLeast(7, 3) || !v.atLeast(1, 0):
		return bad("VssVersionOutOfRangeException", "The requested REST API version of %d.%d is out of range for this server. The latest REST API version this server supports is 7.2.", v.major, v.minor)
	case !v.preview && (l.previewOnly || v.atLeast(7, 2)):
		return bad("VssInvalidPreviewVersionException", "The requested version \"%d.%d\" of the resource is under preview. The -preview flag must be supplied in the api-version for such requests. For example: \"%d.%d-preview\"", v.major, v.minor, v.major, v.minor)
	case v.revision > l.revision:
		return bad("VssInvalidApiResourceVersionException", "The requested resource version %d of %s is not supported; the newest is %d.", v.revision, l.resource, l.revision)
	}
	return nil
}
