package aws

import (
	"encoding/base64"
	"slices"
	"strings"
	"time"
)

// Secret is a secret of Secrets Manager.
type Secret struct {
	Account  string          `json:"account"`
	Region   string          `json:"region"`
	Name     string          `json:"name"`
	Suffix   string          `json:"suffix"`         // six characters at the end of its ARN; empty in a seed is made up
	Value    string          `json:"value"`          // in a seed, the first version's
	Binary   []byte          `json:"binary"`         // instead of a value
	Key      string          `json:"key,omitempty"`  // id of its KMS key; empty is AWS's own
	Old      string          `json:"old,omitempty"`  // in a seed, the value of a version before, if there was one
	Tags     []Tag           `json:"tags,omitempty"` // also for conditions
	Deleted  time.Time       `json:"deleted,omitzero"`
	Created  time.Time       `json:"created,omitzero"`
	Versions []SecretVersion `json:"versions"`
}

// SecretVersion is one version of a secret with its staging labels.
type SecretVersion struct {
	ID      string    `json:"id"`
	Stages  []string  `json:"stages"`
	Value   string    `json:"value"`
	Binary  []byte    `json:"binary,omitempty"`
	Created time.Time `json:"created"`
}

func (x Secret) key() string { return x.Account + "/" + x.Region + "/" + x.Name }

func (x Secret) arn() string { return secretARN(x.Account, x.Region, x.Name+"-"+x.Suffix) }

func secretARN(account, region, name string) string {
	return "arn:aws:secretsmanager:" + region + ":" + account + ":secret:" + name
}

func (s *Server) seedSecret(x Secret) error {
	if x.Suffix == "" {
		x.Suffix = letters(6)
	}
	if x.Created.IsZero() {
		x.Created = s.now()
	}
	x.Versions = []SecretVersion{{ID: newUUID(), Stages: []string{"AWSCURRENT"}, Value: x.Value, Binary: x.Binary, Created: x.Created}}
	if x.Old != "" {
		x.Versions = append(x.Versions, SecretVersion{ID: newUUID(), Stages: []string{"AWSPREVIOUS"}, Value: x.Old, Created: x.Created})
	}
	return put(s, s.secrets, x.key(), x)
}

func secretService() service {
	return jsonService("secretsmanager", map[string]jsonOperation{"GetSecretValue": getSecretValue, "DescribeSecret": describeSecret})
}

// secret finds what a name, an ARN or an ARN without its suffix means, if the
// caller may ask about it.
func (c *call) secret(id string, keys map[string][]string) (Secret, error) {
	if id == "" || len(id) > 2048 {
		return Secret{}, validation("1 validation error detected: Value '%s' at 'secretId' failed to satisfy constraint: Member must have length greater than or equal to 1", id)
	}
	name, isARN := strings.CutPrefix(id, secretARN(c.caller.account, c.region, ""))
	x, ok := c.s.secrets.Get(c.caller.account + "/" + c.region + "/" + name)
	if !ok && isARN && len(name) > 7 {
		x, ok = c.s.secrets.Get(c.caller.account + "/" + c.region + "/" + name[:len(name)-7])
		ok = ok && x.arn() == id
	}
	t := target{action: "secretsmanager:" + c.operation, resource: secretARN(c.caller.account, c.region, name), keys: keys}
	keys["secretsmanager:SecretId"] = []string{id}
	if ok {
		t.resource = x.arn()
		for _, tag := range x.Tags {
			keys["aws:ResourceTag/"+tag.Key] = []string{tag.Value}
			keys["secretsmanager:ResourceTag/"+tag.Key] = []string{tag.Value}
		}
	}
	if err := c.authorise(t); err != nil {
		return x, err
	}
	if !ok {
		return x, refuse(400, "ResourceNotFoundException", "Secrets Manager can't find the specified secret.")
	}
	return x, nil
}

func getSecretValue(c *call) (any, error) {
	var in struct{ SecretId, VersionId, VersionStage string }
	if err := c.input(&in); err != nil {
		return nil, err
	}
	keys := map[string][]string{}
	if in.VersionId != "" {
		keys["secretsmanager:VersionId"] = []string{in.VersionId}
	}
	stage := orText(in.VersionStage, "AWSCURRENT")
	if in.VersionStage != "" || in.VersionId == "" {
		keys["secretsmanager:VersionStage"] = []string{stage}
	}
	x, err := c.secret(in.SecretId, keys)
	if err != nil {
		return nil, err
	}
	if !x.Deleted.IsZero() {
		return nil, refuse(400, "InvalidRequestException", "You can't perform this operation on the secret because it was marked for deletion.")
	}
	i := slices.IndexFunc(x.Versions, func(v SecretVersion) bool {
		if in.VersionId != "" {
			return v.ID == in.VersionId && (in.VersionStage == "" || slices.Contains(v.Stages, stage))
		}
		return slices.Contains(v.Stages, stage)
	})
	if i < 0 && in.VersionId != "" {
		return nil, refuse(400, "ResourceNotFoundException", "Secrets Manager can't find the specified secret value for VersionId: %s", in.VersionId)
	} else if i < 0 {
		return nil, refuse(400, "ResourceNotFoundException", "Secrets Manager can't find the specified secret value for staging label: %s", stage)
	}
	if c.mayDecrypt(x.Key) != nil {
		return nil, refuse(400, "AccessDeniedException", "Access to KMS is not allowed")
	}
	v := x.Versions[i]
	out := map[string]any{"ARN": x.arn(), "Name": x.Name, "VersionId": v.ID, "VersionStages": v.Stages, "CreatedDate": unix(v.Created)}
	if v.Binary != nil {
		out["SecretBinary"] = base64.StdEncoding.EncodeToString(v.Binary)
	} else {
		out["SecretString"] = v.Value
	}
	return out, nil
}

func describeSecret(c *call) (any, error) {
	var in struct{ SecretId string }
	if err := c.input(&in); err != nil {
		return nil, err
	}
	x, err := c.secret(in.SecretId, map[string][]string{})
	if err != nil {
		return nil, err
	}
	stages, tags := map[string][]string{}, []map[string]string{}
	for _, v := range x.Versions {
		stages[v.ID] = v.Stages
	}
	for _, t := range x.Tags {
		tags = append(tags, map[string]string{"Key": t.Key, "Value": t.Value})
	}
	out := map[string]any{
		"ARN": x.arn(), "Name": x.Name, "CreatedDate": unix(x.Created), "LastChangedDate": unix(x.Created),
		"VersionIdsToStages": stages, "Tags": tags,
	}
	if x.Key != "" {
		out["KmsKeyId"] = keyARN(x.Account, x.Region, x.Key)
	}
	if !x.Deleted.IsZero() {
		out["DeletedDate"] = unix(x.Deleted)
	}
	return out, nil
}
