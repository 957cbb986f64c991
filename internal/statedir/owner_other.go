//go:build !unix

package statedir

import "io/fs"

// Files carry neither a user id nor permission bits here.
func ownedByUs(fs.FileInfo) bool   { return true }
func othersWrite(fs.FileInfo) bool { return false }
