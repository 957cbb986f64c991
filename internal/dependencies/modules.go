package dependencies

// Linked are the modules in our programs.
func Linked() []Module {
	return []Module{
		{"charm.land/bubbles/v2", "peerctl", "MIT", "input line and scrolling of peerctl chat"},
		{"charm.land/bubbletea/v2", "peerctl", "MIT", "the terminal as events and frames, for peerctl chat"},
		{"charm.land/lipgloss/v2", "peerctl", "MIT", "colours and layout of peerctl chat"},
		{"filippo.io/edwards25519", "peerd rendezvous", "BSD-3-Clause", "Ed25519 keys as X25519 ones: probe keys, weak keys refused"},
		{"github.com/VividCortex/ewma", "peerctl", "MIT", "mpb: the speed of a transfer"},
		{"github.com/acarl005/stripansi", "peerctl", "MIT", "mpb: how wide a bar is"},
		{"github.com/atotto/clipboard", "peerctl", "BSD-3-Clause", "bubbles: pasting"},
		{"github.com/beorn7/perks", "peerd rendezvous", "MIT", "client_golang: quantiles"},
		{"github.com/cespare/xxhash/v2", "peerd rendezvous", "MIT", "client_golang: label hashes"},
		{"github.com/charmbracelet/colorprofile", "peerctl", "MIT", "bubbletea: how many colours there are"},
		{"github.com/charmbracelet/ultraviolet", "peerctl", "MIT", "bubbletea: drawing only what changed"},
		{"github.com/charmbracelet/x/ansi", "peerctl", "MIT", "how wide a text is on a terminal"},
		{"github.com/charmbracelet/x/term", "peerctl", "MIT", "bubbletea: raw mode"},
		{"github.com/charmbracelet/x/termios", "peerctl", "MIT", "bubbletea: raw mode"},
		{"github.com/charmbracelet/x/windows", "peerctl", "MIT", "bubbletea: Windows' console"},
		{"github.com/clipperhouse/displaywidth", "peerctl", "MIT", "ansi: how wide a character is"},
		{"github.com/clipperhouse/uax29/v2", "peerctl", "MIT", "ansi: what a character is"},
		{"github.com/coreos/go-systemd/v22", "peerd rendezvous", "Apache-2.0", "telling systemd that we are ready and alive"},
		{"github.com/dustin/go-humanize", "peerd", "MIT", "modernc.org/libc: sizes in its messages"},
		{"github.com/godbus/dbus/v5", "peerctl", "BSD-2-Clause", "notices on the desktop"},
		{"github.com/google/uuid", "peerd", "BSD-3-Clause", "modernc.org/libc: C's uuid"},
		{"github.com/huin/goupnp", "peerd", "BSD-2-Clause", "port mappings by UPnP"},
		{"github.com/inconshreveable/mousetrap", "peerctl peerd rendezvous", "Apache-2.0", "cobra: started by a double click on Windows"},
		{"github.com/libp2p/go-reuseport", "peerd rendezvous", "ISC", "several sockets on one port"},
		{"github.com/lucasb-eyer/go-colorful", "peerctl", "MIT", "lipgloss: colours"},
		{"github.com/mattn/go-colorable", "peerctl peerd rendezvous", "MIT", "zerolog: colours on Windows"},
		{"github.com/mattn/go-isatty", "peerctl peerd rendezvous", "MIT", "zerolog: is this a terminal"},
		{"github.com/mattn/go-runewidth", "peerctl", "MIT", "mpb: how wide a character is"},
		{"github.com/muesli/cancelreader", "peerctl", "MIT", "bubbletea: reads that can be ended"},
		{"github.com/munnerz/goautoneg", "peerd rendezvous", "BSD-3-Clause", "client_golang: which format a scraper wants"},
		{"github.com/ncruces/go-strftime", "peerd", "MIT", "modernc.org/libc: C's strftime"},
		{"github.com/pion/dtls/v3", "peerd rendezvous", "MIT", "pion/stun imports it for STUN over DTLS, which we do not use"},
		{"github.com/pion/logging", "peerd rendezvous", "MIT", "pion/stun: its client's, which we do not use"},
		{"github.com/pion/stun/v3", "peerd rendezvous", "MIT", "STUN messages"},
		{"github.com/pion/transport/v4", "peerd rendezvous", "MIT", "pion/stun: its client's, which we do not use"},
		{"github.com/prometheus/client_golang", "peerd rendezvous", "Apache-2.0", "metrics of a rendezvous; peerd demo runs one"},
		{"github.com/prometheus/client_model", "peerd rendezvous", "Apache-2.0", "client_golang: its format"},
		{"github.com/prometheus/common", "peerd rendezvous", "Apache-2.0", "client_golang: its format"},
		{"github.com/prometheus/procfs", "peerd rendezvous", "Apache-2.0", "client_golang: metrics of the process"},
		{"github.com/quic-go/quic-go", "peerd", "MIT", "sessions between peers"},
		{"github.com/remyoudompheng/bigfft", "peerd", "BSD-3-Clause", "modernc.org/mathutil: long numbers"},
		{"github.com/rivo/uniseg", "peerctl", "MIT", "lipgloss, mpb: what a character is"},
		{"github.com/rs/zerolog", "peerctl peerd rendezvous", "MIT", "logs"},
		{"github.com/spf13/cobra", "peerctl peerd rendezvous", "Apache-2.0", "command lines, help, completion"},
		{"github.com/spf13/pflag", "peerctl peerd rendezvous", "BSD-3-Clause", "cobra: flags"},
		{"github.com/vbauerster/mpb/v8", "peerctl", "Unlicense", "progress of files"},
		{"github.com/vishvananda/netlink", "peerd", "Apache-2.0", "the Linux kernel tells of new addresses and routes"},
		{"github.com/vishvananda/netns", "peerd", "Apache-2.0", "netlink imports it"},
		{"github.com/wlynxg/anet", "peerd rendezvous", "BSD-3-Clause", "pion/transport: interfaces on Android"},
		{"github.com/xo/terminfo", "peerctl", "MIT", "colorprofile: what the terminal can do"},
		{"go.etcd.io/bbolt", "peerd rendezvous", "MIT", "the rendezvous' state; peerd demo runs one"},
		{"golang.org/x/crypto", "peerd rendezvous", "BSD-3-Clause", "pion/dtls, quic-go: ChaCha20-Poly1305, HKDF"},
		{"golang.org/x/net", "peerd rendezvous", "BSD-3-Clause", "TTL and control messages of sockets; no more connections than so many"},
		{"golang.org/x/sync", "peerctl peerd", "BSD-3-Clause", "groups of goroutines with one error"},
		{"golang.org/x/sys", "peerctl peerd rendezvous", "BSD-3-Clause", "system calls"},
		{"golang.org/x/term", "peerctl peerd rendezvous", "BSD-3-Clause", "is this a terminal, how wide is it"},
		{"golang.org/x/text", "peerctl peerd rendezvous", "BSD-3-Clause", "Unicode: names that look alike, the user's language"},
		{"golang.org/x/time", "peerd rendezvous", "BSD-3-Clause", "rates"},
		{"google.golang.org/protobuf", "peerd rendezvous", "BSD-3-Clause", "the bodies of control messages"},
		{"modernc.org/libc", "peerd", "BSD-3-Clause", "modernc.org/sqlite: C's library"},
		{"modernc.org/mathutil", "peerd", "BSD-3-Clause", "modernc.org/libc"},
		{"modernc.org/memory", "peerd", "BSD-3-Clause", "modernc.org/libc: C's malloc"},
		{"modernc.org/sqlite", "peerd", "BSD-3-Clause", "messages on disk"},
		{"rsc.io/qr", "peerctl", "BSD-3-Clause", "the QR code of contact verify"},
	}
}

