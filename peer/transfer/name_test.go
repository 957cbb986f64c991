package transfer

import (
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	"peerd/wire"
)

func TestT25SafeName(t *testing.T) {
	for _, row := range []struct{ proves, name, want string }{
		{"a name stays as it is", "photo 1.jpg", "photo 1.jpg"},
		{"in any script", "我的照片.jpg", "我的照片.jpg"},
		{"a way out", "../../etc/passwd", "_.._.._etc_passwd"},
		{"the folder above", "..", "_"},
		{"nothing", "", "_"},
		{"an absolute path", "/etc/passwd", "_etc_passwd"},
		{"Windows' separator", `..\..\boot.ini`, "_.._.._boot.ini"},
		{"a drive", "C:evil", "C_evil"},
		{"a stream of NTFS", "a.txt:evil", "a.txt_evil"},
		{"wildcards and quotes", `a*?"<>|b`, "a______b"},
		{"a NUL", "a\x00.jpg", "a_.jpg"},
		{"escape sequences", "\x1b[2J.txt", "_[2J.txt"},
		{"a reversed extension", "photo\u202egpj.exe", "photo_gpj.exe"},
		{"line breaks", "a\nb\u2028c", "a_b_c"},
		{"no UTF-8", "a\xff\xfe", "a_"},
		{"a hidden file", ".bashrc", "_.bashrc"},
		{"our own folder", ".peerd-incoming", "_.peerd-incoming"},
		{"trailing dots", "evil.exe...", "evil.exe_"},
		{"a trailing space", "evil.exe ", "evil.exe_"},
		{"a device", "CON", "_CON"},
		{"a device in small letters with an extension", "nul.tar.gz", "_nul.tar.gz"},
		{"a device before blanks", "aux  .txt", "_aux  .txt"},
		{"a serial port", "com1.txt", "_com1.txt"},
		{"a serial port in superscript", "LPT².txt", "_LPT².txt"},
		{"no device", "com10.txt", "com10.txt"},
		{"no device either", "console", "console"},
		{"emoji keep their joiners", "👩\u200d🚀.png", "👩\u200d🚀.png"},
	} {
		t.Run(row.proves, func(t *testing.T) {
			if got := SafeName(row.name); got != row.want {
				t.Errorf("%q is called %q, want %q", row.name, got, row.want)
			}
		})
	}
}

func TestNumbered(t *testing.T) {
	long := strings.Repeat("é", 127) // 254 bytes
	for _, row := range []struct {
		proves, name string
		folder       bool
		n            int
		want         string
	}{
		{"the first keeps its name", "a.jpg", false, 1, "a.jpg"},
		{"the second is numbered before its extension", "a.jpg", false, 2, "a (2).jpg"},
		{"a file without an extension", "README", false, 3, "README (3)"},
		{"nothing but an extension", ".profile", false, 2, ".profile (2)"},
		{"a folder has no extension", "v1.2", true, 2, "v1.2 (2)"},
		{"a long name makes room", long, false, 10, strings.Repeat("é", 125) + " (10)"},
		{"and keeps its extension", long[:250] + ".txt", false, 2, strings.Repeat("é", 123) + " (2).txt"},
	} {
		t.Run(row.proves, func(t *testing.T) {
			got := Numbered(row.name, row.folder, row.n)
			if got != row.want || len(got) > wire.MaxFileName {
				t.Errorf("%q is called %q (%d bytes), want %q", row.name, got, len(got), row.want)
			}
		})
	}
}

func TestT25LayoutKeepsNamesApart(t *testing.T) {
	m := newManifest(t,
		file("A.txt", 1), folder("Dir"), file("Dir/x", 1), file("Dir/x.", 1), file("Dir/x_", 1),
		file("a (2).txt", 1), file("a.txt", 1), file("cafe\u0301", 1), file("caf\u00e9", 1),
		folder("dir"), file("dir/x", 1), folder("nul"), file("nul/a:b", 1))
	want := []string{
		"A.txt", "Dir", "Dir/x", "Dir/x_", "Dir/x_ (2)",
		"a (2).txt", "a (3).txt", "cafe\u0301", "caf\u00e9 (2)",
		"dir (2)", "dir (2)/x", "_nul", "_nul/a_b"}
	if got := Layout(m); !reflect.DeepEqual(got, want) {
		t.Errorf("layout is\n%q\nwant\n%q", got, want)
	}
}

func TestT25LayoutOfManyNamesThatFoldToOne(t *testing.T) {
	var entries []Entry
	for i := range 1 << 12 { // upper and lower case of twelve letters
		name := []byte("ABCDEFGHIJKL")
		for bit := range name {
			if i>>bit&1 == 1 {
				name[bit] |= 0x20
			}
		}
		entries = append(entries, file(string(name), 0))
	}
	sortEntries(entries)
	seen := make(map[string]bool)
	for _, place := range Layout(newManifest(t, entries...)) {
		if seen[fold(place)] {
			t.Fatalf("two files go to %q", place)
		}
		seen[fold(place)] = true
	}
}

func FuzzSafeName(f *testing.F) {
	for _, name := range []string{"a.jpg", "../x", "CON", "a. .", "\x00", strings.Repeat("漢", 100), ".peerd-incoming"} {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		safe := SafeName(name)
		switch {
		case CheckPath(safe) != nil || strings.Contains(safe, "/"):
			t.Errorf("%q is called %q: %v", name, safe, CheckPath(safe))
		case !filepath.IsLocal(safe) || filepath.Base(safe) != safe:
			t.Errorf("%q is called %q, which leads elsewhere", name, safe)
		case strings.HasPrefix(safe, ".") || strings.HasSuffix(safe, ".") || strings.HasSuffix(safe, " "):
			t.Errorf("%q is called %q", name, safe)
		case isDevice(safe):
			t.Errorf("%q is called %q, a device", name, safe)
		case strings.ContainsFunc(safe, unsafe) || !utf8.ValidString(safe):
			t.Errorf("%q is called %q, which has something dangerous", name, safe)
		case SafeName(safe) != safe:
			t.Errorf("%q is called %q, and that %q", name, safe, SafeName(safe))
		}
	})
}
