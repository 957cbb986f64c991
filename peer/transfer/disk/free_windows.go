package disk

import "golang.org/x/sys/windows"

// Free returns how many bytes we may still write to the file system that dir is on,
// and how many it holds in all.
func Free(dir string) (free, size uint64, err error) {
	path, err := windows.UTF16PtrFromString(dir)
	if err != nil {
		return 0, 0, err
	}
	err = windows.GetDiskFreeSpaceEx(path, &free, &size, nil)
	return free, size, err
}