// Tested are the modules that only tests, and the programs around them, use.
func Tested() []Module {
	return []Module{
		{Path: "github.com/CycloneDX/cyclonedx-go", Licence: "Apache-2.0", Why: "the bill of materials of a release"},
		{Path: "github.com/google/licensecheck", Licence: "BSD-3-Clause", Why: "which licence a text is"},
		{Path: "github.com/google/nftables", Licence: "Apache-2.0", Why: "home routers of the lab"},
		{Path: "github.com/hanwen/go-fuse/v2", Licence: "BSD-3-Clause", Why: "a disk that loses its power"},
		{Path: "github.com/mdlayher/netlink", Licence: "MIT", Why: "nftables"},
		{Path: "github.com/mdlayher/socket", Licence: "MIT", Why: "nftables"},
		{Path: "github.com/rogpeppe/go-internal", Licence: "BSD-3-Clause", Why: "tests of command lines"},
		{Path: "golang.org/x/mod", Licence: "BSD-3-Clause", Why: "which of two versions is newer"},
		{Path: "golang.org/x/tools", Licence: "BSD-3-Clause", Why: "go-internal: archives of test files"},
	}
}

// Tools are the modules that only check or generate our code.
func Tools() []Module {
	return []Module{
		{Path: "github.com/BurntSushi/toml", Licence: "MIT", Why: "staticcheck: its settings"},
		{Path: "golang.org/x/exp/typeparams", Licence: "BSD-3-Clause", Why: "staticcheck"},
		{Path: "honnef.co/go/tools", Licence: "MIT", Why: "staticcheck"},
	}
}

// Named are the modules in go.mod of which nothing is built.
func Named() []Module {
	return []Module{
		{Path: "github.com/google/go-cmp", Licence: "BSD-3-Clause", Why: "tests of our dependencies ask for it"},
	}
}
