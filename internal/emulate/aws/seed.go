package aws

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Seed is what exists when the emulator starts for the first time. Ids, ARNs and
// times may be left out.
type Seed struct {
	Accounts  []Account
	Users     []User // beside each account's administrator
	Providers []Provider
	Policies  []Policy
	Roles     []Role
	Buckets   []Bucket
	Objects   []Object
	Functions []Function
	Tables    []Table

	Organizations []Organization
	Parameters    []Parameter
	Secrets       []Secret
}

// seed adds what is new in the seed. Each object has a marker that outlives it.
func (s *Server) seed(seed Seed) error {
	for _, a := range seed.Accounts {
		if err := s.seedAccount(a); err != nil {
			return err
		}
	}
	for _, u := range seed.Users {
		err := s.once("user/"+u.Account+"/"+u.Name, func() error { return s.seedUser(u) })
		if err != nil {
			return err
		}
	}
	for _, p := range seed.Providers {
		p.URL = strings.TrimPrefix(p.URL, "https://")
		p.ARN = providerARN(p.Account, p.URL)
		if p.Created.IsZero() {
			p.Created = s.now()
		}
		if err := s.once(p.ARN, func() error { return put(s, s.providers, p.ARN, p) }); err != nil {
			return err
		}
	}
	for _, p := range seed.Policies {
		if err := s.seedPolicy(p); err != nil {
			return err
		}
	}
	for _, r := range seed.Roles {
		if err := s.seedRole(r); err != nil {
			return err
		}
	}
	return s.seedData(seed)
}

// once does something unless its marker says that it was done before.
func (s *Server) once(marker string, do func() error) error {
	if _, done := s.seeded.Get(marker); done {
		return nil
	}
	if err := do(); err != nil {
		return fmt.Errorf("seed %s: %w", marker, err)
	}
	return s.seeded.Put(marker, true)
}

func (s *Server) seedAccount(a Account) error {
	return s.once("account/"+a.ID, func() error {
		if !accountID.MatchString(a.ID) {
			return fmt.Errorf("%q is not an account id", a.ID)
		}
		if err := put(s, s.accounts, a.ID, a); err != nil || a.AccessKeyID == "" {
			return err
		}
		return s.seedUser(User{
			Account: a.ID, Name: "administrator", Admin: true,
			AccessKeyID: a.AccessKeyID, SecretAccessKey: a.SecretAccessKey,
		})
	})
}

func (s *Server) seedUser(u User) error {
	for name, text := range u.Inline {
		if _, err := parseIdentityPolicy(text); err != nil {
			return fmt.Errorf("inline policy %s: %w", name, err)
		}
	}
	if u.ID == "" {
		u.ID = newID("AIDA")
	}
	if u.Created.IsZero() {
		u.Created = s.now()
	}
	return put(s, s.users, u.AccessKeyID, u)
}

func (s *Server) seedPolicy(p Policy) error {
	p.Path = orRoot(p.Path)
	p.ARN = policyARN(p.Account, p.Path, p.Name)
	return s.once(p.ARN, func() error {
		if _, err := parseIdentityPolicy(p.Document); err != nil {
			return err
		}
		if p.Created.IsZero() {
			p.Created = s.now()
		}
		p.ID, p.Updated, p.Default = newID("ANPA"), p.Created, "v1"
		p.Versions = []PolicyVersion{{ID: "v1", Document: p.Document, Created: p.Created}}
		return put(s, s.policies, p.ARN, p)
	})
}

func (s *Server) seedRole(r Role) error {
	r.Path = orRoot(r.Path)
	r.ARN = roleARN(r.Account, r.Path, r.Name)
	return s.once(r.ARN, func() error {
		if _, err := parseTrustPolicy(r.Trust); err != nil {
			return fmt.Errorf("trust policy: %w", err)
		}
		for _, name := range slices.Sorted(maps.Keys(r.Inline)) {
			if _, err := parseIdentityPolicy(r.Inline[name]); err != nil {
				return fmt.Errorf("inline policy %s: %w", name, err)
			}
		}
		if r.ID == "" {
			r.ID = newID("AROA")
		}
		if r.Created.IsZero() {
			r.Created = s.now()
		}
		if r.MaxSession == 0 {
			r.MaxSession = 3600
		}
		return put(s, s.roles, roleKey(r.Account, r.Name), r)
	})
}

func (s *Server) seedData(seed Seed) error {
	for _, b := range seed.Buckets {
		b.Created = s.now()
		if err := s.once("bucket/"+b.Name, func() error { return put(s, s.stores, b.Name, b) }); err != nil {
			return err
		}
	}
	for _, o := range seed.Objects {
		o.Modified = s.now()
		key := objectKey(o.Bucket, o.Key)
		if err := s.once("object/"+key, func() error { return put(s, s.objects, key, o) }); err != nil {
			return err
		}
	}
	for _, f := range seed.Functions {
		f.Modified, f.Revision = s.now(), newUUID()
		arn := functionARN(f.Account, f.Region, f.Name)
		if err := s.once(arn, func() error { return put(s, s.functions, arn, f) }); err != nil {
			return err
		}
	}
	if err := s.seedReads(seed); err != nil {
		return err
	}
	for _, t := range seed.Tables {
		rows := t.Items
		t.Created, t.Items = s.now(), nil
		err := s.once(t.arn(), func() error {
			if err := put(s, s.tables, t.arn(), t); err != nil {
				return err
			}
			return s.seedItems(t, rows)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// seedReads seeds what can only be read here.
func (s *Server) seedReads(seed Seed) error {
	for _, o := range seed.Organizations {
		if err := s.once("organization/"+o.ID, func() error { return s.seedOrganization(o) }); err != nil {
			return err
		}
	}
	for _, p := range seed.Parameters {
		if p.Created.IsZero() {
			p.Created = s.now()
		}
		p.Version = max(p.Version, 1)
		p.Type = orText(p.Type, "String")
		if err := s.once(p.arn(), func() error { return put(s, s.parameters, p.arn(), p) }); err != nil {
			return err
		}
	}
	for _, x := range seed.Secrets {
		if err := s.once("secret/"+x.key(), func() error { return s.seedSecret(x) }); err != nil {
			return err
		}
	}
	return nil
}

func (s *Server) seedItems(t Table, rows []json.RawMessage) error {
	for _, raw := range rows {
		row, err := parseItem(raw)
		if err != nil {
			return err
		}
		if err := s.putItem(t, row); err != nil {
			return err
		}
	}
	return nil
}
