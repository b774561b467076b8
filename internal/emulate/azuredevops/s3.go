package azuredevops

import (
	"context"
	"encoding/json"
	"encoding/xml"
	"net/http"
	"net/url"
	"path"
	"strings"
)

func (a *agent) object(ctx context.Context, method, bucket, key, body string) ([]byte, *awsFault) {
	return a.signed(ctx, awsCall{service: "s3", method: method, path: "/" + bucket + "/" + key, body: []byte(body)})
}

func (a *agent) putObject(ctx context.Context, bucket, key, text string) *awsFault {
	_, f := a.object(ctx, http.MethodPut, bucket, key, text)
	return f
}

// s3api is the lower of the two S3 commands: one object, one call.
func (sh *shell) s3api(ctx context.Context, args arguments) ([]byte, string, *awsFault) {
	bucket, key := args.options["bucket"], args.options["key"]
	if bucket == "" || key == "" {
		return nil, "", &awsFault{code: "ParamValidation", message: "the following arguments are required: --bucket, --key"}
	}
	switch args.positional[1] {
	case "put-object":
		text := ""
		if name := args.options["body"]; name != "" {
			var ok bool
			if text, ok = sh.a.files[strings.TrimPrefix(name, "./")]; !ok {
				return nil, "PutObject", &awsFault{code: "ParamValidation", message: "Error parsing parameter '--body': Blob values must be a path to a file."}
			}
		}
		return nil, "PutObject", sh.a.putObject(ctx, bucket, key, text)
	case "delete-object":
		_, f := sh.a.object(ctx, http.MethodDelete, bucket, key, "")
		return nil, "DeleteObject", f
	}
	body, f := sh.a.object(ctx, http.MethodGet, bucket, key, "")
	if f != nil {
		return nil, "GetObject", f
	}
	if len(args.positional) > 2 && args.positional[2] != "/dev/stdout" {
		sh.write(strings.TrimPrefix(args.positional[2], "./"), string(body))
	}
	out, _ := json.Marshal(map[string]any{"ContentLength": len(body)})
	return out, "GetObject", nil
}

func splitS3(address string) (bucket, key string, ok bool) {
	rest, ok := strings.CutPrefix(address, "s3://")
	bucket, key, _ = strings.Cut(rest, "/")
	return bucket, key, ok
}

// s3 is the upper command: cp, sync and rm.
func (sh *shell) s3(ctx context.Context, verb string, args arguments) (string, int) {
	at := args.positional[2:]
	switch {
	case verb == "rm" && len(at) == 1:
		bucket, key, ok := splitS3(at[0])
		if !ok {
			break
		}
		if _, f := sh.a.object(ctx, http.MethodDelete, bucket, key, ""); f != nil {
			return sh.failed("delete failed: "+at[0], "DeleteObject", f)
		}
		return "delete: " + at[0] + "\n", 0
	case verb == "cp" && len(at) == 2:
		return sh.copy(ctx, at[0], at[1])
	case verb == "sync" && len(at) == 2:
		return sh.sync(ctx, at[0], at[1], args.options["delete"] == "true")
	}
	sh.a.printf("aws: error: this agent knows aws s3 cp, sync and rm with one file, folder or address each")
	return "", 252
}

func (sh *shell) failed(what, operation string, f *awsFault) (string, int) {
	if f.code == "NoCredentials" {
		sh.a.printf("%s Unable to locate credentials", what)
	} else {
		sh.a.printf("%s %s", what, f.inWords(operation))
	}
	return "", 1
}

func (sh *shell) copy(ctx context.Context, from, to string) (string, int) {
	if bucket, key, ok := splitS3(from); ok {
		body, f := sh.a.object(ctx, http.MethodGet, bucket, key, "")
		if f != nil {
			return sh.failed("download failed: "+from+" to "+to, "GetObject", f)
		}
		if to == "-" {
			return string(body), 0
		}
		name := strings.TrimPrefix(to, "./")
		if name == "." || name == "" || strings.HasSuffix(name, "/") {
			name = path.Join(name, path.Base(key))
		}
		sh.write(name, string(body))
		return "download: " + from + " to ./" + name + "\n", 0
	}
	bucket, key, ok := splitS3(to)
	name := strings.TrimPrefix(from, "./")
	text, exists := sh.a.files[name]
	if !ok || !exists {
		sh.a.printf("The user-provided path %s does not exist.", from)
		return "", 255
	}
	if key == "" || strings.HasSuffix(key, "/") {
		key += path.Base(name)
	}
	to = "s3://" + bucket + "/" + key
	if f := sh.a.putObject(ctx, bucket, key, text); f != nil {
		return sh.failed("upload failed: ./"+name+" to "+to, "PutObject", f)
	}
	return "upload: ./" + name + " to " + to + "\n", 0
}

// sync uploads a folder; what the bucket has and the folder has not goes with --delete.
func (sh *shell) sync(ctx context.Context, from, to string, remove bool) (string, int) {
	bucket, prefix, ok := splitS3(to)
	if !ok {
		sh.a.printf("aws: error: this agent syncs from a folder to an address only")
		return "", 252
	}
	if prefix != "" && !strings.HasSuffix(prefix, "/") {
		prefix += "/"
	}
	body, f := sh.a.signed(ctx, awsCall{service: "s3", method: http.MethodGet, path: "/" + bucket, query: url.Values{"list-type": {"2"}, "prefix": {prefix}}})
	if f != nil {
		return sh.failed("fatal error:", "ListObjectsV2", f)
	}
	var listing struct{ Contents []struct{ Key string } }
	_ = xml.Unmarshal(body, &listing)
	folder := strings.Trim(strings.TrimPrefix(from, "."), "/")
	local, out, code := map[string]bool{}, "", 0
	for _, name := range sortedKeys(sh.a.files) {
		rel := name
		if folder != "" {
			var inside bool
			if rel, inside = strings.CutPrefix(name, folder+"/"); !inside {
				continue
			}
		}
		local[prefix+rel] = true
		to := "s3://" + bucket + "/" + prefix + rel
		if f := sh.a.putObject(ctx, bucket, prefix+rel, sh.a.files[name]); f != nil {
			_, code = sh.failed("upload failed: ./"+name+" to "+to, "PutObject", f)
			continue
		}
		out += "upload: ./" + name + " to " + to + "\n"
	}
	for _, o := range listing.Contents {
		if !remove || local[o.Key] {
			continue
		}
		if _, f := sh.a.object(ctx, http.MethodDelete, bucket, o.Key, ""); f != nil {
			_, code = sh.failed("delete failed: s3://"+bucket+"/"+o.Key, "DeleteObject", f)
			continue
		}
		out += "delete: s3://" + bucket + "/" + o.Key + "\n"
	}
	return out, code
}
