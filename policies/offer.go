package policies

import (
	"strconv"
	"strings"

	"fedbot/workflows"
)

// How the newer version of a template compares with what was approved, besides Wider,
// Narrower and Sideways.
const (
	TheSame  = "the same"
	NotKnown = "unknown"
)

// Offers are the newer versions of the templates that a federation was approved with,
// filled with the values that were approved. Region is the account's; empty means the
// one that the approved policies name.
func (c *Catalogue) Offers(f workflows.Federation, region string) []workflows.Offer {
	if f.Plan == nil || f.State == workflows.Closed {
		return nil
	}
	var out []workflows.Offer
	for _, s := range f.Plan.Steps {
		if s.Policy == nil {
			continue
		}
		name, version, ok := workflows.TemplateOf(s.Policy.Name)
		have, err := strconv.Atoi(version)
		t, known := c.Get(name)
		if !ok || err != nil || !known || t.Version <= have {
			continue
		}
		o := workflows.Offer{Federation: f.ID, Template: name, Have: have, Version: t.Version}
		var params map[string]string
		for _, g := range f.Approved.Grants {
			if g.Template == name {
				params = g.Params
			}
		}
		if document, err := t.Document(params, s.Policy.Account, orRegion(region, *f.Plan)); err != nil {
			o.Change, o.Why = NotKnown, workflows.Said(err)
		} else {
			o.Change, o.Differences = compare(s.Policy.Document, document)
		}
		out = append(out, o)
	}
	return out
}

// compare says whether a document allows more or less than another.
func compare(approved, offered string) (string, []workflows.Difference) {
	forth := Diff("permissions policy", approved, offered)
	if is := Compare(approved, offered).Direction; is != Same {
		return is, forth
	}
	return TheSame, forth
}

// orRegion is a region, or the one that the policies of a plan name. Where none names
// one, none needs it.
func orRegion(region string, plan workflows.Plan) string {
	for _, s := range plan.Steps {
		if region != "" || s.Policy == nil {
			continue
		}
		doc, err := Parse(s.Policy.Document)
		if err != nil {
			continue
		}
		for _, statement := range doc.Statement {
			for _, r := range statement.Resource {
				if part := strings.SplitN(r, ":", arnParts); len(part) == arnParts && region == "" && !strings.ContainsAny(part[3], "*?") {
					region = part[3]
				}
			}
			if pinned := statement.Condition["StringEquals"]["aws:RequestedRegion"]; region == "" && len(pinned) == 1 {
				region = pinned[0]
			}
		}
	}
	return region
}
