package azuredevops

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// flagsWithoutValue are the options that take no value.
var flagsWithoutValue = []string{"recursive", "delete", "publish", "dryrun", "quiet", "only-show-errors", "no-progress", "consistent-read", "no-cli-pager", "debug"}

// arguments are a command line of the aws command.
type arguments struct {
	positional []string
	options    map[string]string
}

func readArguments(words []string) arguments {
	a := arguments{options: map[string]string{}}
	for i := 0; i < len(words); i++ {
		name, ok := strings.CutPrefix(words[i], "--")
		switch {
		case !ok:
			a.positional = append(a.positional, words[i])
		case strings.Contains(name, "="):
			key, value, _ := strings.Cut(name, "=")
			a.options[key] = value
		case slices.Contains(flagsWithoutValue, name) || i+1 == len(words):
			a.options[name] = "true"
		default:
			i++
			a.options[name] = words[i]
		}
	}
	return a
}

// aws is the aws command: its output and its exit code.
func (sh *shell) aws(ctx context.Context, words []string) (string, int) {
	args := readArguments(words)
	if len(args.positional) < 2 {
		sh.a.printf("usage: aws [options] <command> <subcommand> [<subcommand> ...] [parameters]")
		return "", 252
	}
	// an exported key replaces what the task was given, as it does for the command
	sh.a.creds = credentials{sh.env["AWS_ACCESS_KEY_ID"], sh.env["AWS_SECRET_ACCESS_KEY"], sh.env["AWS_SESSION_TOKEN"]}
	if r := args.options["region"]; r != "" {
		defer func(old string) { sh.a.region = old }(sh.a.region)
		sh.a.region = r
	}
	service, verb := args.positional[0], args.positional[1]
	if service == "s3" {
		return sh.s3(ctx, verb, args)
	}
	do, ok := map[string]func(context.Context, arguments) ([]byte, string, *awsFault){
		"sts get-caller-identity":     sh.callerIdentity,
		"s3api put-object":            sh.s3api,
		"s3api get-object":            sh.s3api,
		"s3api delete-object":         sh.s3api,
		"lambda update-function-code": sh.updateFunction,
		"dynamodb put-item":           sh.dynamo,
		"dynamodb get-item":           sh.dynamo,
		"dynamodb delete-item":        sh.dynamo,
		"dynamodb delete-table":       sh.dynamo,
		"dynamodb describe-table":     sh.dynamo,
	}[service+" "+verb]
	if !ok {
		sh.a.printf("aws: error: argument operation: Invalid choice: this agent does not know aws %s %s", service, verb)
		return "", 252
	}
	body, operation, f := do(ctx, args)
	if f != nil {
		sh.a.printf("%s", f.inWords(operation))
		return "", f.exitCode()
	}
	return show(body, args), 0
}

func (f *awsFault) inWords(operation string) string {
	switch f.code {
	case "NoCredentials":
		return "Unable to locate credentials. You can configure credentials by running \"aws configure\"."
	case "NetworkingError":
		return f.message
	case "ParamValidation":
		return "aws: error: " + f.message
	}
	return fmt.Sprintf("An error occurred (%s) when calling the %s operation: %s", f.code, operation, f.message)
}

func (f *awsFault) exitCode() int {
	switch f.code {
	case "NoCredentials":
		return 253
	case "NetworkingError":
		return 255
	case "ParamValidation":
		return 252
	}
	return 254
}

// show prints a JSON answer as --output and --query ask; only a plain key can be queried.
func show(body []byte, args arguments) string {
	var v any
	if len(body) == 0 || json.Unmarshal(body, &v) != nil {
		return ""
	}
	if q := args.options["query"]; q != "" {
		m, _ := v.(map[string]any)
		v = m[q]
	}
	if args.options["output"] == "text" {
		if m, ok := v.(map[string]any); ok {
			var parts []string
			for _, k := range sortedKeys(m) {
				parts = append(parts, fmt.Sprint(m[k]))
			}
			return strings.Join(parts, "\t") + "\n"
		}
		return fmt.Sprint(v) + "\n"
	}
	if m, ok := v.(map[string]any); ok && len(m) == 0 {
		return ""
	}
	text, _ := json.MarshalIndent(v, "", "    ")
	return string(text) + "\n"
}

func (sh *shell) callerIdentity(ctx context.Context, _ arguments) ([]byte, string, *awsFault) {
	const operation = "GetCallerIdentity"
	if sh.a.creds.id == "" {
		return nil, operation, &awsFault{code: "NoCredentials"}
	}
	body, f := sh.a.query(ctx, "sts", url.Values{"Action": {operation}, "Version": {"2011-06-15"}})
	if f != nil {
		return nil, operation, f
	}
	var answer struct {
		Result struct{ UserId, Account, Arn string } `xml:"GetCallerIdentityResult"`
	}
	if err := xml.Unmarshal(body, &answer); err != nil {
		return nil, operation, &awsFault{code: "UnknownError", message: err.Error()}
	}
	out, _ := json.Marshal(answer.Result)
	return out, operation, nil
}

// dynamo sends an item call; the options are the parameters.
func (sh *shell) dynamo(ctx context.Context, args arguments) ([]byte, string, *awsFault) {
	operation := ""
	for _, part := range strings.Split(args.positional[1], "-") {
		operation += strings.ToUpper(part[:1]) + part[1:]
	}
	in := map[string]any{"TableName": args.options["table-name"]}
	for option, field := range map[string]string{"item": "Item", "key": "Key"} {
		if text, ok := args.options[option]; ok {
			if !json.Valid([]byte(text)) {
				return nil, operation, &awsFault{code: "ParamValidation", message: "Error parsing parameter '--" + option + "': Invalid JSON: " + text}
			}
			in[field] = json.RawMessage(text)
		}
	}
	body, _ := json.Marshal(in)
	out, f := sh.a.signed(ctx, awsCall{service: "dynamodb", method: http.MethodPost, path: "/", body: body,
		header: map[string]string{"Content-Type": "application/x-amz-json-1.0", "X-Amz-Target": "DynamoDB_20120810." + operation}})
	return out, operation, f
}

func (sh *shell) updateFunction(ctx context.Context, args arguments) ([]byte, string, *awsFault) {
	const operation = "UpdateFunctionCode"
	in := map[string]any{}
	if name, ok := strings.CutPrefix(args.options["zip-file"], "fileb://"); ok {
		text, found := sh.a.files[strings.TrimPrefix(name, "./")]
		if !found {
			return nil, operation, &awsFault{code: "ParamValidation", message: "Error parsing parameter '--zip-file': Unable to load paramfile " + args.options["zip-file"]}
		}
		in["ZipFile"] = base64.StdEncoding.EncodeToString([]byte(text))
	}
	for option, field := range map[string]string{"s3-bucket": "S3Bucket", "s3-key": "S3Key", "image-uri": "ImageUri"} {
		if v := args.options[option]; v != "" {
			in[field] = v
		}
	}
	if args.options["publish"] == "true" {
		in["Publish"] = true
	}
	body, _ := json.Marshal(in)
	out, f := sh.a.signed(ctx, awsCall{service: "lambda", method: http.MethodPut, path: "/2015-03-31/functions/" + args.options["function-name"] + "/code",
		body: body, header: map[string]string{"Content-Type": "application/json"}})
	return out, operation, f
}
