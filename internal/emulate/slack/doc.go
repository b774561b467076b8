// Package slack is a strict Slack on the wire: the Web API, Block Kit's limits,
// signed HTTP deliveries, Socket Mode and response URLs, with memory that survives
// a kill.
//
// An app talks to it under /api/ as it would to slack.com; it talks to the app by
// signed POSTs or over the sockets that the app has opened, with a deadline of three
// seconds. Each envelope goes to one socket, in turn; a socket is warned ten seconds
// before it is closed and gets its share until then; an event that was not
// acknowledged comes again, what a person did does not. What a person does in Slack
// (type a command, press a button, fill in a modal) is a method of Server and,
// for pages and scripts, a JSON POST under /client/.
//
// Where Slack's answer is documented, the answer is Slack's, and no method answers an
// error that its documentation does not list; where Slack is lenient, this is not. It
// differs on purpose in four places: the observer token sees every conversation,
// private ones too; ephemeral messages outlive a reload; bursts are counted by one
// bucket per method and token; and of an organization's workspaces it is one.
package slack
