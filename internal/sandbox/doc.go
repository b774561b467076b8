// Package sandbox runs the real fedbot against the emulators, on loopback, with a
// page that shows Slack, AWS and Azure DevOps side by side. The product inside is
// the product: the example configuration with other addresses, and nothing else.
//
// Everything that exists lives in one directory: fedbot's store and the journals
// of the emulators. A killed sandbox that is started again on it goes on where it
// was.
package sandbox
