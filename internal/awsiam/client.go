package awsiam

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go/middleware"
	"golang.org/x/time/rate"

	"fedbot/workflows"
)

// session is as whom calls are made: in which account, in which of our roles
// (empty: the base credentials), under which name in the account's records.
type session struct{ account, role, name string }

// client makes the calls of one session.
type client struct {
	Account
	iam   *iam.Client
	sts   *sts.Client
	trail *cloudtrail.Client // of the region that keeps IAM's events
	local *cloudtrail.Client // of the account's own region; nil: it is the same
}

const (
	attempts     = 3                      // of one call, within the caller's deadline
	maxBackoff   = 100 * time.Millisecond // between two attempts; the engine is the one with patience
	signInTime   = 10 * time.Second       // for AssumeRole: the SDK lets it outlive its caller
	keptSessions = 500
)

// writer returns the client that may change things in an account.
func (a *AWS) writer(ctx context.Context, account string, about workflows.FederationID) (*client, error) {
	return a.client(ctx, account, about, Account.writerRole)
}

// reader returns the client that looks at things in an account.
func (a *AWS) reader(ctx context.Context, account string, about workflows.FederationID) (*client, error) {
	return a.client(ctx, account, about, Account.readerRole)
}

func (acc Account) writerRole() string { return acc.WriterRoleARN }
func (acc Account) readerRole() string { return acc.ReaderRoleARN }

func (a *AWS) client(ctx context.Context, account string, about workflows.FederationID, role func(Account) string) (*client, error) {
	acc, ok := a.accounts[account]
	if !ok {
		return nil, &workflows.Fault{Say: fmt.Sprintf("Account %s is not in fedbot's configuration.", account)}
	}
	key := session{account: account, role: role(acc)}
	if key.role != "" {
		key.name = sessionName(about)
	}
	a.mu.Lock()
	c, ok := a.clients[key]
	a.mu.Unlock()
	if ok {
		return c, nil
	}
	c = a.connect(acc, key)
	if key.role == "" {
		if err := c.home(ctx); err != nil {
			return nil, err
		}
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.clients) >= keptSessions {
		clear(a.clients) // sessions are cheap to open again
	}
	a.clients[key] = c
	return c, nil
}

// sessionName says in the account's records on whose behalf fedbot came.
func sessionName(about workflows.FederationID) string {
	if about.Number() == 0 {
		return "fedbot"
	}
	return "fedbot-" + string(about)
}

func (a *AWS) connect(acc Account, s session) *client {
	config := a.config.Copy()
	if acc.Region != "" {
		config.Region = acc.Region
	}
	if config.Region == "" {
		config.Region = "us-east-1"
	}
	if a.endpoint != "" {
		config.BaseEndpoint = aws.String(a.endpoint)
	}
	config.Retryer = func() aws.Retryer {
		standard := retry.NewStandard(func(o *retry.StandardOptions) { o.MaxAttempts, o.MaxBackoff = attempts, maxBackoff })
		return retry.AddWithErrorCodes(standard, expired...)
	}
	base := config.Copy()
	base.APIOptions = append(base.APIOptions[:len(base.APIOptions):len(base.APIOptions)], a.paced(a.pace[acc.ID], nil))
	if s.role == "" {
		home, local := a.records(acc, config, nil)
		return &client{Account: acc, iam: iam.NewFromConfig(base), sts: sts.NewFromConfig(base), trail: home, local: local}
	}
	keys := aws.NewCredentialsCache(signIn{stscreds.NewAssumeRoleProvider(sts.NewFromConfig(base), s.role,
		func(o *stscreds.AssumeRoleOptions) {
			o.RoleSessionName = s.name
			if acc.ExternalID != "" {
				o.ExternalID = aws.String(acc.ExternalID)
			}
		})}, func(o *aws.CredentialsCacheOptions) { o.ExpiryWindow = time.Minute })
	config.Credentials = keys
	home, local := a.records(acc, config, keys)
	config.APIOptions = append(config.APIOptions[:len(config.APIOptions):len(config.APIOptions)], a.paced(a.pace[acc.ID], keys))
	return &client{Account: acc, iam: iam.NewFromConfig(config), sts: sts.NewFromConfig(config), trail: home, local: local}
}

