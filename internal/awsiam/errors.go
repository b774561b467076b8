package awsiam

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/smithy-go"

	"fedbot/workflows"
)

// refusals are the codes with which AWS says that a call will never work, each
// with what people should know about it.
var refusals = map[string]string{
	"LimitExceeded":           "a quota of the account or of the role is used up",
	"MalformedPolicyDocument": "it does not take the policy document",
	"InvalidInput":            "it does not take one of the values",
	"ValidationError":         "it does not take one of the values",
	"UnmodifiableEntity":      "only AWS itself may change it",
}

// denials are the codes with which AWS says that this caller may not.
var denials = []string{"AccessDenied", "AccessDeniedException", "UnauthorizedOperation"}

// code returns AWS's code of an error, the innermost one: a call can fail because
// the sign-in before it did.
func code(err error) string {
	var found string
	for err != nil {
		var api smithy.APIError
		if !errors.As(err, &api) {
			break
		}
		found = api.ErrorCode()
		err = errors.Unwrap(api)
	}
	return found
}

func hasCode(err error, codes ...string) bool {
	got := code(err)
	return got != "" && slices.Contains(codes, got)
}

// missing reports whether AWS says that there is no such thing. It may be wrong
// for a few seconds after a write.
func missing(err error) bool { return hasCode(err, "NoSuchEntity") }

// action returns the innermost call that failed: "iam:CreateRole".
func action(err error) string {
	found := "a call"
	for err != nil {
		var op *smithy.OperationError
		if !errors.As(err, &op) {
			break
		}
		found = strings.ToLower(op.Service()) + ":" + op.Operation()
		err = op.Unwrap()
	}
	return found
}

// failed translates what AWS answered to a call that may have had an effect.
// verb is what was tried, "create role x". The kind is ErrPermanent only if
// AWS is sure; a missing right can be given, so it has no kind and is tried
// again until the engine asks a person.
func (c *client) failed(verb string, err error) error {
	cause := fmt.Errorf("%s: %w", verb, err)
	if why, ok := refusals[code(err)]; ok {
		return &workflows.Fault{
			Kind:  workflows.ErrPermanent,
			Say:   fmt.Sprintf("AWS refused to %s in %s: %s (%s).", verb, c.said(), why, code(err)),
			Cause: cause,
		}
	}
	say := fmt.Sprintf("AWS gave no clear answer when asked to %s in %s. fedbot asks again.", verb, c.said())
	switch {
	case hasCode(err, denials...):
		say = fmt.Sprintf("AWS refused fedbot's attempt to %s (AccessDenied on %s). Somebody with rights in %s must put fedbot's own roles there right.", verb, action(err), c.said())
	case hasCode(err, "DeleteConflict"):
		say = fmt.Sprintf("AWS would not %s in %s: something still hangs on it, such as an instance profile that somebody put it into.", verb, c.said())
	case hasCode(err, "OpenIdIdpCommunicationError"):
		say = fmt.Sprintf("AWS could not reach the issuer when asked to %s in %s. fedbot asks again.", verb, c.said())
	}
	return &workflows.Fault{Say: say, Cause: cause}
}

// unreadable makes a failure one of reading: whatever it was, it says nothing
// about what is there.
func unreadable(err error) error {
	if err == nil {
		return nil
	}
	f := &workflows.Fault{Kind: workflows.ErrUnreadable, Say: workflows.Said(err), Cause: err}
	if inner, ok := errors.AsType[*workflows.Fault](err); ok {
		f.Cause = inner.Cause
	}
	return f
}

// foreign is the answer to everything that bears our name and is not ours.
func (c *client) foreign(role, why string) error {
	return &workflows.Fault{
		Kind:  workflows.ErrForeign,
		Say:   fmt.Sprintf("Role %s exists in %s and was not made by fedbot: %s. It was not touched.", role, c.said(), why),
		Cause: fmt.Errorf("role %s in account %s: %s", role, c.ID, why),
	}
}

// invisible is the answer while IAM may not show yet what it has.
func (c *client) invisible(object string) error {
	return &workflows.Fault{Say: fmt.Sprintf("AWS does not show %s in %s yet. fedbot asks again.", object, c.said())}
}
