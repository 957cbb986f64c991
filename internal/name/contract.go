// Package name: CONTRACT STUB, its owner replaces this file.
package name

// Normalize returns the NFKC form of a user name, or an error that says which rule it breaks:
// 1–32 characters, any script, no comma, semicolon, control, bidi control, or leading/trailing space.
func Normalize(text string) (string, error) { panic("stub") }
