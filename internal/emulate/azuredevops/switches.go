package azuredevops

import (
	"fmt"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Lag is how long the service goes on with something after it has answered.
type Lag struct {
	Create time.Duration // a new connection or project is not ready before
	Delete time.Duration // a deleted connection is still seen, being deleted
	Permit time.Duration // a change of pipeline permissions is not seen by readers and runs before
}

// RateLimit is how much one identity may do. The service counts units of its own
// (TSTUs); here a call is one unit.
type RateLimit struct {
	Units      int           // calls in a sliding window of five minutes; zero: as many as one likes
	RetryAfter time.Duration // sent as Retry-After with every answer, good ones too, whatever Units says; zero: not sent
}

const (
	rateWindow = 5 * time.Minute
	nearLimit  = 5 // the last fifth of the units comes with a warning
)

// weather is what can be switched while the emulator runs. Like faults it is not
// journaled: a restart brings fine weather, or what Options say.
type weather struct {
	lag     Lag
	limit   RateLimit
	signIn  bool
	failing string                 // connections made now end like this; empty: well
	stale   map[string]stale       // what is still seen of permissions that were changed, by their keys
	areas   bool                   // the list of resource areas is not empty
	silent  []string               // names of queues that no agent answers in any project; "*": all
	spent   map[string][]time.Time // calls of the last five minutes by identity
}

type stale struct {
	was   permission
	until time.Time
}

// SetLag makes creating and deleting take their time from now on. What is being made
// keeps its moment, and so does a changed permission; what is being deleted takes the new time.
func (s *Server) SetLag(l Lag) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.weather.lag = l
	s.revision.Add(1)
}

// SetRateLimit limits every identity from now on, its last five minutes forgotten.
func (s *Server) SetRateLimit(l RateLimit) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.weather.limit, s.weather.spent = l, nil
}

// SetSignInPage answers every call, whatever its token, with the page on which people
// sign in and a status of success, as the service does when it does not know a token.
func (s *Server) SetSignInPage(on bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.weather.signIn = on
}

// SetCreationFails lets connections that are made from now on fail with a message,
// after the lag: their operationStatus says so. An empty message lets them succeed.
func (s *Server) SetCreationFails(message string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.weather.failing = message
}

// SetPool lets the agents of one queue in a project answer or be silent: jobs that wait
// for a silent one wait until it answers. Unlike the other switches it is journaled.
func (s *Server) SetPool(org, projectName, queueName string, silent bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, p, err := s.place(org, projectName)
	if err != nil {
		return fmt.Errorf("set pool: %w", err)
	}
	q, ok := s.queueNamed(p.ID, queueName)
	if !ok {
		return fmt.Errorf("set pool: no queue %q in %s", queueName, p.Name)
	}
	q.Offline = silent
	return s.saved(s.queues.Put(q.Project+"/"+number(q.ID), q))
}

// SetSilentPools silences the queues of these names in all projects, "*" all of them;
// those that are not named answer again, unless SetPool or the seed silenced them.
func (s *Server) SetSilentPools(names ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.weather.silent = slices.Clone(names)
	s.revision.Add(1)
}

func (s *Server) silent(q queue) bool {
	return q.Offline || slices.ContainsFunc(s.weather.silent, func(name string) bool { return name == "*" || strings.EqualFold(name, q.Name) })
}

// charge counts a call against the limit of who makes it. Near the limit a good answer
// says how long to wait as well; beyond it there is no other answer.
func (s *Server) charge(c *call) *fault {
	l := s.weather.limit
	if l.RetryAfter > 0 {
		c.header.Set("Retry-After", seconds(l.RetryAfter))
	}
	if l.Units <= 0 {
		return nil
	}
	now := s.o.Now()
	spent := slices.DeleteFunc(slices.Clone(s.weather.spent[c.who.ID]), func(t time.Time) bool { return now.Sub(t) >= rateWindow })
	over := len(spent) >= l.Units
	if !over {
		spent = append(spent, now)
	}
	if s.weather.spent == nil {
		s.weather.spent = map[string][]time.Time{}
	}
	s.weather.spent[c.who.ID] = spent
	left := l.Units - len(spent)
	if !over && left > l.Units/nearLimit {
		return nil
	}
	c.header.Set("Retry-After", seconds(max(spent[0].Add(rateWindow).Sub(now), l.RetryAfter)))
	c.header.Set("X-RateLimit-Resource", "AzureDevOps/RequestCount")
	c.header.Set("X-RateLimit-Limit", strconv.Itoa(l.Units))
	c.header.Set("X-RateLimit-Remaining", strconv.Itoa(left))
	c.header.Set("X-RateLimit-Reset", strconv.FormatInt(spent[len(spent)-1].Add(rateWindow).Unix(), 10))
	if !over {
		return nil
	}
	return refuse(http.StatusTooManyRequests, "RequestBlockedException", "TF400733: The request has been canceled: Request was blocked due to exceeding usage of resource 'RequestCount' in namespace 'User'.")
}

// seconds rounds up: nobody may come back too early.
func seconds(d time.Duration) string { return strconv.Itoa(int(math.Ceil(d.Seconds()))) }

// SetToolkit changes the version of the AWS Toolkit in an organization, as the
// marketplace or an administrator would; an empty version uninstalls it.
func (s *Server) SetToolkit(org, version string) error { return s.setToolkit(org, version, "") }

// SetToolkitState says how the installed toolkit is: a list of flags, such as "disabled"
// or "needsReauthorization, warning"; empty or "none" is well.
func (s *Server) SetToolkitState(org, flags string) error {
	s.mu.Lock()
	o, ok := s.organization(org)
	s.mu.Unlock()
	if !ok || o.Toolkit == "" {
		return fmt.Errorf("set toolkit state: no organization %q with a toolkit", org)
	}
	return s.setToolkit(org, o.Toolkit, flags)
}

func (s *Server) setToolkit(org, version, flags string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	o, ok := s.organization(org)
	if !ok {
		return fmt.Errorf("set toolkit: no organization %q", org)
	}
	o.Toolkit, o.ToolkitFlags = version, flags
	return s.saved(s.orgs.Put(o.ID, o))
}

// SetTenant lets jobs of an organization get their connections' tokens from the issuer
// of an Entra tenant (a GUID), or, with an empty one, from vstoken again.
func (s *Server) SetTenant(org, tenant string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	o, ok := s.organization(org)
	if !ok {
		return fmt.Errorf("set tenant: no organization %q", org)
	}
	if tenant = strings.ToLower(tenant); tenant != "" && !guid.MatchString(tenant) {
		return fmt.Errorf("set tenant: %q is no GUID", tenant)
	}
	o.Tenant = tenant
	return s.saved(s.orgs.Put(o.ID, o))
}

// RenameOrganization gives an organization another name. Its id and issuer stay, the
// subjects of its tokens change, and the old name means nothing any more.
func (s *Server) RenameOrganization(org, name string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	o, ok := s.organization(org)
	if !ok {
		return fmt.Errorf("rename organization: no organization %q", org)
	}
	if err := checkOrganizationName(name); err != nil {
		return fmt.Errorf("rename organization to %q: the name %w", name, err)
	}
	if other, taken := s.organization(name); taken && other.ID != o.ID {
		return fmt.Errorf("rename organization: %q exists", name)
	}
	before := o.Name
	o.Name = name
	return s.saved(s.orgs.Put(o.ID, o), s.auditAs(o.ID, "", project{}, "Organization.Update.Rename", "Organization "+before+" is now "+name, object{"PreviousName": before}))
}
