package policies

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
)

// Template returns the CloudFormation template that makes the two roles and the
// boundary, as YAML with comments: the same text for every account.
func (b Bootstrap) Template() ([]byte, error) {
	if err := b.Check(); err != nil {
		return nil, fmt.Errorf("write template: %w", err)
	}
	raw, err := yaml.MarshalWithOptions(b.stack(), yaml.WithComment(b.comments()), yaml.IndentSequence(true))
	if err != nil {
		return nil, fmt.Errorf("write template: %w", err)
	}
	return append([]byte(bootstrapHead), raw...), nil
}

// JSON returns the same template as JSON, which has no comments.
func (b Bootstrap) JSON() ([]byte, error) {
	if err := b.Check(); err != nil {
		return nil, fmt.Errorf("write template: %w", err)
	}
	raw, err := encode(inOrder{b.stack()})
	if err != nil {
		return nil, fmt.Errorf("write template: %w", err)
	}
	var out bytes.Buffer
	if err := json.Indent(&out, raw, "", "  "); err != nil {
		return nil, fmt.Errorf("write template: %w", err)
	}
	return append(out.Bytes(), '\n'), nil
}

const bootstrapHead = `# What fedbot needs in an AWS account, and all that it ever gets there. The same text for every account: deploy it as a
# StackSet with the same parameters everywhere, in one region (IAM is global), with CAPABILITY_NAMED_IAM, or by hand:
#
#   aws cloudformation deploy --stack-name fedbot --template-file fedbot.yaml --capabilities CAPABILITY_NAMED_IAM \
#     --parameter-overrides Principal=arn:aws:iam::999900001111:role/fedbot Issuer=vstoken.dev.azure.com/ORGANIZATION-ID
#
# Made by fedbot bootstrap aws. Change it there, not here: a template that was edited is not what fedbot's tests ran under.

`

func (b Bootstrap) comments() yaml.CommentMap {
	out := yaml.CommentMap{
		"$.Resources.Boundary": head("The most that any federated role can ever do. It grants nothing: a role may do what its own policies and this both allow.",
			"IAM refuses to remove it while a role carries it, and a stack that is deleted leaves it behind."),
		"$.Resources.Writer": head("Whom fedbot is when it changes something. Every change is limited to roles under ado-federation/ whose names begin with ado-",
			"and which carry the boundary. This role and the reader are not among them, so fedbot cannot change itself."),
		"$.Resources.Reader": head("Whom fedbot is when it looks: before a request is decided, after every step, and every week. It can change nothing."),
	}
	for i, a := range writerMay {
		out[fmt.Sprintf("$.Resources.Writer.Properties.Policies[0].PolicyDocument.Statement[%d].Sid", i)] = head(a.why)
	}
	out[fmt.Sprintf("$.Resources.Writer.Properties.Policies[0].PolicyDocument.Statement[%d].Sid", len(writerMay))] = head("Refused even if somebody gives the role more.")
	for i, a := range readerMay {
		out[fmt.Sprintf("$.Resources.Reader.Properties.Policies[0].PolicyDocument.Statement[%d].Sid", i)] = head(a.why)
	}
	return out
}

func head(lines ...string) []*yaml.Comment {
	for i := range lines {
		lines[i] = " " + lines[i]
	}
	return []*yaml.Comment{yaml.HeadComment(lines...)}
}

// cfnMap is a mapping whose order counts, for people who read it.
type cfnMap = yaml.MapSlice

func cfnPair(key string, value any) yaml.MapItem { return yaml.MapItem{Key: key, Value: value} }

