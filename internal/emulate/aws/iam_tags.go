package aws

type tagsResult struct {
	Tags *list[Tag]
	page
}

func tagRole(c *call) (any, error) {
	r, err := c.role()
	if err != nil {
		return nil, err
	}
	if r.Tags, err = mergeTags(r.Tags, c.tags()); err != nil {
		return nil, err
	}
	return nil, c.keep(r)
}

func untagRole(c *call) (any, error) {
	r, err := c.role()
	if err != nil {
		return nil, err
	}
	r.Tags = dropTags(r.Tags, c.members("TagKeys"))
	return nil, c.keep(r)
}

func listRoleTags(c *call) (any, error) {
	r, err := c.readRole()
	if err != nil {
		return nil, err
	}
	tags, p, err := pageOf(c, r.Tags)
	return tagsResult{listOf(tags), p}, err
}

func tagProvider(c *call) (any, error) {
	p, err := c.provider()
	if err != nil {
		return nil, err
	}
	if p.Tags, err = mergeTags(p.Tags, c.tags()); err != nil {
		return nil, err
	}
	return nil, put(c.s, c.s.providers, p.ARN, p)
}

func untagProvider(c *call) (any, error) {
	p, err := c.provider()
	if err != nil {
		return nil, err
	}
	p.Tags = dropTags(p.Tags, c.members("TagKeys"))
	return nil, put(c.s, c.s.providers, p.ARN, p)
}

func listProviderTags(c *call) (any, error) {
	p, err := c.readProvider()
	if err != nil {
		return nil, err
	}
	tags, next, err := pageOf(c, p.Tags)
	return tagsResult{listOf(tags), next}, err
}

func tagPolicy(c *call) (any, error) {
	p, err := c.ownPolicy()
	if err != nil {
		return nil, err
	}
	if p.Tags, err = mergeTags(p.Tags, c.tags()); err != nil {
		return nil, err
	}
	return nil, put(c.s, c.s.policies, p.ARN, p)
}

func untagPolicy(c *call) (any, error) {
	p, err := c.ownPolicy()
	if err != nil {
		return nil, err
	}
	p.Tags = dropTags(p.Tags, c.members("TagKeys"))
	return nil, put(c.s, c.s.policies, p.ARN, p)
}

func listPolicyTags(c *call) (any, error) {
	p, err := c.readPolicy()
	if err != nil {
		return nil, err
	}
	tags, next, err := pageOf(c, p.Tags)
	return tagsResult{listOf(tags), next}, err
}
