package app

import "fedbot/bot"

// SlackScopes are the rights that fedbot's app asks of a workspace, each with its
// reason.
func SlackScopes() []bot.Scope { return bot.Scopes }

// SlackManifest describes the app, reached from outside at address, and the link
// that opens Slack's create-app page with it filled in.
func SlackManifest(address string) (manifest []byte, link string, err error) {
	if manifest, err = bot.Manifest(address); err != nil {
		return nil, "", err
	}
	link, err = bot.CreateAppLink(manifest)
	return manifest, link, err
}
