package policies

import (
	slashed "path"
	"regexp"
	"strings"
)

// shape makes of what a pipeline says what a parameter wants, or says why it cannot.
func shape(form, v string) (value, unknown string) {
	v = strings.TrimSpace(v)
	if v == "" || unknownIn(v) != "" {
		return v, unknownIn(v)
	}
	if f, ok := shapes[form]; ok {
		return f(v)
	}
	return v, ""
}

var (
	lambdaARN = regexp.MustCompile(`^arn:aws[a-z-]*:lambda:[a-z0-9-]+:[0-9]{12}:function:([A-Za-z0-9_-]+)(:[A-Za-z0-9_$-]+)?$`)
	layerARN  = regexp.MustCompile(`^arn:aws[a-z-]*:lambda:[a-z0-9-]+:[0-9]{12}:layer:([A-Za-z0-9_-]+)(:[0-9]+)?$`)
	secretARN = regexp.MustCompile(`^arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:(.+?)(-[A-Za-z0-9]{6})?$`)
	anyRole   = regexp.MustCompile(`^arn:aws[a-z-]*:iam::[0-9]{12}:role/(.+)$`)
)

var shapes = map[string]func(string) (string, string){
	"folder": func(v string) (string, string) {
		if v = strings.Trim(v, "/"); v == "" {
			return "", ""
		}
		return v + "/", ""
	},
	"parent": func(v string) (string, string) {
		dir, _, ok := cutAtLast(strings.TrimPrefix(v, "/"), "/")
		if !ok {
			return "", ""
		}
		return dir + "/", ""
	},
	"role": func(v string) (string, string) {
		if m := anyRole.FindStringSubmatch(v); m != nil {
			return m[1], ""
		}
		return v, ""
	},
	"function": func(v string) (string, string) {
		if m := lambdaARN.FindStringSubmatch(v); m != nil {
			return m[1], ""
		}
		name, _, _ := strings.Cut(v, ":")
		return name, ""
	},
	"layer": func(v string) (string, string) {
		if len(strings.Fields(v)) > 1 {
			return "", "there are several layers, and lambda-config takes one"
		}
		if m := layerARN.FindStringSubmatch(v); m != nil {
			return m[1], ""
		}
		return v, ""
	},
	"key": func(v string) (string, string) {
		if strings.Contains(v, "alias/") {
			return "", "an alias does not tell which key it is"
		}
		_, id, ok := cutAtLast(v, "/")
		if !ok {
			return v, ""
		}
		return id, ""
	},
	"secret": func(v string) (string, string) {
		if m := secretARN.FindStringSubmatch(v); m != nil {
			return m[1], ""
		}
		return v, ""
	},
	"last": func(v string) (string, string) {
		if i := strings.LastIndexAny(v, ":/"); i >= 0 {
			v = v[i+1:]
		}
		return v, ""
	},
	"family": func(v string) (string, string) { // shop-checkout:3, or an ARN
		_, v, _ = cutOr(v, "task-definition/")
		name, _, _ := strings.Cut(v, ":")
		return name, ""
	},
	"path": func(v string) (string, string) { return strings.Trim(v, "/"), "" },
	"parentpath": func(v string) (string, string) {
		dir := slashed.Dir(strings.Trim(v, "/"))
		if dir == "." || dir == "" {
			return "", "the parameter lies under no path, and ssm-params-write wants one"
		}
		return dir, ""
	},
}

func cutAtLast(s, sep string) (before, after string, ok bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(sep):], true
}

// cutOr returns what follows sep, or all of it.
func cutOr(s, sep string) (before, after string, ok bool) {
	if before, after, ok = strings.Cut(s, sep); ok {
		return before, after, true
	}
	return "", s, false
}
