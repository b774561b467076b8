package workflows

import "fmt"

// Offer is a newer version of a template that a federation uses in an older one.
// Nothing follows it by itself: somebody has to ask for a change.
type Offer struct {
	Federation FederationID `json:"federation"`
	Template   string       `json:"template"`
	Have       int          `json:"have"`    // version that was approved
	Version    int          `json:"version"` // version there is now
	Change     string       `json:"change"`  // wider, narrower, sideways, the same, or unknown
	Why        string       `json:"why"`     // what cannot be compared; else empty

	Differences []Difference `json:"differences"`
}

// Tell is the offer in one line: "cfn-deploy 3 (4 is available: narrower)".
func (o Offer) Tell() string {
	return fmt.Sprintf("%s %d (%d is available: %s)", o.Template, o.Have, o.Version, o.Change)
}
