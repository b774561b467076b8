package aws

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Function is a Lambda function. Code is its deployment package.
type Function struct {
	Account  string    `json:"account"`
	Region   string    `json:"region"`
	Name     string    `json:"name"`
	Runtime  string    `json:"runtime,omitempty"`
	Handler  string    `json:"handler,omitempty"`
	Role     string    `json:"role,omitempty"` // ARN of the role it runs as
	Code     []byte    `json:"code,omitempty"`
	Modified time.Time `json:"modified,omitzero"`
	Revision string    `json:"revision,omitempty"`
}

func functionARN(account, region, name string) string {
	return "arn:aws:lambda:" + region + ":" + account + ":function:" + name
}

func (f Function) codeHash() string {
	sum := sha256.Sum256(f.Code)
	return base64.StdEncoding.EncodeToString(sum[:])
}

type functionJSON struct {
	FunctionName     string
	FunctionArn      string
	Runtime          string `json:",omitempty"`
	Role             string
	Handler          string `json:",omitempty"`
	CodeSize         int
	CodeSha256       string
	Timeout          int
	MemorySize       int
	LastModified     string
	Version          string
	RevisionID       string `json:"RevisionId"`
	PackageType      string
	Architectures    []string
	State            string
	LastUpdateStatus string
}

func (f Function) configuration() functionJSON {
	return functionJSON{
		FunctionName: f.Name, FunctionArn: functionARN(f.Account, f.Region, f.Name), Runtime: f.Runtime, Role: f.Role,
		Handler: f.Handler, CodeSize: len(f.Code), CodeSha256: f.codeHash(), Timeout: 3, MemorySize: 128,
		LastModified: f.Modified.UTC().Format("2006-01-02T15:04:05.000+0000"), Version: "$LATEST", RevisionID: f.Revision,
		PackageType: "Zip", Architectures: []string{"x86_64"}, State: "Active", LastUpdateStatus: "Successful",
	}
}

const functionsPath = "/2015-03-31/functions"

// lambdaService is a little of Lambda: new code for a function, and reading it.
func lambdaService() service {
	return service{names: slices.Sorted(maps.Keys(lambdaEvents)), errors: lambdaDoubts, operation: lambdaOperation, serve: serveLambda, fail: failLambda}
}

// functionName is the function that the path names, by name or ARN, and what of it.
func (c *call) functionName() (name, part string) {
	rest := strings.Trim(strings.TrimPrefix(c.r.URL.Path, functionsPath), "/")
	name, part, _ = strings.Cut(rest, "/")
	if i := strings.Index(name, ":function:"); i >= 0 {
		name = name[i+len(":function:"):]
	}
	return name, part
}

func lambdaOperation(c *call) string {
	if !strings.HasPrefix(c.r.URL.Path, functionsPath) {
		return ""
	}
	name, part := c.functionName()
	if name == "" && part == "" && c.r.Method == http.MethodGet {
		return "ListFunctions"
	}
	return map[string]string{
		"GET ": "GetFunction", "GET configuration": "GetFunctionConfiguration", "PUT code": "UpdateFunctionCode",
	}[c.r.Method+" "+part]
}

// lambdaEvents are the names by which CloudTrail knows the calls.
var lambdaEvents = map[string]string{
	"ListFunctions": "ListFunctions20150331", "GetFunction": "GetFunction20150331v2",
	"GetFunctionConfiguration": "GetFunctionConfiguration20150331v2", "UpdateFunctionCode": "UpdateFunctionCode20150331v2",
}

