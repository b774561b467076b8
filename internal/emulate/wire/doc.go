// Package wire is what the emulators have in common and nothing of what they
// imitate: a clock that tests can move, tables that survive a kill, faults that
// can be switched on per call, and a count of the calls that came in.
//
// It knows no foreign system and no room of fedbot's, so that a mistake in an
// adapter and a mistake in an emulator can never be the same mistake.
package wire
