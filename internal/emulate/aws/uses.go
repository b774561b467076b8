package aws

import "strings"

// uses counts the entities of an account that have a managed policy.
type uses struct{ attached, boundaries int }

func (s *Server) usesOf(account, arn string) *uses {
	key := account + "/" + arn
	if s.uses[key] == nil {
		s.uses[key] = &uses{}
	}
	return s.uses[key]
}

// countRole keeps the count right when a role comes, changes or goes.
func (s *Server) countRole(before, after *Role) {
	count := func(r *Role, by int) {
		if r == nil {
			return
		}
		for _, arn := range r.Attached {
			s.usesOf(r.Account, arn).attached += by
		}
		if r.Boundary != "" {
			s.usesOf(r.Account, r.Boundary).boundaries += by
		}
	}
	count(before, -1)
	count(after, 1)
}

// namePolicy keeps the names of the accounts' policies, which are unique ignoring
// case and whatever their path.
func (s *Server) namePolicy(before, after *Policy) {
	if before != nil {
		delete(s.policyNames, policyName(before.Account, before.Name))
	}
	if after != nil {
		s.policyNames[policyName(after.Account, after.Name)] = after.Name
	}
}

func policyName(account, name string) string { return account + "/" + strings.ToLower(name) }
