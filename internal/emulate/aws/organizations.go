package aws

import (
	"encoding/base64"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Organization is an AWS organization. Accounts that are in none get AWS's own
// refusal.
type Organization struct {
	ID         string   `json:"id"`         // o-…
	Root       string   `json:"root"`       // r-…; empty in a seed is made from the id
	Management string   `json:"management"` // the account that may list, and its delegates
	Delegates  []string `json:"delegates,omitempty"`
	Units      []Unit   `json:"units,omitempty"` // a unit comes after its parent
	Members    []Member `json:"members"`         // the management account among them
}

// Unit is an organizational unit.
type Unit struct {
	ID     string `json:"id"` // ou-…
	Name   string `json:"name"`
	Parent string `json:"parent,omitempty"` // a unit's id; empty is the root
	Tags   []Tag  `json:"tags,omitempty"`
}

// Member is an account of an organization. It need not be emulated otherwise.
type Member struct {
	Account   string    `json:"account"`
	Name      string    `json:"name"`
	Email     string    `json:"email,omitempty"`
	Unit      string    `json:"unit,omitempty"` // a unit's id; empty is the root
	Suspended bool      `json:"suspended,omitempty"`
	Joined    time.Time `json:"joined,omitzero"`
	Tags      []Tag     `json:"tags,omitempty"`
}

var (
	organizationID = regexp.MustCompile(`^o-[a-z0-9]{10,32}$`)
	rootID         = regexp.MustCompile(`^r-[0-9a-z]{4,32}$`)
	unitID         = regexp.MustCompile(`^ou-[0-9a-z]{4,32}-[a-z0-9]{8,32}$`)
)

func (s *Server) seedOrganization(o Organization) error {
	if !organizationID.MatchString(o.ID) || !accountID.MatchString(o.Management) {
		return fmt.Errorf("%q is no organization of account %q", o.ID, o.Management)
	}
	if o.Root == "" {
		o.Root = "r-" + o.ID[2:6]
	}
	places := []string{""}
	for _, u := range o.Units {
		if !unitID.MatchString(u.ID) || !slices.Contains(places, u.Parent) {
			return fmt.Errorf("unit %q under %q", u.ID, u.Parent)
		}
		places = append(places, u.ID)
	}
	for i, m := range o.Members {
		if !accountID.MatchString(m.Account) || !slices.Contains(places, m.Unit) {
			return fmt.Errorf("account %q in %q", m.Account, m.Unit)
		}
		if m.Joined.IsZero() {
			o.Members[i].Joined = s.now()
		}
	}
	if o.member(o.Management) == nil {
		return fmt.Errorf("the management account %s is no member", o.Management)
	}
	return put(s, s.organizations, o.ID, o)
}

func (o Organization) member(account string) *Member {
	if i := slices.IndexFunc(o.Members, func(m Member) bool { return m.Account == account }); i >= 0 {
		return &o.Members[i]
	}
	return nil
}

func (o Organization) unit(id string) *Unit {
	if i := slices.IndexFunc(o.Units, func(u Unit) bool { return u.ID == id }); i >= 0 {
		return &o.Units[i]
	}
	return nil
}

func (o Organization) arn(kind, id string) string {
	return "arn:aws:organizations::" + o.Management + ":" + kind + "/" + o.ID + "/" + id
}

// place is what a parent is called: a unit, or the root.
func (o Organization) place(unit string) (kind, id string) {
	if unit == "" {
		return "ROOT", o.Root
	}
	return "ORGANIZATIONAL_UNIT", unit
}

func organizationsService() service {
	return jsonService("AWSOrganizationsV20161128", map[string]jsonOperation{
		"DescribeOrganization": describeOrganization, "ListRoots": listRoots,
		"ListAccounts": listAccounts, "DescribeAccount": describeAccount, "ListAccountsForParent": listAccountsForParent,
		"DescribeOrganizationalUnit": describeUnit, "ListOrganizationalUnitsForParent": listUnitsForParent,
		"ListParents": listParents, "ListChildren": listChildren, "ListTagsForResource": listOrganizationTags,
	})
}

// organization is the caller's, if it may make this call: any member may describe
// it, the rest is for the management account and its delegates.
func (c *call) organization(resource func(Organization) string) (Organization, error) {
	for _, o := range c.s.organizations.All() {
		if o.member(c.caller.account) == nil {
			continue
		}
		t := target{action: "organizations:" + c.operation, resource: "*"}
		if resource != nil {
			t.resource = resource(o)
		}
		if err := c.authorise(t); err != nil {
			return o, err
		}
		if c.operation != "DescribeOrganization" && c.caller.account != o.Management && !slices.Contains(o.Delegates, c.caller.account) {
			return o, refuse(400, "AccessDeniedException", "You don't have permissions to access this resource.")
		}
		return o, nil
	}
	if err := c.authorise(target{action: "organizations:" + c.operation, resource: "*"}); err != nil {
		return Organization{}, err
	}
	return Organization{}, refuse(400, "AWSOrganizationsNotInUseException", "Your account is not a member of an organization.")
}

// pageInput is how lists of Organizations are cut; some know no size.
type pageInput struct {
	MaxResults *int
	NextToken  string
}

// slice cuts a list as the input says. Pages of Organizations hold 20 at most.
func slice[T any](in pageInput, most int, all []T) (part []T, next string, err error) {
	size, from := most, 0
	if n := in.MaxResults; n != nil {
		if size = *n; size < 1 || size > most {
			return nil, "", refuse(400, "InvalidInputException", "You specified an invalid value for MaxResults: it must be between 1 and %d.", most)
		}
	}
	if in.NextToken != "" {
		raw, err := base64.StdEncoding.DecodeString(in.NextToken)
		if err == nil {
			from, err = strconv.Atoi(strings.TrimPrefix(string(raw), "from "))
		}
		if err != nil || from < 0 {
			return nil, "", refuse(400, "InvalidInputException", "You provided an invalid NextToken.")
		}
	}
	from = min(from, len(all))
	to := min(from+size, len(all))
	if to < len(all) {
		next = base64.StdEncoding.EncodeToString([]byte("from " + strconv.Itoa(to)))
	}
	return slices.Clone(all[from:to]), next, nil
}