// records ask the region that keeps IAM's events, of which there is one in each
// partition wherever the account works, and the account's own, which keeps the
// sign-ins of its endpoint. They have a pace of their own.
func (a *AWS) records(acc Account, config aws.Config, keys *aws.CredentialsCache) (home, local *cloudtrail.Client) {
	config = config.Copy()
	config.APIOptions = append(config.APIOptions[:len(config.APIOptions):len(config.APIOptions)], a.paced(a.trails[acc.ID], keys))
	own := config.Region
	switch partition(acc.Region) {
	case "aws-cn":
		config.Region = "cn-north-1"
	case "aws-us-gov":
		config.Region = "us-gov-west-1"
	default:
		config.Region = "us-east-1"
	}
	home = cloudtrail.NewFromConfig(config)
	if own != config.Region {
		config.Region = own
		local = cloudtrail.NewFromConfig(config)
	}
	return home, local
}

// signIn bounds the time of AssumeRole. The SDK's cache runs it without the
// caller's deadline and lets later callers wait for the same answer.
type signIn struct{ aws.CredentialsProvider }

func (s signIn) Retrieve(ctx context.Context) (aws.Credentials, error) {
	ctx, cancel := context.WithTimeout(ctx, signInTime)
	defer cancel()
	return s.CredentialsProvider.Retrieve(ctx)
}

// expired are the codes of a session that is over. AWS may end one before the
// time it named.
var expired = []string{"ExpiredToken", "ExpiredTokenException", "InvalidClientTokenId"}

// paced counts every attempt, holds it back to the account's rate, and drops
// credentials that AWS no longer takes, so that the next attempt has fresh ones.
func (a *AWS) paced(pace *rate.Limiter, keys *aws.CredentialsCache) func(*middleware.Stack) error {
	step := middleware.FinalizeMiddlewareFunc("fedbotPace", func(ctx context.Context, in middleware.FinalizeInput, next middleware.FinalizeHandler) (middleware.FinalizeOutput, middleware.Metadata, error) {
		if err := pace.Wait(ctx); err != nil {
			return middleware.FinalizeOutput{}, middleware.Metadata{}, fmt.Errorf("wait for the account's rate: %w", err)
		}
		a.count(strings.ToLower(awsmiddleware.GetServiceID(ctx)) + ":" + awsmiddleware.GetOperationName(ctx))
		out, meta, err := next.HandleFinalize(ctx, in)
		if keys != nil && hasCode(err, expired...) {
			keys.Invalidate()
		}
		return out, meta, err
	})
	return func(stack *middleware.Stack) error {
		return errors.Join(stack.Finalize.Insert(step, "Retry", middleware.After), answered(stack))
	}
}

func (a *AWS) count(call string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.calls[call]++
}

// home makes sure that base credentials are of the account they are used for.
// In another one, everything would look missing and land in the wrong place.
func (c *client) home(ctx context.Context) error {
	who, err := c.sts.GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil {
		return c.failed("ask who fedbot is", err)
	}
	if got := aws.ToString(who.Account); got != c.ID {
		return &workflows.Fault{
			Say:   fmt.Sprintf("fedbot's credentials for %s belong to account %s.", c.said(), got),
			Cause: errors.New("account has no roles for fedbot and the base credentials are of another"),
		}
	}
	return nil
}

// Reachable reports whether fedbot's writer can sign in to an account.
func (a *AWS) Reachable(ctx context.Context, accountID string) error {
	c, err := a.writer(ctx, accountID, "")
	if err == nil {
		err = c.home(ctx)
	}
	return unreadable(err)
}
