// Package aws is an AWS that answers on the wire: IAM, STS, CloudTrail and a
// little of S3, Lambda and DynamoDB, for several accounts that are told apart by
// the credentials of the call, all on one address.
//
// Callers are held to what the real services hold them to. Signatures are
// verified, identity policies, permissions boundaries, session policies and trust
// policies are evaluated by an evaluator of this package's own, tokens of OIDC
// issuers are verified with the keys that the issuer publishes, and names, limits
// and documents are refused as IAM refuses them. A call that is not known is
// refused by its name and never answered with a guess.
//
// What differs from AWS on purpose: every effect is visible at once unless a lag
// is set, CloudTrail has no delay and one trail for all regions, and no quota of
// calls per second exists.
package aws
