package aws

import (
	"slices"
	"strings"
)

type policyTypeJSON struct{ Type, Status string }

type memberJSON struct {
	ID              string `json:"Id"`
	ARN             string `json:"Arn"`
	Email           string
	Name            string
	Status          string
	State           string
	JoinedMethod    string
	JoinedTimestamp float64
}

func (o Organization) memberJSON(m Member) memberJSON {
	out := memberJSON{
		ID: m.Account, ARN: o.arn("account", m.Account), Email: m.Email, Name: m.Name, Status: "ACTIVE", State: "ACTIVE",
		JoinedMethod: "CREATED", JoinedTimestamp: unix(m.Joined),
	}
	if m.Email == "" {
		out.Email = m.Account + "@accounts.example"
	}
	if m.Suspended {
		out.Status, out.State = "SUSPENDED", "SUSPENDED"
	}
	if m.Account == o.Management {
		out.JoinedMethod = "INVITED"
	}
	return out
}

type unitJSON struct {
	ID   string `json:"Id"`
	ARN  string `json:"Arn"`
	Name string
}

func (o Organization) unitJSON(u Unit) unitJSON {
	return unitJSON{ID: u.ID, ARN: o.arn("ou", u.ID), Name: u.Name}
}

func describeOrganization(c *call) (any, error) {
	if err := c.input(&struct{}{}); err != nil {
		return nil, err
	}
	o, err := c.organization(nil)
	if err != nil {
		return nil, err
	}
	master := o.memberJSON(*o.member(o.Management))
	return map[string]any{"Organization": map[string]any{
		"Id": o.ID, "Arn": "arn:aws:organizations::" + o.Management + ":organization/" + o.ID, "FeatureSet": "ALL",
		"MasterAccountId": o.Management, "MasterAccountArn": master.ARN, "MasterAccountEmail": master.Email,
		"AvailablePolicyTypes": []policyTypeJSON{{"SERVICE_CONTROL_POLICY", "ENABLED"}},
	}}, nil
}

func listRoots(c *call) (any, error) {
	var in pageInput
	if err := c.input(&in); err != nil {
		return nil, err
	}
	o, err := c.organization(nil)
	if err != nil {
		return nil, err
	}
	root := map[string]any{"Id": o.Root, "Arn": o.arn("root", o.Root), "Name": "Root", "PolicyTypes": []policyTypeJSON{}}
	return map[string]any{"Roots": []any{root}}, nil
}

// listed is one page of a list under its name.
func listed[T any](in pageInput, name string, all []T) (any, error) {
	part, next, err := slice(in, 20, all)
	if err != nil {
		return nil, err
	}
	out := map[string]any{name: part}
	if next != "" {
		out["NextToken"] = next
	}
	return out, nil
}

func (o Organization) membersIn(keep func(Member) bool) []memberJSON {
	out := []memberJSON{}
	for _, m := range o.Members {
		if keep(m) {
			out = append(out, o.memberJSON(m))
		}
	}
	return out
}

func listAccounts(c *call) (any, error) {
	var in pageInput
	if err := c.input(&in); err != nil {
		return nil, err
	}
	o, err := c.organization(nil)
	if err != nil {
		return nil, err
	}
	return listed(in, "Accounts", o.membersIn(func(Member) bool { return true }))
}

func describeAccount(c *call) (any, error) {
	var in struct {
		AccountID string `json:"AccountId"`
	}
	if err := c.input(&in); err != nil {
		return nil, err
	}
	if !accountID.MatchString(in.AccountID) {
		return nil, refuse(400, "InvalidInputException", "You provided a value that does not match the required pattern.")
	}
	o, err := c.organization(func(o Organization) string { return o.arn("account", in.AccountID) })
	if err != nil {
		return nil, err
	}
	m := o.member(in.AccountID)
	if m == nil {
		return nil, refuse(400, "AccountNotFoundException", "You specified an account that doesn't exist.")
	}
	return map[string]any{"Account": o.memberJSON(*m)}, nil
}

type parentInput struct {
	ParentID string `json:"ParentId"`
	pageInput
}

// parent is the unit that a call names as a parent: empty is the root.
func (c *call) parent(id string) (o Organization, unit string, err error) {
	if !rootID.MatchString(id) && !unitID.MatchString(id) {
		return o, "", refuse(400, "InvalidInputException", "You provided a value that does not match the required pattern.")
	}
	o, err = c.organization(func(o Organization) string {
		if id == o.Root {
			return o.arn("root", id)
		}
		return o.arn("ou", id)
	})
	switch {
	case err != nil:
	case id == o.Root:
	case o.unit(id) == nil:
		err = refuse(400, "ParentNotFoundException", "You specified parent that doesn't exist.")
	default:
		unit = id
	}
	return o, unit, err
}

