package azuredevops

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/microsoft/azure-devops-go-api/azuredevops/v7/identity"

	"fedbot/workflows"
)

// The standings of a person in a project.
const (
	administrator = "administrator" // of the project or of its service connections
	member        = "member"
	noMember      = "none"
	notRead       = "not read"
)

// groupsAtOnce is how many groups are looked up in one call.
const groupsAtOnce = 40

// administering are the groups of a project whose members may administer its
// service connections.
var administering = []string{"Project Administrators", "Endpoint Administrators"}

// MayAsk reports whether the one person with this confirmed mail address is an
// administrator of the project or of its service connections. What cannot be read
// is no.
func (d *DevOps) MayAsk(ctx context.Context, organization, project, email string) (bool, error) {
	n, err := d.lookUp(ctx, organization, project)
	if err != nil || n.projectID == "" {
		return false, err
	}
	o, err := d.org(n.organization)
	if err != nil {
		return false, err
	}
	c, err := o.reader.open(ctx)
	if err != nil {
		return false, err
	}
	var f workflows.AzureFacts
	err = (&survey{d, o, c, n, FactsQuery{Email: email}}).standing(ctx, &f)
	return f.Standing == administrator, err
}

// standing reads what somebody is in the project, by the mail address that the
// directory confirmed. What cannot be read gives no right: "not read".
func (s *survey) standing(ctx context.Context, f *workflows.AzureFacts) error {
	f.Standing = notRead
	if s.q.Email == "" {
		return nil
	}
	groups, known, err := s.groupsOf(ctx, s.q.Email)
	if err != nil {
		return nil // the rules decide what an unread standing is worth
	}
	if !known {
		f.Standing = noMember
		return nil
	}
	standing := noMember
	for start := 0; start < len(groups); start += groupsAtOnce {
		some := strings.Join(groups[start:min(start+groupsAtOnce, len(groups))], ",")
		resolved, err := s.c.identities.ReadIdentities(ctx, identity.ReadIdentitiesArgs{Descriptors: &some})
		if err != nil {
			return nil
		}
		for _, g := range *resolved {
			if !strings.EqualFold(property(g, "LocalScopeId"), s.names.projectID) {
				continue
			}
			_, name, _ := strings.Cut(value(g.ProviderDisplayName), `\`)
			if slices.Contains(administering, name) {
				standing = administrator
			} else if standing == noMember {
				standing = member
			}
		}
	}
	f.Standing = standing
	return nil
}

// groupsOf are the descriptors of all groups that the one active person with this
// address belongs to. Two people with one address are nobody.
func (s *survey) groupsOf(ctx context.Context, email string) (groups []string, known bool, err error) {
	filter, depth := "MailAddress", identity.QueryMembershipValues.Expanded
	people, err := s.c.identities.ReadIdentities(ctx, identity.ReadIdentitiesArgs{SearchFilter: &filter, FilterValue: &email, QueryMembership: &depth})
	if err != nil {
		return nil, false, unread("who asks", err)
	}
	active := slices.DeleteFunc(*people, func(i identity.Identity) bool {
		return !value(i.IsActive) || value(i.IsContainer) || !strings.EqualFold(property(i, "Mail"), email)
	})
	switch len(active) {
	case 0:
		return nil, false, nil
	case 1:
		return slices.DeleteFunc(value(active[0].MemberOf), func(d string) bool { return strings.Contains(d, ",") }), true, nil
	}
	return nil, false, unread("who asks", errors.New("several people have that address"))
}

// property is one of an identity's properties, which come wrapped with their type.
func property(i identity.Identity, name string) string {
	all, _ := i.Properties.(map[string]any)
	wrapped, _ := all[name].(map[string]any)
	text, _ := wrapped["$value"].(string)
	return text
}
