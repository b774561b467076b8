package config

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/robfig/cron/v3"
)

// check reports everything that is wrong, at once.
func (c Config) check() error {
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if c.Slack.Team == "" || c.Slack.Channel == "" {
		bad("slack: team and channel are required")
	}
	if len(c.Slack.EmailDomains) == 0 {
		bad("slack.email_domains: the company's domain is required, such as contoso.example; by a confirmed address in it people are found in Azure DevOps")
	}
	for _, d := range c.Slack.EmailDomains {
		if d == "" || strings.ContainsAny(d, "@*/ ") || !strings.Contains(d, ".") {
			bad("slack.email_domains: %q is no domain, such as contoso.example", d)
		}
	}
	if c.Pace.Open < 1 || c.Pace.Presses < 1 {
		bad("pace: open and presses must be at least 1, or nobody could ask")
	}
	secrets := map[string]Secret{"slack.bot_token": c.Slack.BotToken}
	switch c.Slack.Transport {
	case "socket":
		secrets["slack.app_token"] = c.Slack.AppToken
	case "http":
		secrets["slack.signing_secret"] = c.Slack.SigningSecret
	default:
		bad("slack.transport is socket or http, not %q", c.Slack.Transport)
	}
	for what, s := range secrets {
		if s.ref == "" {
			bad("%s: a reference is required, such as env:NAME or file:/path", what)
		}
	}
	for what, u := range c.addresses() {
		if err := CheckAddress(u); err != nil {
			bad("%s: %w", what, err)
		}
	}
	for _, o := range c.AzureDevOps.Organizations {
		if o.Name == "" || o.Token.ref == "" {
			bad("azure_devops.organizations: name and token are required")
		}
		if !slices.ContainsFunc(c.AzureDevOps.Profiles, func(p Profile) bool { return p.Name == o.Profile }) {
			bad("organization %s: there is no issuer profile %q; see azure_devops.profiles", o.Name, o.Profile)
		}
	}
	for _, p := range c.AzureDevOps.Profiles {
		if u, err := url.Parse(p.Issuer); err != nil || u.Scheme != "https" || p.Audience == "" || p.Subject == "" {
			bad("profile %q: an https issuer, an audience and a subject are required", p.Name)
		}
	}
	if len(c.AzureDevOps.Organizations) == 0 || len(c.AWS.Accounts) == 0 {
		bad("at least one organization and one account are required")
	}
	if c.Report.Cron != "" {
		if _, err := cron.ParseStandard(c.Report.Cron); err != nil {
			bad("report.cron: %q is not a cron line such as \"0 7 * * MON\"", c.Report.Cron)
		}
	}
	if _, err := time.LoadLocation(c.Report.TimeZone); err != nil {
		bad("report.time_zone: %q is not known; use a name such as Europe/London", c.Report.TimeZone)
	}
	if c.Store.Path == "" || c.Store.Socket == "" {
		bad("store: path and socket are required")
	}
	p := c.Pace
	if p.Turn < time.Second || p.Poll <= 0 || p.Backoff <= 0 || p.Tries < 1 || p.Lag < 0 || p.Brake < 1 || p.AWSCalls <= 0 || p.AzureDevOpsCalls <= 0 {
		bad("pace: turn must be 1s or longer, poll, backoff and calls positive, tries and brake at least 1")
	}
	for _, d := range c.Approvals.Delegates {
		for what, id := range map[string]string{"for": d.For, "delegate": d.Delegate} {
			if !personID.MatchString(id) {
				bad("approvals.delegates: %s is the id of a person, such as U0000000002 (in Slack: profile, copy member ID), not %q", what, id)
			}
		}
		for what, s := range map[string]string{"from": d.From, "until": d.Until} {
			if day(s, 0).IsZero() {
				bad("approvals.delegates: %s is a day such as 2026-12-21, not %q; no one stands in for ever", what, s)
			}
		}
	}
	if err := c.Rules().Compile(); err != nil {
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// personID is how Slack names people.
var personID = regexp.MustCompile(`^[UW][A-Z0-9]{2,}$`)

func (c Config) addresses() map[string]string {
	out := map[string]string{"slack.api": c.Slack.API}
	if c.AWS.Endpoint != "" {
		out["aws.endpoint"] = c.AWS.Endpoint
	}
	for _, o := range c.AzureDevOps.Organizations {
		out["organization "+o.Name+", url"] = o.URL
	}
	return out
}

// CheckAddress refuses an address over which credentials could be overheard:
// https anywhere, or http on loopback only.
func CheckAddress(address string) error {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return fmt.Errorf("%q is not an address", address)
	}
	if u.Scheme == "https" {
		return nil
	}
	ip := net.ParseIP(u.Hostname())
	if u.Scheme == "http" && (u.Hostname() == "localhost" || ip != nil && ip.IsLoopback()) {
		return nil
	}
	return fmt.Errorf("%q must be https, or http on this computer", address)
}

// Real reports whether the configuration speaks to Slack, AWS and Azure DevOps
// themselves. Where it does not, every screen says NOT REAL.
func (c Config) Real() bool {
	if c.AWS.Endpoint != "" || c.Slack.API != Defaults().Slack.API {
		return false
	}
	for _, o := range c.AzureDevOps.Organizations {
		u, err := url.Parse(o.URL)
		if err != nil || u.Scheme != "https" {
			return false
		}
	}
	return true
}
