// Package dependencies lists every module that peerd consists of, or is tested and
// built with, and why. Its tests compare the list with what the go command finds,
// so that nothing enters a program unseen: each module here is code of strangers
// that runs with our users' keys.
//
//	linked  what is in the programs, on any system we build for
//	tested  what only tests and the programs around them use
//	tools   what only checks or generates our code
//	named   what go.mod names for other modules' sake, and nothing is built of
//
// It serves the module's tests only; nothing imports it.
package dependencies

// A Module is code of somebody else's.
type Module struct {
	Path    string
	In      string // the programs that contain it
	Licence string // SPDX identifier
	Why     string
}

// A Floor is the oldest version of a module that may be used.
type Floor struct{ Path, Version, Why string }

// Floors are the versions that mended what was reported since we chose the modules.
// That go.mod asks for more today does not keep somebody from asking for less.
func Floors() []Floor {
	return []Floor{
		{"go", "1.26.6", "CVE-2026-39822: a path escapes from os.Root, which holds our state and what peers send"},
		{"github.com/quic-go/quic-go", "v0.59.1", "CVE-2026-40898: a peer makes HTTP/3 take memory without bound. We use no HTTP/3; scanners ask"},
		{"golang.org/x/crypto", "v0.52.0", "CVE-2026-42508: revoked SSH keys are accepted. We use no SSH; scanners ask"},
		{"github.com/pion/stun/v3", "v3.1.5", "CVE-2026-54909: an attribute of no length crashes whoever reads it, and strangers send us STUN"},
	}
}

// A Ban is a package that must not be in a program, but for those in Except, each
// with a reason.
type Ban struct {
	Package string
	Why     string
	Except  map[string]string // by the importing module; ours by package
}

// Bans are the parts of the standard library that do more than they seem to.
func Bans() []Ban {
	return []Ban{
		{Package: "C", Why: "a release would need a C compiler and library, and be another one on every machine"},
		{Package: "runtime/cgo", Why: "see C"},
		{Package: "plugin", Why: "it loads code from files"},
		{Package: "net/http/pprof", Why: "importing it is enough to offer memory dumps at the default mux"},
		{Package: "net/http/cgi", Why: "it starts programs with what a request says"},
		{Package: "net/rpc", Why: "it has a decoder for strangers that nobody looks after"},
		{Package: "testing", Why: "it adds flags, and what is for tests is not for users"},
		{Package: "expvar", Why: "importing it is enough to offer the command line at the default mux", Except: map[string]string{
			"github.com/prometheus/client_golang": "it can turn such variables into metrics. We serve no default mux, a test sees to it",
		}},
		{Package: "os/exec", Why: "starting programs is how messages become commands", Except: map[string]string{
			"peerd/cmd/peerctl":                     "watch --exec and notify start what the user names, without a shell",
			"charm.land/bubbletea/v2":               "it can hand the terminal to an editor; we do not ask for it",
			"github.com/atotto/clipboard":           "peerctl chat pastes through wl-paste, xclip and the like, when the user does",
			"github.com/charmbracelet/colorprofile": "it asks tmux how many colours there are",
			"github.com/godbus/dbus/v5":             "it starts dbus-launch where the desktop has no bus; we connect to running ones only",
			"modernc.org/libc":                      "C's system(3), which SQLite does not call",
		}},
		{Package: "unsafe", Why: "it takes Go's memory safety away", Except: unsafeFor()},
	}
}

// unsafeFor says what the memory safety of Go is given up for, and where.
func unsafeFor() map[string]string {
	return map[string]string{
		"peerd/internal/offload":               "control messages of UDP sockets",
		"peerd/punch/socket":                   "control messages of UDP sockets",
		"peerd/wire/internal/pb":               "protoc-gen-go: the descriptor as a string",
		"github.com/atotto/clipboard":          "Windows' clipboard",
		"github.com/cespare/xxhash/v2":         "strings as bytes without a copy",
		"github.com/charmbracelet/x/ansi":      "bytes as strings without a copy",
		"github.com/charmbracelet/x/windows":   "Windows' console",
		"github.com/godbus/dbus/v5":            "the byte order of this machine",
		"github.com/inconshreveable/mousetrap": "Windows: who started us",
		"github.com/mattn/go-colorable":        "Windows' console",
		"github.com/mattn/go-isatty":           "Windows' console",
		"github.com/pion/transport/v4":         "atomic counters on 32-bit machines",
		"github.com/prometheus/client_golang":  "Windows: memory in use",
		"github.com/quic-go/quic-go":           "control messages of UDP sockets, and TLS' secrets",
		"github.com/remyoudompheng/bigfft":     "long numbers as words",
		"github.com/vbauerster/mpb/v8":         "Windows' console",
		"github.com/vishvananda/netlink":       "structures of the Linux kernel",
		"go.etcd.io/bbolt":                     "its file, mapped into memory",
		"golang.org/x/crypto":                  "do buffers overlap",
		"golang.org/x/net":                     "control messages of UDP sockets",
		"golang.org/x/sys":                     "system calls",
		"google.golang.org/protobuf":           "fields of messages by offset",
		"modernc.org/libc":                     "C's memory: SQLite is C, translated to Go",
		"modernc.org/memory":                   "C's malloc",
		"modernc.org/sqlite":                   "SQLite is C, translated to Go",
	}
}
