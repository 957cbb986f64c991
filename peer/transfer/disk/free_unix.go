//go:build unix

package disk

import "golang.org/x/sys/unix"

// Free returns how many bytes we may still write to the file system that dir is on.
func Free(dir string) (uint64, error) {
	var stat unix.Statfs_t
	if err := unix.Statfs(dir, &stat); err != nil {
		return 0, err
	}
	return uint64(max(0, int64(stat.Bavail))) * uint64(stat.Bsize), nil
}