// stack is the whole template.
func (b Bootstrap) stack() cfnMap {
	parameters := cfnMap{
		cfnPair("Principal", parameter("ARN of the role or user that fedbot runs as. Nobody else can take on the two roles.", b.Principal,
			`^arn:aws[a-z-]*:iam::[0-9]{12}:(role|user)/.+$`, b.Principal != "")),
		cfnPair("ExternalId", append(parameter("What fedbot has to say when it takes them on: external_id of its configuration. Empty: nothing.", b.ExternalID,
			`^[A-Za-z0-9_+=,.@:/-]*$`, true), cfnPair("MaxLength", 1224))),
	}
	for i := range max(1, len(b.Issuers)) {
		issuer := ""
		if len(b.Issuers) > 0 {
			issuer = b.Issuers[i]
		}
		parameters = append(parameters, cfnPair(issuerParameter(i), parameter(
			"Issuer of the tokens without https://, such as vstoken.dev.azure.com/ and the organization's id. Its provider is the only one that fedbot makes.", issuer,
			`^[a-z0-9-]+(\.[a-z0-9-]+)+(/[A-Za-z0-9._-]+)*$`, issuer != "")))
	}
	roles := `^([A-Za-z0-9_+=,.@-]+(/[A-Za-z0-9_+=,.@-]+)*(/?\*)?)?$`
	parameters = append(parameters,
		cfnPair("PassableRoles", parameter("Roles that federated roles may hand to AWS services, by path and name. Empty: none.", b.Passable, roles, true)),
		cfnPair("AssumableRoles", parameter("Roles that federated roles may go on to, such as cdk-*. What those may do, a pipeline may do. Empty: none.", b.Assumable, roles, true)))
	given := func(name string) cfnMap {
		return cfnMap{cfnPair("Fn::Not", []any{cfnMap{cfnPair("Fn::Equals", []any{cfnRef(name), ""})}})}
	}
	return cfnMap{
		cfnPair("AWSTemplateFormatVersion", "2010-09-09"),
		cfnPair("Description", "fedbot: the role that federates Azure DevOps projects, the role that watches them, and the boundary of all federated roles"),
		cfnPair("Parameters", parameters),
		cfnPair("Conditions", cfnMap{cfnPair("AsksExternalId", given("ExternalId")), cfnPair("SomePassable", given("PassableRoles")), cfnPair("SomeAssumable", given("AssumableRoles"))}),
		cfnPair("Resources", cfnMap{
			cfnPair("Boundary", b.boundaryResource()),
			cfnPair("Writer", b.roleResource(WriterName, "writer", "fedbot: makes, changes and removes federated roles", b.writer())),
			cfnPair("Reader", b.roleResource(ReaderName, "reader", "fedbot: reads federated roles", b.reader())),
		}),
		cfnPair("Outputs", cfnMap{
			cfnPair("BoundaryArn", cfnMap{cfnPair("Value", cfnRef("Boundary"))}),
			cfnPair("WriterArn", cfnMap{cfnPair("Value", cfnMap{cfnPair("Fn::GetAtt", []any{"Writer", "Arn"})})}),
			cfnPair("ReaderArn", cfnMap{cfnPair("Value", cfnMap{cfnPair("Fn::GetAtt", []any{"Reader", "Arn"})})}),
		}),
	}
}

func parameter(description, value, pattern string, optional bool) cfnMap {
	out := cfnMap{cfnPair("Type", "String"), cfnPair("Description", description), cfnPair("AllowedPattern", pattern)}
	if optional {
		out = append(out, cfnPair("Default", value))
	}
	return out
}

func (b Bootstrap) boundaryResource() cfnMap {
	document := cfnTree(b.boundary(true, true))
	for i, item := range document {
		if item.Key != "Statement" {
			continue
		}
		statements := item.Value.([]any)
		statements[1] = cfnIf("SomePassable", statements[1])
		statements[2] = cfnIf("SomeAssumable", statements[2])
		document[i].Value = statements
	}
	return cfnMap{
		cfnPair("Type", "AWS::IAM::ManagedPolicy"),
		cfnPair("DeletionPolicy", "Retain"),
		cfnPair("UpdateReplacePolicy", "Retain"),
		cfnPair("Properties", cfnMap{
			cfnPair("ManagedPolicyName", BoundaryName), cfnPair("Path", "/ado-federation/"),
			cfnPair("Description", "The most that a role federated by fedbot can ever do"),
			cfnPair("PolicyDocument", document),
		}),
	}
}

