package aws

import (
	"strings"
	"time"
)

// usage is when somebody last tried an action. It counts what was refused, too,
// as AWS's reports do.
type usage struct {
	Entity string    `json:"entity"` // the id of a user or role: a re-created one begins anew
	ARN    string    `json:"arn"`
	Action string    `json:"action"` // "s3:ListBucket"
	At     time.Time `json:"at"`
	Region string    `json:"region"`
}

func (u usage) service() string {
	service, _, _ := strings.Cut(u.Action, ":")
	return service
}

// noteUse notes that the caller tried an action, by the minute.
func (c *call) noteUse(action string) error {
	u := usage{Entity: c.caller.entity, ARN: c.caller.entityARN, Action: action, At: c.now, Region: c.home()}
	key := u.Entity + "/" + action
	if last, ok := c.s.usage.Get(key); ok && c.now.Sub(last.At) < time.Minute && last.Region == u.Region {
		return nil
	}
	return c.s.usage.Put(key, u)
}

// home is the region in which the call counts: the global services have one.
func (c *call) home() string {
	if c.service == "iam" || c.service == "organizations" {
		return "us-east-1"
	}
	return c.region
}
