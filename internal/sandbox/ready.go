package sandbox

import (
	"encoding/json"
	"fmt"
)

// Ready is what --ready writes when everything answers: all that an outsider needs
// to do everything that the page does. It is a contract.
type Ready struct {
	Page    string `json:"page"`
	Console string `json:"console"`
	Faults  string `json:"faults"` // the control API of all three systems
	Fedbot  struct {
		URL       string `json:"url"`
		Transport string `json:"transport"`
		Socket    string `json:"socket"`
		Config    string `json:"config"`
	} `json:"fedbot"`
	Slack struct {
		API           string   `json:"api"`
		SigningSecret string   `json:"signing_secret"`
		BotToken      string   `json:"bot_token"`
		ObserverToken string   `json:"observer_token"`
		AppToken      string   `json:"app_token"`
		Team          string   `json:"team"`
		Channel       string   `json:"channel"`
		People        []Person `json:"people"`
	} `json:"slack"`
	AzureDevOps struct {
		URL            string         `json:"url"`
		Token          string         `json:"token"`
		Organization   string         `json:"organization"`
		OrganizationID string         `json:"organization_id"`
		Projects       []ReadyProject `json:"projects"`
		TokenIssuer    string         `json:"token_issuer"`
	} `json:"azure_devops"`
	AWS struct {
		Endpoint string         `json:"endpoint"`
		Region   string         `json:"region"`
		Accounts []ReadyAccount `json:"accounts"`
	} `json:"aws"`
}

// ReadyProject is a project by name and id.
type ReadyProject struct {
	Name string `json:"name"`
	ID   string `json:"id"`
}

// ReadyAccount is an account with an administrator's keys.
type ReadyAccount struct {
	ID              string `json:"id"`
	Alias           string `json:"alias"`
	AccessKeyID     string `json:"access_key_id"`
	SecretAccessKey string `json:"secret_access_key"`
}

// Ready describes the running sandbox.
func (s *Sandbox) Ready() Ready {
	var r Ready
	r.Page = s.url(s.ports.Page) + "/"
	r.Faults = r.Page + "api/faults"
	r.Fedbot.URL, r.Fedbot.Transport = s.url(s.ports.Fedbot), "http"
	if s.o.Sockets {
		r.Fedbot.Transport = "socket"
	}
	r.Fedbot.Socket, r.Fedbot.Config = s.file("fedbot.sock"), s.file("fedbot.yaml")
	r.Slack.API, r.Slack.SigningSecret = s.url(s.ports.Slack)+"/api/", s.secrets.SlackSigning
	r.Slack.BotToken, r.Slack.ObserverToken, r.Slack.AppToken = s.secrets.SlackBot, s.secrets.SlackObserver, s.secrets.SlackApp
	r.Slack.Team, r.Slack.Channel, r.Slack.People = team, channel, people
	r.AzureDevOps.URL, r.AzureDevOps.Token = s.url(s.ports.DevOps)+"/"+organization, s.secrets.DevOpsAdmin
	r.AzureDevOps.Organization, r.AzureDevOps.OrganizationID = organization, organizationID
	r.AzureDevOps.Projects = []ReadyProject{{webShop, webShopID}, {dataLake, dataLakeID}}
	r.AzureDevOps.TokenIssuer = "https://" + issuerHost + "/" + organizationID
	r.AWS.Endpoint, r.AWS.Region = s.url(s.ports.AWS), "eu-west-1"
	r.AWS.Accounts = []ReadyAccount{{devAccount, "shop-dev", s.secrets.DevKeyID, s.secrets.DevKey},
		{prodAccount, "shop-prod", s.secrets.ProdKeyID, s.secrets.ProdKey}}
	return r
}

// WriteReady writes the ready file in one step.
func (s *Sandbox) WriteReady(path string) error {
	raw, err := json.MarshalIndent(s.Ready(), "", "  ")
	if err != nil {
		return fmt.Errorf("encode ready file: %w", err)
	}
	return writeFile(path, append(raw, '\n'))
}
