//go:build !unix

package api

// lockDirectory does nothing where directories cannot be locked.
func lockDirectory(string) (unlock func(), err error) { return func() {}, nil }
