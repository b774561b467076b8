package awsiam

import (
	"context"
	"fmt"
	"strings"

	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// answered takes for an answer only what is one. Calls that return nothing look at
// the status alone, so that a page of some proxy, with 200, would pass for a deleted
// role.
func answered(stack *middleware.Stack) error {
	return stack.Deserialize.Add(middleware.DeserializeMiddlewareFunc("fedbotAnswered",
		func(ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler) (middleware.DeserializeOutput, middleware.Metadata, error) {
			out, meta, err := next.HandleDeserialize(ctx, in)
			res, ok := out.RawResponse.(*smithyhttp.Response)
			if err != nil || !ok || res.StatusCode >= 300 {
				return out, meta, err // the SDK tells errors by their own form
			}
			kind := res.Header.Get("Content-Type")
			if !strings.Contains(kind, "xml") && !strings.Contains(kind, "json") {
				err = fmt.Errorf("an answer of type %q, which AWS does not give", kind)
			}
			return out, meta, err
		}), middleware.After)
}
