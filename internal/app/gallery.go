package app

import "fedbot/bot"

// Gallery is everything that the bot says in Slack, drawn from made-up histories.
func Gallery() ([]bot.Exhibit, error) { return bot.Gallery() }
