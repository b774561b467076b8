package app

import (
	"fmt"

	"fedbot/internal/config"
)

// sockets are held open at the same time. Slack gives an app ten, and while one is
// replaced there are twice as many.
const sockets = 2

// door is how Slack is heard: over sockets or over HTTP, never both.
type door struct {
	sockets  int
	appToken string // of sockets
	secret   string // of HTTP
}

// heard reads the key to the door that the configuration names.
func heard(c config.Slack) (door, error) {
	if c.Transport == "socket" {
		token, err := c.AppToken.Read()
		if err != nil {
			return door{}, fmt.Errorf("slack.app_token: %w", err)
		}
		return door{sockets: sockets, appToken: token}, nil
	}
	secret, err := c.SigningSecret.Read()
	if err != nil {
		return door{}, fmt.Errorf("slack.signing_secret: %w", err)
	}
	return door{secret: secret}, nil
}
