package bot

import (
	"maps"

	"github.com/slack-go/slack"

	"fedbot/workflows"
)

// DocumentParam is how the form calls the policy of a custom request.
const DocumentParam = "policy"

// longestDocument is what a text field of Slack takes; a longer one goes by the
// host's command.
const longestDocument = 3000

// withDocument makes of the field of a custom grant its document.
func withDocument(list []workflows.Grant) []workflows.Grant {
	for i, g := range list {
		if g.Template == workflows.CustomTemplate {
			list[i].Document, list[i].Params = g.Params[DocumentParam], maps.Clone(g.Params)
			delete(list[i].Params, DocumentParam)
		}
	}
	return list
}

// documentInput is a field of several lines, where a policy fits.
func documentInput(block string, t Template, p Param, value string) *slack.InputBlock {
	b := textInput(block, t.Name+": "+p.Name, p.Hint, "", false)
	if e, ok := b.Element.(*slack.PlainTextInputBlockElement); ok {
		e.Multiline, e.MaxLength, e.InitialValue = true, longestDocument, cut(value, longestDocument)
	}
	return b
}
