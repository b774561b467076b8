package aws

import "slices"

// Snapshot is all that exists, for a page. It holds no secret.
type Snapshot struct {
	Revision uint64            `json:"revision"`
	Accounts []AccountSnapshot `json:"accounts"`
}

// AccountSnapshot is what exists in one account.
type AccountSnapshot struct {
	ID        string             `json:"id"`
	Alias     string             `json:"alias"`
	Name      string             `json:"name"`
	Kind      string             `json:"kind"`
	Providers []Provider         `json:"providers"`
	Roles     []Role             `json:"roles"`
	Policies  []Policy           `json:"policies"`
	Buckets   []BucketSnapshot   `json:"buckets"`
	Functions []FunctionSnapshot `json:"functions"`
	Tables    []TableSnapshot    `json:"tables"`
}

// BucketSnapshot is a bucket with its keys.
type BucketSnapshot struct {
	Name   string   `json:"name"`
	Region string   `json:"region"`
	Keys   []string `json:"keys"`
}

// FunctionSnapshot is a function without its code.
type FunctionSnapshot struct {
	Name       string `json:"name"`
	Region     string `json:"region"`
	ARN        string `json:"arn"`
	CodeSHA256 string `json:"code_sha256"`
	CodeSize   int    `json:"code_size"`
	Modified   string `json:"modified"`
}

// TableSnapshot is a table with the number of its items.
type TableSnapshot struct {
	Name   string `json:"name"`
	Region string `json:"region"`
	ARN    string `json:"arn"`
	Items  int    `json:"items"`
}

// Snapshot reads everything at one moment, in the order of ids and names.
func (s *Server) Snapshot() Snapshot {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := Snapshot{Revision: s.Revision(), Accounts: []AccountSnapshot{}}
	for _, a := range s.accounts.All() {
		c := &call{s: s, caller: caller{account: a.ID}}
		one := AccountSnapshot{
			ID: a.ID, Alias: a.Alias, Name: a.Name, Kind: a.Kind,
			Providers: s.providers.Of(a.ID), Roles: s.roles.Of(a.ID), Policies: s.policies.Of(a.ID),
			Buckets: []BucketSnapshot{}, Functions: []FunctionSnapshot{}, Tables: []TableSnapshot{},
		}
		for _, b := range s.stores.All() {
			if b.Account == a.ID {
				one.Buckets = append(one.Buckets, BucketSnapshot{b.Name, orRegion(b.Region), c.keysOf(b.Name)})
			}
		}
		for _, f := range s.functions.All() {
			if f.Account == a.ID {
				arn := functionARN(f.Account, f.Region, f.Name)
				one.Functions = append(one.Functions, FunctionSnapshot{f.Name, f.Region, arn, f.codeHash(), len(f.Code), iso(f.Modified)})
			}
		}
		for _, t := range s.tables.All() {
			if t.Account == a.ID {
				one.Tables = append(one.Tables, TableSnapshot{t.Name, t.Region, t.arn(), len(s.itemsOf(t))})
			}
		}
		out.Accounts = append(out.Accounts, one)
	}
	return out
}

func (c *call) keysOf(bucket string) []string {
	keys := []string{}
	for _, o := range c.objectsOf(bucket) {
		keys = append(keys, o.Key)
	}
	slices.Sort(keys)
	return keys
}