func listAccountsForParent(c *call) (any, error) {
	var in parentInput
	if err := c.input(&in); err != nil {
		return nil, err
	}
	o, unit, err := c.parent(in.ParentID)
	if err != nil {
		return nil, err
	}
	return listed(in.pageInput, "Accounts", o.membersIn(func(m Member) bool { return m.Unit == unit }))
}

func listUnitsForParent(c *call) (any, error) {
	var in parentInput
	if err := c.input(&in); err != nil {
		return nil, err
	}
	o, unit, err := c.parent(in.ParentID)
	if err != nil {
		return nil, err
	}
	out := []unitJSON{}
	for _, u := range o.Units {
		if u.Parent == unit {
			out = append(out, o.unitJSON(u))
		}
	}
	return listed(in.pageInput, "OrganizationalUnits", out)
}

func describeUnit(c *call) (any, error) {
	var in struct {
		ID string `json:"OrganizationalUnitId"`
	}
	if err := c.input(&in); err != nil {
		return nil, err
	}
	if !unitID.MatchString(in.ID) {
		return nil, refuse(400, "InvalidInputException", "You provided a value that does not match the required pattern.")
	}
	o, err := c.organization(func(o Organization) string { return o.arn("ou", in.ID) })
	if err != nil {
		return nil, err
	}
	u := o.unit(in.ID)
	if u == nil {
		return nil, refuse(400, "OrganizationalUnitNotFoundException", "You specified an organizational unit that doesn't exist.")
	}
	return map[string]any{"OrganizationalUnit": o.unitJSON(*u)}, nil
}

type placeJSON struct {
	ID   string `json:"Id"`
	Type string
}

func listParents(c *call) (any, error) {
	var in struct {
		ChildID string `json:"ChildId"`
		pageInput
	}
	if err := c.input(&in); err != nil {
		return nil, err
	}
	if !accountID.MatchString(in.ChildID) && !unitID.MatchString(in.ChildID) {
		return nil, refuse(400, "InvalidInputException", "You provided a value that does not match the required pattern.")
	}
	kind := "account"
	if strings.HasPrefix(in.ChildID, "ou-") {
		kind = "ou"
	}
	o, err := c.organization(func(o Organization) string { return o.arn(kind, in.ChildID) })
	if err != nil {
		return nil, err
	}
	above := ""
	if u := o.unit(in.ChildID); u != nil {
		above = u.Parent
	} else if m := o.member(in.ChildID); m != nil {
		above = m.Unit
	} else {
		return nil, refuse(400, "ChildNotFoundException", "You specified a child that doesn't exist.")
	}
	place, id := o.place(above)
	return map[string]any{"Parents": []placeJSON{{id, place}}}, nil
}

func listChildren(c *call) (any, error) {
	var in struct {
		parentInput
		ChildType string
	}
	if err := c.input(&in); err != nil {
		return nil, err
	}
	if !slices.Contains([]string{"ACCOUNT", "ORGANIZATIONAL_UNIT"}, in.ChildType) {
		return nil, refuse(400, "InvalidInputException", "You provided a value for ChildType that is not valid.")
	}
	o, unit, err := c.parent(in.ParentID)
	if err != nil {
		return nil, err
	}
	out := []placeJSON{}
	for _, m := range o.Members {
		if in.ChildType == "ACCOUNT" && m.Unit == unit {
			out = append(out, placeJSON{m.Account, in.ChildType})
		}
	}
	for _, u := range o.Units {
		if in.ChildType != "ACCOUNT" && u.Parent == unit {
			out = append(out, placeJSON{u.ID, in.ChildType})
		}
	}
	return listed(in.pageInput, "Children", out)
}

func listOrganizationTags(c *call) (any, error) {
	var in struct {
		ResourceID string `json:"ResourceId"`
		NextToken  string
	}
	if err := c.input(&in); err != nil {
		return nil, err
	}
	kind := "account"
	switch {
	case unitID.MatchString(in.ResourceID):
		kind = "ou"
	case rootID.MatchString(in.ResourceID):
		kind = "root"
	case !accountID.MatchString(in.ResourceID):
		return nil, refuse(400, "InvalidInputException", "You provided a value that does not match the required pattern.")
	}
	o, err := c.organization(func(o Organization) string { return o.arn(kind, in.ResourceID) })
	if err != nil {
		return nil, err
	}
	tags := []Tag{}
	if m := o.member(in.ResourceID); m != nil {
		tags = append(tags, m.Tags...)
	} else if u := o.unit(in.ResourceID); u != nil {
		tags = append(tags, u.Tags...)
	} else if in.ResourceID != o.Root {
		return nil, refuse(400, "TargetNotFoundException", "You specified a target that doesn't exist.")
	}
	out := []map[string]string{}
	for _, t := range tags {
		out = append(out, map[string]string{"Key": t.Key, "Value": t.Value})
	}
	return listed(pageInput{NextToken: in.NextToken}, "Tags", out)
}
