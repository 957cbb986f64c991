package disk

import "golang.org/x/sys/windows"

// Free returns how many bytes we may still write to the file system that dir is on.
func Free(dir string) (free uint64, err error) {
	path, err := windows.UTF16PtrFromString(dir)
	if err != nil {
		return 0, err
	}
	err = windows.GetDiskFreeSpaceEx(path, &free, nil, nil)
	return free, err
}
