package aws

import "errors"

const (
	badToken     = "The security token included in the request is invalid."
	badSignature = "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details."
)

// The codes in which each family of services refuses a caller it cannot believe.
var (
	queryDoubts = map[doubt]refusal{
		notSigned:           {403, "MissingAuthenticationToken", "Request is missing Authentication Token"},
		signatureIncomplete: {400, "IncompleteSignature", "The request signature does not conform to AWS standards."},
		keyUnknown:          {403, "InvalidClientTokenId", badToken},
		signatureWrong:      {403, "SignatureDoesNotMatch", badSignature},
		signatureTooOld:     {403, "SignatureDoesNotMatch", ""},
		signatureTooNew:     {403, "SignatureDoesNotMatch", ""},
		tokenExpired:        {403, "ExpiredToken", "The security token included in the request is expired"},
		contentChanged:      {403, "SignatureDoesNotMatch", badSignature},
	}
	jsonDoubts = map[doubt]refusal{
		notSigned:           {400, "MissingAuthenticationTokenException", "Request is missing Authentication Token"},
		signatureIncomplete: {400, "IncompleteSignatureException", "The request signature does not conform to AWS standards."},
		keyUnknown:          {400, "UnrecognizedClientException", badToken},
		signatureWrong:      {400, "InvalidSignatureException", badSignature},
		signatureTooOld:     {400, "InvalidSignatureException", ""},
		signatureTooNew:     {400, "InvalidSignatureException", ""},
		tokenExpired:        {400, "ExpiredTokenException", "The security token included in the request is expired"},
		contentChanged:      {400, "InvalidSignatureException", badSignature},
	}
	lambdaDoubts = map[doubt]refusal{
		notSigned:           {403, "MissingAuthenticationTokenException", "Missing Authentication Token"},
		signatureIncomplete: {403, "IncompleteSignatureException", "The request signature does not conform to AWS standards."},
		keyUnknown:          {403, "UnrecognizedClientException", badToken},
		signatureWrong:      {403, "InvalidSignatureException", badSignature},
		signatureTooOld:     {403, "InvalidSignatureException", ""},
		signatureTooNew:     {403, "InvalidSignatureException", ""},
		tokenExpired:        {403, "ExpiredTokenException", "The security token included in the request is expired"},
		contentChanged:      {403, "InvalidSignatureException", badSignature},
	}
	s3Doubts = map[doubt]refusal{
		notSigned:           {403, "AccessDenied", "Access Denied"},
		signatureIncomplete: {400, "AuthorizationHeaderMalformed", "The authorization header that you provided is not valid."},
		keyUnknown:          {403, "InvalidAccessKeyId", "The AWS Access Key Id you provided does not exist in our records."},
		signatureWrong:      {403, "SignatureDoesNotMatch", "The request signature we calculated does not match the signature you provided. Check your key and signing method."},
		signatureTooOld:     {403, "RequestTimeTooSkewed", "The difference between the request time and the current time is too large."},
		signatureTooNew:     {403, "RequestTimeTooSkewed", "The difference between the request time and the current time is too large."},
		tokenExpired:        {400, "ExpiredToken", "The provided token has expired."},
		contentChanged:      {400, "XAmzContentSHA256Mismatch", "The provided 'x-amz-content-sha256' header does not match what was computed."},
	}
)

// believe authenticates the caller, and refuses in the service's own codes.
func (c *call) believe() error {
	err := c.authenticate()
	var d *doubtful
	if err == nil {
		return c.admit(c.caller.account)
	}
	if !errors.As(err, &d) {
		return err
	}
	no := c.s.services[c.service].errors[d.doubt]
	if no.message == "" || d.message != "" && c.service != "s3" {
		no.message = d.message
	}
	return &no
}
