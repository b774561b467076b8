package policies

import (
	"slices"
	"strings"
)

// Access is what kind of access an action gives, in AWS's classes.
type Access string

// The kinds of access. An action that AWS puts into several counts as the most
// telling: permissions before tagging before write.
const (
	Reads       Access = "read"
	Lists       Access = "list"
	Writes      Access = "write"
	Tags        Access = "tagging"
	Permissions Access = "permissions"
)

// Action is what AWS says of one IAM action.
type Action struct {
	Name    string         `json:"name"` // s3:PutObject, as AWS spells it
	Access  Access         `json:"access"`
	On      []ResourceType `json:"on"`      // empty: IAM cannot limit it to a resource
	Keys    []ConditionKey `json:"keys"`    // sent with every call of it
	Depends []string       `json:"depends"` // actions that the caller may need as well; release 0.21.202609261 names none for any
}

// ResourceType is one kind of resource that an action can be limited to.
type ResourceType struct {
	Name     string         `json:"name"`
	ARN      string         `json:"arn"`      // as AWS writes it: arn:${Partition}:s3:::${BucketName}
	Required bool           `json:"required"` // a call always names one, so a statement without one never allows it
	Keys     []ConditionKey `json:"keys"`     // sent only when the call is about one of these
}

// ConditionKey is a key that a condition may test.
type ConditionKey struct {
	Name string `json:"name"` // may hold a placeholder: aws:ResourceTag/${TagKey}
	Type string `json:"type"` // String, ARN, Bool, Numeric, Date, or ArrayOf… one of them
}

// FindAction returns what is known about an action, in any case: "s3:putobject".
func FindAction(name string) (Action, bool) {
	prefix, _, ok := strings.Cut(strings.ToLower(name), ":")
	s, known := findService(prefix)
	if !ok || !known {
		return Action{}, false
	}
	a, ok := s.actions[strings.ToLower(name)]
	return a, ok
}

// ServiceActions returns all actions of a service, such as "s3", by name.
func ServiceActions(prefix string) []Action {
	s, ok := findService(strings.ToLower(prefix))
	if !ok {
		return nil
	}
	out := make([]Action, 0, len(s.actions))
	for _, name := range keysOf(s.actions, nil) {
		out = append(out, s.actions[name])
	}
	return out
}

// ExpandAction returns the actions that a pattern stands for: "s3:Get*", "*".
func ExpandAction(pattern string) []Action {
	if !strings.ContainsAny(pattern, "*?") {
		if a, ok := FindAction(pattern); ok {
			return []Action{a}
		}
		return nil
	}
	pattern = strings.ToLower(pattern)
	prefix, _, named := strings.Cut(pattern, ":")
	var out []Action
	for _, s := range ServiceNames() {
		if named && !matches(prefix, s) {
			continue
		}
		for _, a := range ServiceActions(s) {
			if matches(pattern, strings.ToLower(a.Name)) {
				out = append(out, a)
			}
		}
	}
	return out
}

// Pattern is the ARN of the type with * for what AWS leaves open.
func (t ResourceType) Pattern() string { return openPlaces.ReplaceAllString(t.ARN, "*") }

// Resources returns the types that a pattern of a policy may stand for: those which
// some ARN of the pattern is of. "*" is of every type.
func (a Action) Resources(pattern string) []ResourceType {
	var out []ResourceType
	for _, t := range a.On {
		if sameARN(pattern, t.Pattern()) {
			out = append(out, t)
		}
	}
	return out
}

// sameARN reports whether two patterns of ARNs have an ARN in common, taken part by
// part: a * of IAM may run over a colon, but no ARN has a part of another's kind.
func sameARN(a, b string) bool {
	x, y := strings.SplitN(a, ":", arnParts), strings.SplitN(b, ":", arnParts)
	if len(x) < arnParts || len(y) < arnParts {
		return overlaps(a, b)
	}
	for i := range x {
		if !overlaps(x[i], y[i]) {
			return false
		}
	}
	return true
}

// arnParts are arn, partition, service, region, account and the rest.
const arnParts = 6

// Key returns the condition key that is sent with calls of the action on resources
// of these types, in any case: one of the action's own, of the types', or one that
// AWS sends with every call.
func (a Action) Key(name string, on []ResourceType) (ConditionKey, bool) {
	lists := [][]ConditionKey{a.Keys, everywhere}
	for _, t := range on {
		lists = append(lists, t.Keys)
	}
	for _, keys := range lists {
		for _, k := range keys {
			if matches(strings.ToLower(openPlaces.ReplaceAllString(k.Name, "*")), strings.ToLower(name)) {
				return k, true
			}
		}
	}
	return ConditionKey{}, false
}

// EverywhereKeys returns the global condition keys that AWS sends with calls of
// every service, or whenever they have a value (IAM user guide). The data lists
// aws:RequestTag, aws:ResourceTag and aws:TagKeys where they are sent; these are not
// among them.
func EverywhereKeys() []ConditionKey { return slices.Clone(everywhere) }

var everywhere = func() []ConditionKey {
	var out []ConditionKey
	for kind, names := range map[string][]string{
		"String": {
			"aws:CalledViaFirst", "aws:CalledViaLast", "aws:FederatedProvider", "aws:PrincipalAccount", "aws:PrincipalOrgID",
			"aws:PrincipalServiceName", "aws:PrincipalTag/${TagKey}", "aws:PrincipalType", "aws:referer", "aws:RequestedRegion",
			"aws:ResourceAccount", "aws:ResourceOrgID", "aws:SourceAccount", "aws:SourceIdentity", "aws:SourceOrgID", "aws:SourceOwner",
			"aws:SourceVpc", "aws:SourceVpce", "aws:UserAgent", "aws:userid", "aws:username", "aws:VpceAccount", "aws:VpceOrgID",
		},
		"ArrayOfString": {
			"aws:CalledVia", "aws:PrincipalOrgPaths", "aws:PrincipalServiceNamesList", "aws:ResourceOrgPaths", "aws:SourceOrgPaths",
			"aws:VpceOrgPaths",
		},
		"ARN":       {"aws:PrincipalArn", "aws:SourceArn", "aws:SourceVpcArn", "ec2:SourceInstanceArn", "lambda:SourceFunctionArn"},
		"Bool":      {"aws:AssumedRoot", "aws:MultiFactorAuthPresent", "aws:PrincipalIsAWSService", "aws:SecureTransport", "aws:ViaAWSService"},
		"Date":      {"aws:CurrentTime", "aws:TokenIssueTime"},
		"Numeric":   {"aws:EpochTime", "aws:MultiFactorAuthAge"},
		"IPAddress": {"aws:SourceIp", "aws:VpcSourceIp"},
	} {
		for _, name := range names {
			out = append(out, ConditionKey{name, kind})
		}
	}
	slices.SortFunc(out, func(a, b ConditionKey) int { return strings.Compare(a.Name, b.Name) })
	return out
}()
