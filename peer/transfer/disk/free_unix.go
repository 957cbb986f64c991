//go:build unix

package disk

import "golang.org/x/sys/unix"

// Free returns how many bytes we may still write to the file system that dir is on,
// and how many it holds in all.
func Free(dir string) (free, size uint64, err error) {
	var stat unix.Statfs_t
	if err := unix.Statfs(dir, &stat); err != nil {
		return 0, 0, err
	}
	block := uint64(stat.Bsize)
	return uint64(max(0, int64(stat.Bavail))) * block, uint64(stat.Blocks) * block, nil
}
