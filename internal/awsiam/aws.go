// Package awsiam makes, removes and looks at the AWS half of a federation: the
// OIDC provider, the role, its inline policies and the hold. It also reads the
// facts about an account that a plan stands on.
//
// It is the only room that knows IAM and STS. Errors leave it as
// *workflows.Fault; no object under our name is touched before it was shown to
// be ours by its id or by our mark.
package awsiam

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"golang.org/x/time/rate"

	"fedbot/workflows"
)

// Account is one AWS account with the roles that fedbot has there.
type Account struct {
	ID            string // 12 digits
	Name          string // for sentences
	Region        string // whose STS is asked, and whose partition the account is in
	WriterRoleARN string // assumed to change things; empty: the base credentials are of this account
	ReaderRoleARN string // assumed to look at things; empty: the base credentials are of this account
	ExternalID    string // given when either is assumed; empty: none
	Boundary      string // name of the permissions boundary under workflows.RolePath
}

// Options say whom to call and as whom.
type Options struct {
	Config     aws.Config // with fedbot's own credentials
	Endpoint   string     // of all services; empty: AWS's own
	Accounts   []Account
	Now        func() time.Time
	Lag        time.Duration  // how long "there is no such thing" may be IAM's lag; 0: 10 seconds
	HTTPClient aws.HTTPClient // nil: the SDK's
	PerSecond  float64        // calls per account, with bursts of 10; 0: 5
}

// AWS is the workflows.Stepper of System workflows.AWS. It is safe for
// concurrent use.
type AWS struct {
	config   aws.Config
	endpoint string
	now      func() time.Time
	lag      time.Duration
	accounts map[string]Account
	pace     map[string]*rate.Limiter // by account id
	trails   map[string]*rate.Limiter // the same, of CloudTrail

	mu      sync.Mutex
	calls   map[string]int
	clients map[session]*client
}

var (
	_ workflows.Stepper   = (*AWS)(nil)
	_ workflows.Historian = (*AWS)(nil)
)

const (
	defaultLag       = 10 * time.Second
	defaultPerSecond = 5
	burst            = 10
)

// New checks the options, all mistakes at once, and calls nobody.
func New(o Options) (*AWS, error) {
	a := &AWS{
		config: o.Config, endpoint: o.Endpoint, now: o.Now, lag: o.Lag,
		accounts: map[string]Account{}, pace: map[string]*rate.Limiter{}, trails: map[string]*rate.Limiter{},
		calls: map[string]int{}, clients: map[session]*client{},
	}
	if a.lag == 0 {
		a.lag = defaultLag
	}
	if o.PerSecond == 0 {
		o.PerSecond = defaultPerSecond
	}
	if o.HTTPClient != nil {
		a.config.HTTPClient = o.HTTPClient
	}
	if a.config.HTTPClient == nil {
		a.config.HTTPClient = awshttp.NewBuildableClient() // one pool of connections for all accounts
	}
	var mistakes []error
	if o.Now == nil {
		mistakes = append(mistakes, errors.New("no clock"))
	}
	for _, acc := range o.Accounts {
		if _, twice := a.accounts[acc.ID]; twice {
			mistakes = append(mistakes, fmt.Errorf("account %s: is there twice", acc.ID))
		}
		mistakes = append(mistakes, acc.check()...)
		a.accounts[acc.ID] = acc
		a.pace[acc.ID] = rate.NewLimiter(rate.Limit(o.PerSecond), burst)
		a.trails[acc.ID] = rate.NewLimiter(trailRate, trailRate)
	}
	if len(mistakes) > 0 {
		return nil, fmt.Errorf("set up AWS: %w", errors.Join(mistakes...))
	}
	return a, nil
}

var (
	accountID = regexp.MustCompile(`^[0-9]{12}$`)
	roleARN   = regexp.MustCompile(`^arn:(aws|aws-cn|aws-us-gov):iam::([0-9]{12}):role/[!-~]+$`)
)

// check refuses roles of another account: what fedbot makes would land there.
func (acc Account) check() []error {
	var mistakes []error
	if !accountID.MatchString(acc.ID) {
		mistakes = append(mistakes, fmt.Errorf("account %q: an account id has 12 digits", acc.ID))
	}
	for _, arn := range []string{acc.WriterRoleARN, acc.ReaderRoleARN} {
		if arn == "" {
			continue
		}
		parts := roleARN.FindStringSubmatch(arn)
		if parts == nil || parts[2] != acc.ID {
			mistakes = append(mistakes, fmt.Errorf("account %s: %q is not the ARN of a role in it", acc.ID, arn))
		}
	}
	return mistakes
}

// said is how people call the account.
func (acc Account) said() string {
	if acc.Name == "" {
		return acc.ID
	}
	return acc.Name
}

// Calls returns how many calls were made so far, retries included, by operation:
// "iam:CreateRole".
func (a *AWS) Calls() map[string]int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return maps.Clone(a.calls)
}
