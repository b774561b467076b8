package aws

import "slices"

type userXML struct {
	Path       string
	UserName   string
	UserID     string `xml:"UserId"`
	ARN        string `xml:"Arn"`
	CreateDate string
}

func (u User) xml() userXML {
	return userXML{Path: "/", UserName: u.Name, UserID: u.ID, ARN: u.ARN(), CreateDate: iso(u.Created)}
}

// usersOf are the account's users by name.
func (c *call) usersOf(account string) []User {
	users := slices.DeleteFunc(c.s.users.All(), func(u User) bool { return u.Account != account })
	slices.SortFunc(users, func(a, b User) int { return compareFold(a.Name, b.Name) })
	return users
}

// getUser shows a user, or the caller where no name is given.
func getUser(c *call) (any, error) {
	name := c.caller.name
	switch {
	case c.form.Has("UserName"):
		var err error
		if name, err = c.name("UserName", 128); err != nil {
			return nil, err
		}
	case c.caller.kind != "User":
		return nil, invalid("Must specify userName when calling with non-User credentials")
	}
	users := c.usersOf(c.caller.account)
	i := slices.IndexFunc(users, func(u User) bool { return compareFold(u.Name, name) == 0 })
	if i < 0 {
		return nil, noSuchEntity("The user with name %s cannot be found.", name)
	}
	return struct{ User userXML }{users[i].xml()}, nil
}

func listUsers(c *call) (any, error) {
	prefix, err := c.pathPrefix()
	if err != nil {
		return nil, err
	}
	var out []userXML
	if prefix == "/" { // all users are there
		for _, u := range c.usersOf(c.caller.account) {
			out = append(out, u.xml())
		}
	}
	out, next, err := pageOf(c, out)
	return struct {
		Users *list[userXML]
		page
	}{listOf(out), next}, err
}