func serveLambda(c *call, w http.ResponseWriter) (err error) {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	if err := c.believe(); err != nil {
		return err
	}
	if c.operation == "" {
		return refuse(501, "ServiceException", "%s %s is not an operation that is emulated", c.r.Method, c.r.URL.Path)
	}
	name, _ := c.functionName()
	defer func() {
		ev := trailEvent{Name: lambdaEvents[c.operation]}
		if name != "" {
			ev.Resources = []trailResource{{"AWS::Lambda::Function", name}}
		}
		c.recordManagement(ev, c.operation != "UpdateFunctionCode", map[string]any{"functionName": name}, err)
	}()
	arn := functionARN(c.caller.account, c.region, name)
	t := target{action: "lambda:" + c.operation, resource: arn}
	if c.operation == "ListFunctions" {
		t.resource = "*"
	}
	if err := c.authorise(t); err != nil {
		return err
	}
	if c.operation == "ListFunctions" {
		return writeLambda(w, c, map[string]any{"Functions": c.functions()})
	}
	f, ok := c.s.functions.Get(arn)
	if !ok {
		return refuse(404, "ResourceNotFoundException", "Function not found: %s", arn)
	}
	switch c.operation {
	case "GetFunction":
		return writeLambda(w, c, map[string]any{
			"Configuration": f.configuration(), "Code": map[string]any{"RepositoryType": "S3", "Location": ""},
		})
	case "GetFunctionConfiguration":
		return writeLambda(w, c, f.configuration())
	}
	return c.updateCode(w, f, arn)
}

func (c *call) functions() []functionJSON {
	out := []functionJSON{}
	for _, f := range c.s.functions.All() {
		if f.Account == c.caller.account && f.Region == c.region {
			out = append(out, f.configuration())
		}
	}
	return out
}

func (c *call) updateCode(w http.ResponseWriter, f Function, arn string) error {
	var in struct {
		ZipFile             []byte
		S3Bucket, S3Key     string
		DryRun              bool
		RevisionID          string `json:"RevisionId"`
		Publish             bool
		ImageURI            string `json:"ImageUri"`
		S3ObjectVersion     string
		Architectures       []string
		SourceKMSKeyArn     string
		PublishTo           string
		S3ObjectStorageMode string
	}
	if err := json.Unmarshal(c.body, &in); err != nil {
		return refuse(400, "InvalidRequestContentException", "Could not parse request body into json.")
	}
	switch {
	case in.RevisionID != "" && in.RevisionID != f.Revision:
		return refuse(412, "PreconditionFailedException", "The Revision Id provided does not match the latest Revision Id. Call the GetFunction/GetAlias API to retrieve the latest Revision Id")
	case in.Publish || in.ImageURI != "":
		return refuse(400, "InvalidParameterValueException", "Publish and ImageUri are not emulated")
	case in.S3Bucket != "":
		o, ok := c.s.objects.Get(objectKey(in.S3Bucket, in.S3Key))
		if !ok {
			return refuse(400, "InvalidParameterValueException", "Error occurred while GetObject. S3 Error Code: NoSuchKey. S3 Error Message: The specified key does not exist.")
		}
		in.ZipFile = slices.Clone(o.Body)
	case len(in.ZipFile) == 0:
		return refuse(400, "InvalidParameterValueException", "Please provide a source for function code.")
	}
	f.Code, f.Modified, f.Revision = in.ZipFile, c.now, newUUID()
	if !in.DryRun {
		if err := put(c.s, c.s.functions, arn, f); err != nil {
			return err
		}
	}
	return writeLambda(w, c, f.configuration())
}

func writeLambda(w http.ResponseWriter, c *call, body any) error {
	raw, err := json.Marshal(body)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("X-Amzn-Requestid", c.id)
	_, _ = w.Write(raw)
	return nil
}

func failLambda(w http.ResponseWriter, c *call, no *refusal) {
	kind := "User"
	if no.status >= 500 {
		kind = "Service"
	}
	raw, _ := json.Marshal(map[string]string{"Type": kind, "Message": no.message})
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("X-Amzn-Requestid", c.id)
	w.Header().Set("X-Amzn-Errortype", no.code)
	w.WriteHeader(no.status)
	_, _ = w.Write(raw)
}
