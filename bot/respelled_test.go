package bot

import (
	"testing"

	"fedbot/workflows"
)

const otherSpelling = "sc://contoso/Web%20Shop/aws-shop-dev"

// sentBack is a federation whose proof run spelled the subject in its own way.
func sentBack(t *testing.T) *tale {
	return granted(t).walk(workflows.WatchID).say(machine, workflows.Seen{Step: workflows.WatchID, Outcome: workflows.SpelledOtherwise, Say: "x"},
		workflows.Returned{Request: "F-17.1", Subject: otherSpelling, Say: "Tokens spell the subject otherwise than the plan."})
}

func respelledPlan() workflows.Checked {
	c := checked("F-17.1")
	c.Facts.AzureDevOps.Subject = otherSpelling
	c.Because = "The proof showed that tokens spell the subject otherwise than the plan did: `" + otherSpelling + "`. Nothing else is new, and the role is held."
	return c
}
