package aws

import (
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"
)

// provider is the OIDC provider that the call names, as a write sees it.
func (c *call) provider() (Provider, error) { return c.providerBy(c.s.providers.Get) }

// readProvider is the provider as a read sees it.
func (c *call) readProvider() (Provider, error) { return c.providerBy(c.s.providers.Seen) }

func (c *call) providerBy(look func(string) (Provider, bool)) (Provider, error) {
	arn, err := c.text("OpenIDConnectProviderArn", 20, 2048)
	if err != nil {
		return Provider{}, err
	}
	if !strings.HasPrefix(arn, "arn:aws:iam::") || !strings.Contains(arn, ":oidc-provider/") {
		return Provider{}, refuse(400, "InvalidInput", "Invalid ARN: %s", arn)
	}
	p, ok := look(arn)
	if !ok || p.Account != c.caller.account {
		return Provider{}, noSuchEntity("OpenIDConnect Provider not found for arn %s", arn)
	}
	return p, nil
}

// issuerURL reads the URL of a provider: https, no port, no query.
func (c *call) issuerURL() (string, error) {
	v, err := c.text("Url", 1, 255)
	if err != nil {
		return "", err
	}
	u, err := url.Parse(v)
	if err != nil || u.Scheme != "https" || u.Host == "" || u.Port() != "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
		return "", refuse(400, "InvalidInput", "Invalid Open ID Connect Provider URL")
	}
	return strings.TrimPrefix(v, "https://"), nil
}

func checkClientID(id string) error {
	if n := utf8.RuneCountInString(id); n < 1 || n > 255 {
		return constraint(id, "clientID", "Member must have length between 1 and 255")
	}
	return nil
}

func checkThumbprints(prints []string) error {
	if len(prints) > 5 {
		return refuse(400, "InvalidInput", "Thumbprint list must contain fewer than 5 entries.")
	}
	for _, p := range prints {
		if !thumbprintPattern.MatchString(p) {
			return constraint(p, "thumbprintList", "Member must have length of 40 hexadecimal characters")
		}
	}
	return nil
}

func createProvider(c *call) (any, error) {
	issuer, err := c.issuerURL()
	if err != nil {
		return nil, err
	}
	p := Provider{
		Account: c.caller.account, ARN: providerARN(c.caller.account, issuer), URL: issuer, Created: c.now,
		ClientIDs: c.members("ClientIDList"), Thumbprints: c.members("ThumbprintList"), Tags: c.tags(),
	}
	if len(p.ClientIDs) > quotaClientIDs {
		return nil, limitExceeded("Cannot exceed quota for ClientIdsPerOpenIdConnectProvider: %d", quotaClientIDs)
	}
	for _, id := range p.ClientIDs {
		if err := checkClientID(id); err != nil {
			return nil, err
		}
	}
	if err := checkThumbprints(p.Thumbprints); err != nil {
		return nil, err
	}
	if err := checkTags(p.Tags); err != nil {
		return nil, err
	}
	if _, exists := c.s.providers.Get(p.ARN); exists {
		return nil, refuse(409, "EntityAlreadyExists", "Provider with url https://%s already exists.", issuer)
	}
	if quota := c.quota("OpenIdConnectProvidersPerAccount"); c.s.providers.count[p.Account] >= quota {
		return nil, limitExceeded("Cannot exceed quota for OpenIdConnectProvidersPerAccount: %d", quota)
	}
	return struct {
		ARN  string     `xml:"OpenIDConnectProviderArn"`
		Tags *list[Tag] `xml:"Tags"`
	}{p.ARN, listOf(p.Tags)}, put(c.s, c.s.providers, p.ARN, p)
}

func getProvider(c *call) (any, error) {
	p, err := c.readProvider()
	if err != nil {
		return nil, err
	}
	return struct {
		URL            string `xml:"Url"`
		ClientIDList   *list[string]
		ThumbprintList *list[string]
		CreateDate     string
		Tags           *list[Tag]
	}{p.URL, listOf(p.ClientIDs), listOf(p.Thumbprints), iso(p.Created), listOf(p.Tags)}, nil
}

type arnXML struct {
	ARN string `xml:"Arn"`
}

func listProviders(c *call) (any, error) {
	var out []arnXML
	for _, arn := range c.s.providers.keys[c.caller.account] {
		if p, ok := c.s.providers.Seen(arn); ok {
			out = append(out, arnXML{p.ARN})
		}
	}
	return struct {
		Providers *list[arnXML] `xml:"OpenIDConnectProviderList"`
	}{listOf(out)}, nil
}

func deleteProvider(c *call) (any, error) {
	p, err := c.provider()
	if err != nil {
		return nil, err
	}
	return nil, remove(c.s, c.s.providers, p.ARN)
}

func addClientID(c *call) (any, error) {
	p, err := c.provider()
	if err != nil {
		return nil, err
	}
	id, err := c.text("ClientID", 1, 255)
	if err != nil {
		return nil, err
	}
	if slices.Contains(p.ClientIDs, id) {
		return nil, nil
	}
	if len(p.ClientIDs) >= quotaClientIDs {
		return nil, limitExceeded("Cannot exceed quota for ClientIdsPerOpenIdConnectProvider: %d", quotaClientIDs)
	}
	p.ClientIDs = append(slices.Clone(p.ClientIDs), id)
	return nil, put(c.s, c.s.providers, p.ARN, p)
}

func removeClientID(c *call) (any, error) {
	p, err := c.provider()
	if err != nil {
		return nil, err
	}
	id, err := c.text("ClientID", 1, 255)
	if err != nil {
		return nil, err
	}
	p.ClientIDs = without(p.ClientIDs, id)
	return nil, put(c.s, c.s.providers, p.ARN, p)
}

func updateThumbprint(c *call) (any, error) {
	p, err := c.provider()
	if err != nil {
		return nil, err
	}
	p.Thumbprints = c.members("ThumbprintList")
	if err := checkThumbprints(p.Thumbprints); err != nil {
		return nil, err
	}
	return nil, put(c.s, c.s.providers, p.ARN, p)
}
