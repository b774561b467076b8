package workflows

import "strings"

const seenPrefix = "seen/"

// ConnectionClaim is the key that makes a connection's name unique among living
// federations. Azure DevOps compares names without case, and so do we.
func ConnectionClaim(organizationID, projectID, name string) string {
	return "connection/" + organizationID + "/" + projectID + "/" + strings.ToLower(name)
}

// RoleClaim is the same for a role; IAM compares names without case.
func RoleClaim(account, name string) string {
	return "role/" + account + "/" + strings.ToLower(name)
}

// SeenClaim is held for ever by a delivery that was decided.
func SeenClaim(delivery string) string { return seenPrefix + delivery }

// IsSeenClaim tells claims that are never given back.
func IsSeenClaim(claim string) bool { return strings.HasPrefix(claim, seenPrefix) }

// seen is the claim of a delivery, if there was one.
func seen(delivery string) []string {
	if delivery == "" {
		return nil
	}
	return []string{SeenClaim(delivery)}
}
