// Package arch holds the shape of the house: its tests fail when a room imports
// what it may not, when somebody reads the clock where time should be an argument,
// when a package has no comment or a file has grown past explaining.
//
// It contains tests only. A new room starts here: with a line in rooms that says
// what it may import and why it exists.
package arch
