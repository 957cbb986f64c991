//go:build unix

package identity

import (
	"io/fs"
	"os"
	"syscall"
)

// ownedByUs reports whether the file belongs to the user we run as.
func ownedByUs(info fs.FileInfo) bool {
	stat, ok := info.Sys().(*syscall.Stat_t)
	return ok && int(stat.Uid) == os.Geteuid()
}

// othersReach reports whether others may read or write the file.
func othersReach(info fs.FileInfo) bool { return info.Mode().Perm()&0o077 != 0 }
