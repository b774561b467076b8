package aws

import (
	"crypto/sha256"
	"encoding/base64"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Parameter is a parameter of Systems Manager, with the version that it has now.
type Parameter struct {
	Account string    `json:"account"`
	Region  string    `json:"region"`
	Name    string    `json:"name"`
	Type    string    `json:"type"` // "String", "StringList" or "SecureString"; empty in a seed is the first
	Value   string    `json:"value"`
	Key     string    `json:"key,omitempty"` // id of the KMS key of a SecureString; empty is AWS's own
	Version int       `json:"version"`
	Created time.Time `json:"created,omitzero"`
}

func (p Parameter) arn() string { return parameterARN(p.Account, p.Region, p.Name) }

func parameterARN(account, region, name string) string {
	return "arn:aws:ssm:" + region + ":" + account + ":parameter/" + strings.TrimPrefix(name, "/")
}

func keyARN(account, region, id string) string {
	return "arn:aws:kms:" + region + ":" + account + ":key/" + id
}

func parameterService() service {
	return jsonService("AmazonSSM", map[string]jsonOperation{
		"GetParameter": getParameter, "GetParameters": getParameters, "GetParametersByPath": getParametersByPath,
	})
}

type parameterJSON struct {
	Name             string
	Type             string
	Value            string
	Version          int
	Selector         string `json:",omitempty"`
	LastModifiedDate float64
	ARN              string
	DataType         string
}

// mayDecrypt asks for the right to use the key. AWS's own key is everybody's who
// may read the parameter.
func (c *call) mayDecrypt(key string) error {
	if key == "" {
		return nil
	}
	err := c.authorise(target{action: "kms:Decrypt", resource: keyARN(c.caller.account, c.region, key),
		keys: map[string][]string{"kms:ViaService": {c.service + "." + c.region + ".amazonaws.com"}}})
	if err != nil {
		return refuse(400, "AccessDeniedException", "The ciphertext refers to a customer master key that does not exist, does not exist in this region, or you are not allowed to access.")
	}
	return nil
}

// show makes the answer's parameter. What is not to be decrypted stays unreadable.
func (c *call) show(p Parameter, decrypt bool) (parameterJSON, error) {
	x := parameterJSON{
		Name: p.Name, Type: p.Type, Value: p.Value, Version: p.Version, LastModifiedDate: unix(p.Created), ARN: p.arn(), DataType: "text",
	}
	if p.Type == "SecureString" && !decrypt {
		digest := sha256.Sum256([]byte(p.arn() + p.Value))
		x.Value = "AQICAH" + base64.StdEncoding.EncodeToString(slices.Repeat(digest[:], 5))
		return x, nil
	}
	if p.Type != "SecureString" {
		return x, nil
	}
	return x, c.mayDecrypt(p.Key)
}

// parameter finds what a name, an ARN, or either with ":version" means.
func (c *call) parameter(asked string) (Parameter, string, error) {
	name, prefix := asked, "arn:aws:ssm:"+c.region+":"+c.caller.account+":parameter"
	if rest, isARN := strings.CutPrefix(asked, prefix); isARN {
		name = rest
	}
	name, selector, selected := strings.Cut(name, ":")
	p, ok := c.s.parameters.Get(parameterARN(c.caller.account, c.region, name))
	if !ok || p.Name != name && "/"+p.Name != name {
		return p, "", refuse(400, "ParameterNotFound", "")
	}
	if selected && selector != strconv.Itoa(p.Version) {
		return p, "", refuse(400, "ParameterVersionNotFound", "Systems Manager could not find version %s of %s. Verify the version and try again.", selector, name)
	}
	if selected {
		selector = ":" + selector
	}
	return p, selector, nil
}

func (c *call) mayReadParameter(name string) error {
	name, _, _ = strings.Cut(strings.TrimPrefix(name, "arn:aws:ssm:"+c.region+":"+c.caller.account+":parameter"), ":")
	return c.authorise(target{action: "ssm:" + c.operation, resource: parameterARN(c.caller.account, c.region, name)})
}

func getParameter(c *call) (any, error) {
	var in struct {
		Name           string
		WithDecryption bool
	}
	if err := c.input(&in); err != nil {
		return nil, err
	}
	if in.Name == "" || len(in.Name) > 2048 {
		return nil, validation("1 validation error detected: Value '%s' at 'name' failed to satisfy constraint: Member must have length greater than or equal to 1", in.Name)
	}
	if err := c.mayReadParameter(in.Name); err != nil {
		return nil, err
	}
	p, selector, err := c.parameter(in.Name)
	if err != nil {
		return nil, err
	}
	x, err := c.show(p, in.WithDecryption)
	x.Selector = selector
	return map[string]any{"Parameter": x}, err
}

func getParameters(c *call) (any, error) {
	var in struct {
		Names          []string
		WithDecryption bool
	}
	if err := c.input(&in); err != nil {
		return nil, err
	}
	if n := len(in.Names); n < 1 || n > 10 {
		return nil, validation("1 validation error detected: Value '[%s]' at 'names' failed to satisfy constraint: Member must have length less than or equal to 10", strings.Join(in.Names, ", "))
	}
	found, invalid := []parameterJSON{}, []string{}
	for _, name := range in.Names {
		if err := c.mayReadParameter(name); err != nil {
			return nil, err
		}
		p, selector, err := c.parameter(name)
		if err != nil {
			invalid = append(invalid, name)
			continue
		}
		x, err := c.show(p, in.WithDecryption)
		if err != nil {
			return nil, err
		}
		x.Selector = selector
		found = append(found, x)
	}
	return map[string]any{"Parameters": found, "InvalidParameters": invalid}, nil
}

func getParametersByPath(c *call) (any, error) {
	var in struct {
		Path           string
		Recursive      bool
		WithDecryption bool
		pageInput
	}
	if err := c.input(&in); err != nil {
		return nil, err
	}
	if !strings.HasPrefix(in.Path, "/") {
		return nil, validation("The parameter doesn't meet the parameter name requirements. The parameter name must begin with a forward slash \"/\". It can't be prefixed with \"aws\" or \"ssm\" (case-insensitive). It must use only letters, numbers, or the following symbols: . (period), - (hyphen), _ (underscore). Special characters are not allowed. All sub-paths, if specified, must use the forward slash symbol \"/\". Valid example: /get/parameters2-/by1./path0_.")
	}
	path := strings.TrimSuffix(in.Path, "/") + "/"
	if err := c.authorise(target{action: "ssm:GetParametersByPath", resource: parameterARN(c.caller.account, c.region, strings.TrimSuffix(path, "/"))}); err != nil {
		return nil, err
	}
	all := []parameterJSON{}
	for _, p := range c.s.parameters.All() {
		rest, under := strings.CutPrefix(p.Name, path)
		if p.Account != c.caller.account || p.Region != c.region || !under || !in.Recursive && strings.Contains(rest, "/") {
			continue
		}
		x, err := c.show(p, in.WithDecryption)
		if err != nil {
			return nil, err
		}
		all = append(all, x)
	}
	part, next, err := slice(in.pageInput, 10, all)
	if err != nil {
		return nil, validation("1 validation error detected at 'maxResults': the value must be between 1 and 10")
	}
	out := map[string]any{"Parameters": part}
	if next != "" {
		out["NextToken"] = next
	}
	return out, nil
}
