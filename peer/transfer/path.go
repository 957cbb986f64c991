package transfer

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"peerd/wire"
)

const (
	// maxDepth bounds the elements of a path: deeper ones cost a system call an
	// element and level, and no person makes them.
	maxDepth = 64
	// maxPath bounds a path in bytes.
	maxPath = 4096
)

// CheckPath says why a path may not be in a manifest: it has to be relative, with
// "/" between elements that name something. That keeps inside whoever joins it to
// a folder; what systems make of an element is Layout's business.
func CheckPath(path string) error {
	if len(path) > maxPath {
		return fmt.Errorf("path is %d bytes long, the limit is %d", len(path), maxPath)
	}
	if strings.Count(path, "/") >= maxDepth {
		return fmt.Errorf("path %.60q… is more than %d folders deep", path, maxDepth)
	}
	for element := range strings.SplitSeq(path, "/") {
		if err := checkElement(element); err != nil {
			return fmt.Errorf("path %.200q: %w", path, err)
		}
	}
	return nil
}

func checkElement(element string) error {
	switch {
	case element == "" || element == "." || element == "..":
		return fmt.Errorf("%q is not the name of a file", element)
	case len(element) > wire.MaxFileName:
		return fmt.Errorf("a name is %d bytes long, the limit is %d", len(element), wire.MaxFileName)
	case strings.ContainsRune(element, 0):
		return fmt.Errorf("%q has a NUL in it", element)
	case !utf8.ValidString(element):
		return fmt.Errorf("%q is not UTF-8", element)
	}
	return nil
}

// comparePaths orders paths element by element, so that a folder comes before what
// is in it, and all of that before its next neighbour.
func comparePaths(a, b string) int {
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return int(pathRank(a[i])) - int(pathRank(b[i]))
		}
	}
	return len(a) - len(b)
}

// pathRank puts the end of an element before everything that goes on.
func pathRank(octet byte) byte {
	if octet == '/' {
		return 0 // no path has a NUL
	}
	return octet
}

// parent returns the path of the folder that path is in, "" at the top.
func parent(path string) string {
	return path[:max(0, strings.LastIndexByte(path, '/'))]
}