func (b Bootstrap) roleResource(name, policy, description string, rights Document) cfnMap {
	trust := cfnTree(b.trust(true))
	statement := trust[1].Value.([]any)[0].(cfnMap)
	last := &statement[len(statement)-1] // the condition
	last.Value = cfnIf("AsksExternalId", last.Value)
	return cfnMap{
		cfnPair("Type", "AWS::IAM::Role"),
		cfnPair("Properties", cfnMap{
			cfnPair("RoleName", name), cfnPair("Path", "/ado-federation/"), cfnPair("Description", description), cfnPair("MaxSessionDuration", 3600),
			cfnPair("AssumeRolePolicyDocument", trust),
			cfnPair("Policies", []any{cfnMap{cfnPair("PolicyName", policy), cfnPair("PolicyDocument", cfnTree(rights))}}),
		}),
	}
}

func cfnRef(name string) cfnMap { return cfnMap{cfnPair("Ref", name)} }

func cfnIf(condition string, value any) cfnMap {
	return cfnMap{cfnPair("Fn::If", []any{condition, value, cfnRef("AWS::NoValue")})}
}

// tree writes a document with its placeholders as CloudFormation's functions.
func cfnTree(d Document) cfnMap {
	var statements []any
	for _, s := range d.Statement {
		out := cfnMap{cfnPair("Sid", s.Sid), cfnPair("Effect", s.Effect)}
		for _, kind := range slices.Sorted(maps.Keys(s.Principal)) {
			out = append(out, cfnPair("Principal", cfnMap{cfnPair(kind, cfnLeaves(s.Principal[kind]))}))
		}
		out = append(out, cfnPair("Action", cfnLeaves(s.Action)))
		if s.Resource != nil {
			out = append(out, cfnPair("Resource", cfnLeaves(s.Resource)))
		}
		for _, op := range slices.Sorted(maps.Keys(s.Condition)) {
			var keys cfnMap
			for _, key := range slices.Sorted(maps.Keys(s.Condition[op])) {
				keys = append(keys, cfnPair(key, cfnLeaves(s.Condition[op][key])))
			}
			out = append(out, cfnPair("Condition", cfnMap{cfnPair(op, keys)}))
		}
		statements = append(statements, out)
	}
	return cfnMap{cfnPair("Version", d.Version), cfnPair("Statement", statements)}
}

func cfnLeaves(texts list) any {
	var out []any
	for _, text := range texts {
		name, whole := strings.CutPrefix(text, "${")
		switch {
		case whole && strings.Count(text, "${") == 1 && strings.HasSuffix(text, "}"):
			out = append(out, cfnRef(strings.TrimSuffix(name, "}")))
		case strings.Contains(text, "${"):
			out = append(out, cfnMap{cfnPair("Fn::Sub", text)})
		default:
			out = append(out, text)
		}
	}
	if len(out) == 1 {
		return out[0]
	}
	return out
}

// inOrder writes mappings as JSON in their order.
type inOrder struct{ value any }

// MarshalJSON writes mappings in the order in which they were built.
func (o inOrder) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	switch v := o.value.(type) {
	case cfnMap:
		b.WriteByte('{')
		for i, item := range v {
			if i > 0 {
				b.WriteByte(',')
			}
			value, err := encode(inOrder{item.Value})
			if err != nil {
				return nil, err
			}
			fmt.Fprintf(&b, "%q:%s", item.Key, value)
		}
		b.WriteByte('}')
	case []any:
		b.WriteByte('[')
		for i, item := range v {
			if i > 0 {
				b.WriteByte(',')
			}
			value, err := encode(inOrder{item})
			if err != nil {
				return nil, err
			}
			b.Write(value)
		}
		b.WriteByte(']')
	default:
		return encode(v)
	}
	return b.Bytes(), nil
}
