package awsiam

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"fedbot/workflows"
)

// ensureProvider creates the OIDC provider or uses the one that is there. The
// provider belongs to everybody in the account who trusts the issuer, so it is
// never edited: a missing audience is a person's to add.
func (a *AWS) ensureProvider(ctx context.Context, c *client, t workflows.Task) (workflows.Result, error) {
	spec := *t.Step.Provider
	found, err := c.provider(ctx, spec.ARN)
	if missing(err) {
		var made bool
		if made, err = c.createProvider(ctx, spec); made {
			return workflows.Result{Ref: spec.ARN}, nil
		}
		if err != nil {
			return workflows.Result{}, err
		}
		if found, err = c.provider(ctx, spec.ARN); missing(err) {
			return workflows.Result{}, c.invisible("OIDC provider " + spec.Issuer)
		}
	}
	if err != nil {
		return workflows.Result{}, c.failed("read OIDC provider "+spec.Issuer, err)
	}
	if !slices.Contains(found.ClientIDList, spec.Audience) {
		return workflows.Result{}, &workflows.Fault{
			Kind: workflows.ErrPermanent,
			Say: fmt.Sprintf("The OIDC provider in %s does not accept the audience %s. Somebody with rights there must run: "+
				"aws iam add-client-id-to-open-id-connect-provider --open-id-connect-provider-arn %s --client-id %s",
				c.said(), spec.Audience, spec.ARN, spec.Audience),
		}
	}
	return workflows.Result{Ref: spec.ARN, Found: true, Note: "found, used as it is"}, nil
}

// createProvider sends no thumbprints: IAM then trusts the issuer's certificate
// through its own list of authorities. made is false when somebody was faster.
func (c *client) createProvider(ctx context.Context, spec workflows.ProviderSpec) (made bool, err error) {
	_, err = c.iam.CreateOpenIDConnectProvider(ctx, &iam.CreateOpenIDConnectProviderInput{
		Url:          aws.String(spec.Issuer),
		ClientIDList: []string{spec.Audience},
		Tags:         tags(map[string]string{managedBy: fedbot}),
	})
	if hasCode(err, "EntityAlreadyExists") {
		return false, nil
	}
	if err != nil {
		return false, c.failed("create OIDC provider "+spec.Issuer, err)
	}
	return true, nil
}

func (c *client) provider(ctx context.Context, arn string) (*iam.GetOpenIDConnectProviderOutput, error) {
	return c.iam.GetOpenIDConnectProvider(ctx, &iam.GetOpenIDConnectProviderInput{OpenIDConnectProviderArn: aws.String(arn)})
}

// keepProvider removes nothing: other roles may trust the provider.
func (a *AWS) keepProvider(context.Context, *client, workflows.Task) error { return nil }

// observeProvider looks for the provider and our audience. Further audiences are
// other people's: a role of ours names its own.
func (a *AWS) observeProvider(ctx context.Context, c *client, t workflows.Task) (workflows.Observation, error) {
	spec := *t.Step.Provider
	found, err := c.provider(ctx, spec.ARN)
	if missing(err) {
		return absent("OIDC provider", a.lagging(t, t.Intended)), nil
	}
	if err != nil {
		return workflows.Observation{}, c.failed("read OIDC provider "+spec.Issuer, err)
	}
	seen := workflows.Observation{Exists: true, Ref: spec.ARN, Lagging: a.lagging(t, aws.ToTime(found.CreateDate))}
	// AWS leaves the scheme out.
	if url := "https://" + strings.TrimPrefix(aws.ToString(found.Url), "https://"); url != spec.Issuer {
		seen.Differences = append(seen.Differences, workflows.Difference{Field: "issuer", Approved: spec.Issuer, Found: url, Wider: true})
	}
	if !slices.Contains(found.ClientIDList, spec.Audience) {
		seen.Differences = append(seen.Differences, workflows.Difference{
			Field: "audiences", Approved: spec.Audience, Found: strings.Join(found.ClientIDList, ", "),
		})
	}
	return seen, nil
}

// absent is what is seen of an object that is not there.
func absent(what string, lagging bool) workflows.Observation {
	return workflows.Observation{
		Lagging:     lagging,
		Differences: []workflows.Difference{{Field: "exists", Approved: what, Found: "missing"}},
	}
}
