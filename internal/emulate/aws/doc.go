// Package aws is an AWS that answers on the wire: IAM, STS and CloudTrail, reads of
// Organizations, Systems Manager's parameters and Secrets Manager, and a little of
// S3, Lambda and DynamoDB, for several accounts that are told apart by the
// credentials of the call, and several regions told apart by its signature, all on
// one address.
//
// Callers are held to what the real services hold them to. Signatures are
// verified, identity policies, permissions boundaries, session policies and trust
// policies are evaluated by an evaluator of this package's own, tokens of OIDC
// issuers are verified with the keys that the issuer publishes, and names, limits
// and documents are refused as IAM refuses them. A call that is not known is
// refused by its name and never answered with a guess.
//
// What happened can be looked up: CloudTrail has every management call, refused or
// not, in the region where AWS has it (IAM and Organizations in us-east-1 alone), and
// reports of what was last accessed count every attempt. Lookups are held to two a
// second for each account and region.
//
// Bad days are switched on with [Server.Switch] while it runs: fresh objects that are
// not seen yet, changes and deletions that are not, a trail that lags, pages that are
// shorter than asked, token buckets, outages of a service in a region or account.
//
// What differs from AWS on purpose: a good day has no lag at all. A sign-in with a
// token is not signed, so it counts for the region that its host names, and on a host
// that names none for us-east-1, as with AWS's global endpoint. Reads stay on the trail
// until there are some thousands, and a restart forgets them. Principals of trust
// policies stay names, where AWS ties them to ids.
package aws
