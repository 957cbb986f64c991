//go:build linux

package natlab_test

import (
	"errors"
	"io/fs"
	"net/netip"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"peerd/internal/natlab"
	"peerd/internal/natlab/nat"
)

// openLab opens a lab as a program does, which keeps its failures to itself.
func openLab(t *testing.T) *natlab.Lab {
	t.Helper()
	lab, err := natlab.Open()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(lab.Close)
	return lab
}

func TestClosedLabLeavesNothingBehind(t *testing.T) {
	useEverything(t) // so that what the runtime opens once and keeps is there
	before := held(t)
	useEverything(t)
	eventually(t, "everything is released", func() bool {
		after := held(t)
		return after.goroutines <= before.goroutines && after.files <= before.files && after.namespaces <= before.namespaces
	})
}

type resources struct{ goroutines, files, namespaces int }

// held counts what this process holds.
func held(t *testing.T) resources {
	t.Helper()
	files, err := filepath.Glob("/proc/self/fd/*")
	if err != nil {
		t.Fatal(err)
	}
	threads, err := filepath.Glob("/proc/self/task/*/ns/net")
	if err != nil {
		t.Fatal(err)
	}
	namespaces := map[string]bool{}
	for _, thread := range threads {
		namespace, err := os.Readlink(thread)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			t.Fatal(err)
		}
		namespaces[namespace] = true
	}
	delete(namespaces, "") // of threads that ended meanwhile
	return resources{runtime.NumGoroutine(), len(files), len(namespaces)}
}

// useEverything runs a lab with one of each thing and closes it in mid-flight.
func useEverything(t *testing.T) {
	lab, err := natlab.Open(natlab.Hops(3))
	if err != nil {
		t.Fatal(err)
	}
	defer lab.Close()
	slow := natlab.Link{Delay: time.Minute}
	vps := lab.PublicHost("vps", slow)
	vps.ListenTCP(0)
	isp := lab.CarrierNAT("isp", natlab.FullyRandom, natlab.Link{}, natlab.Hairpin())
	alice := isp.Home("home", natlab.FullCone, slow).Host("alice")
	send(t, alice.ListenUDP(0), vps.AddrPort(9), "still under way when the lab closes")
	other := lab.Home("other", restricted, natlab.Link{})
	send(t, other.Host("bob").ListenUDP(0), vps.AddrPort(9), "through a NAT of our own")
	other.BackgroundTraffic(1000)
	lab.Capture()
	alice.Start(program("sleep")).WaitLine(hangGuard, "ready")
	if err := lab.Err(); err != nil {
		t.Error(err)
	}
}

func TestFailedLabOfAProgramKeepsItsFirstErrorAndDoesNothingMore(t *testing.T) {
	lab := openLab(t)
	good := lab.PublicHost("good", natlab.Link{})
	home := lab.Home("home", natlab.Masquerade, natlab.Link{}, natlab.Subnet("10.0.0.0/33"))
	first := lab.Err()
	if first == nil || !strings.Contains(first.Error(), "add home home") {
		t.Fatalf("error %v, want one that says what failed", first)
	}
	alice := home.Host("alice")
	process := good.Start(program("sleep"))
	process.Kill()
	process.Signal(syscall.SIGTERM)
	<-process.Exited()
	conn := good.ListenUDP(0)
	switch {
	case process.PID() != 0, process.Wait(hangGuard) != -1, process.WaitLine(hangGuard, "ready") != "":
		t.Error("a process was started")
	case alice.Run(t.Context(), program("talk")).ExitCode != -1:
		t.Error("a program was run")
	case alice.Do(func() error { return nil }) == nil:
		t.Error("something was run on a host that is not there")
	case lab.Capture().Packets() != nil, alice.Addr() != netip.Addr{}, conn != nil:
		t.Error("got something from a failed lab")
	}
	alice.SetLink(natlab.Link{Down: true})
	home.ChangeAddress()
	lab.CarrierNAT("isp", natlab.Masquerade, natlab.Link{}).Home("b", natlab.Masquerade, natlab.Link{}).Host("b")
	if got := lab.Err(); got != first {
		t.Errorf("error became %v", got)
	}
}

func TestImpossibleOptionsAreErrors(t *testing.T) {
	for name, option := range map[string]natlab.Option{
		"no prefix":        natlab.Subnet("home"),
		"host bits":        natlab.Subnet("192.168.1.1/24"),
		"no room for host": natlab.Subnet("192.168.1.0/30"),
		"IPv6":             natlab.Subnet("fd00::/64"),
		"no address":       natlab.Outside("home"),
		"IPv6 outside":     natlab.Outside("2001:db8::1"),
		"port zero":        natlab.PortBlock(0, 10),
		"ports backwards":  natlab.PortBlock(20, 10),
	} {
		t.Run(name, func(t *testing.T) {
			lab := openLab(t)
			lab.Home("home", natlab.Masquerade, natlab.Link{}, option)
			if lab.Err() == nil {
				t.Error("accepted")
			}
		})
	}
}

func TestImpossibleBehaviourIsAnError(t *testing.T) {
	lab := openLab(t)
	lab.Home("home", natlab.Userspace(nat.Behaviour{Filtering: 9}), natlab.Link{})
	if lab.Err() == nil {
		t.Error("accepted")
	}
}

func TestHostsHaveSeveralPublicAddresses(t *testing.T) {
	lab := natlab.New(t)
	vps := lab.PublicHost("vps", natlab.Link{Delay: time.Millisecond})
	second := lab.AddPublicAddress(vps)
	if got := vps.Addrs(); len(got) != 2 || got[1] != second {
		t.Fatalf("addresses %v, want two with %v", got, second)
	}
	conn := lab.Home("home", natlab.FullyRandom, natlab.Link{}).Host("alice").ListenUDP(0)
	one, other := startServer(t, vps, 3478), startServerAt(t, vps, netip.AddrPortFrom(second, 3478))
	if one.observed(conn) == other.observed(conn) {
		t.Error("a symmetric NAT has the same mapping for both addresses")
	}
}

func TestARouterHasTheOutsideAddressItIsGiven(t *testing.T) {
	lab := natlab.New(t)
	home := lab.Home("home", natlab.Masquerade, natlab.Link{Delay: time.Millisecond}, natlab.Outside("1.2.3.4"))
	observed := startServer(t, lab.PublicHost("vps", natlab.Link{}), 3478).observed(home.Host("alice").ListenUDP(5000))
	if want := netip.MustParseAddrPort("1.2.3.4:5000"); observed != want || home.Addr() != want.Addr() {
		t.Errorf("observed at %v, and the router says %v; want %v", observed, home.Addr(), want)
	}
}

func TestLabsRunSideBySide(t *testing.T) {
	for range 3 {
		t.Run("lab", func(t *testing.T) {
			t.Parallel()
			lab := natlab.New(t)
			srv := startServer(t, lab.PublicHost("vps", natlab.Link{Delay: time.Millisecond}), 3478)
			srv.observed(lab.Home("home", natlab.FullCone, natlab.Link{}, natlab.Hairpin()).Host("alice").ListenUDP(0))
		})
	}
}
