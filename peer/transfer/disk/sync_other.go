//go:build !unix

package disk

import "os"

// syncFolder does nothing: the system has no such thing.
func syncFolder(*os.Root, string) error { return nil }
