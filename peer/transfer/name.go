package transfer

import (
	"fmt"
	"path"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"

	"peerd/wire"
)

// SafeName returns what a file that its sender calls name is called here: no
// separator of any system, nothing that acts on a terminal, no device of Windows,
// nothing that Windows would cut off, not hidden, and short enough. It is the same
// on every system, as folders are shared between them. The result is one element
// of a path, and never empty.
func SafeName(name string) string {
	return shorten(unhide(safeElement(name)), "")
}

// safeElement is SafeName for what is inside a folder, where dot files are in order.
func safeElement(name string) string {
	name = strings.Map(func(r rune) rune {
		if unsafe(r) {
			return '_'
		}
		return r
	}, strings.ToValidUTF8(name, "_"))
	if trimmed := strings.TrimRight(name, ". "); trimmed != name {
		name = trimmed + "_"
	}
	if name == "" || isDevice(name) {
		name = "_" + name
	}
	return shorten(name, "")
}

func unhide(name string) string {
	if strings.HasPrefix(name, ".") {
		return "_" + name
	}
	return name
}

// unsafe reports whether r has a meaning to a file system or a terminal.
func unsafe(r rune) bool {
	const joiners = "\u200c\u200d" // without them some scripts and emoji are misspelt
	return strings.ContainsRune(`/\<>:"|?*`, r) ||
		unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp) && !strings.ContainsRune(joiners, r)
}

// isDevice reports whether Windows takes name for a device, as it does whatever
// follows the first dot.
func isDevice(name string) bool {
	base, _, _ := strings.Cut(name, ".")
	base = strings.ToUpper(strings.TrimRight(base, " "))
	switch base {
	case "CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$":
		return true
	}
	number, found := strings.CutPrefix(base, "COM")
	if !found {
		number, found = strings.CutPrefix(base, "LPT")
	}
	return found && utf8.RuneCountInString(number) == 1 && strings.Contains("0123456789¹²³", number)
}

// Numbered returns the name for the nth file that is to be called name, from 1:
// "photo.jpg", "photo (2).jpg". A folder's name has no extension to be kept.
func Numbered(name string, folder bool, n int) string {
	if n < 2 {
		return name
	}
	extension := path.Ext(name)
	if folder || extension == name || len(extension) > 16 {
		extension = ""
	}
	suffix := fmt.Sprintf(" (%d)%s", n, extension)
	return shorten(strings.TrimSuffix(name, extension), suffix)
}

// shorten returns name and suffix in what a file system takes, at the expense of
// name.
func shorten(name, suffix string) string {
	room := wire.MaxFileName - len(suffix)
	if len(name) <= room {
		return name + suffix
	}
	for room > 0 && !utf8.RuneStart(name[room]) {
		room--
	}
	name = name[:room]
	if trimmed := strings.TrimRight(name, ". "); suffix == "" && trimmed != name {
		name = trimmed + "_"
	}
	return name + suffix
}

// fold returns the same for names that some file system holds for the same: it
// may ignore case, and how accents are encoded.
func fold(name string) string { return cases.Fold().String(norm.NFC.String(name)) }
