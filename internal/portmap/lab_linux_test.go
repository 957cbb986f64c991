package portmap_test

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"syscall"
	"testing"
	"time"

	"peerd/internal/natlab"
	"peerd/internal/natlab/miniupnpd"
	"peerd/internal/portmap"
)

// hang is how long a test waits for what has to happen.
const hang = 20 * time.Second

// mappedPort is the port that the tests have mapped.
const mappedPort = 40_000

// claimedAddress is what the router tells of its outside address. It refuses to
// forward from the documentation ranges that the lab's internet is made of, so
// it has to be told another one. Nothing is sent there.
var claimedAddress = netip.MustParseAddr("1.2.3.4")

// A mappingHome is a home whose router makes mappings, seen from a host inside
// and from a stranger on the internet.
type mappingHome struct {
	t        *testing.T
	home     *natlab.Home
	inside   *natlab.Host
	stranger *net.UDPConn
	router   *natlab.Process
}

func newMappingHome(t *testing.T, lab *natlab.Lab, name string) *mappingHome {
	t.Helper()
	h := &mappingHome{t: t, home: lab.Home(name, natlab.Masquerade, natlab.Link{})}
	h.inside = h.home.Host(name + " inside")
	h.stranger = lab.PublicHost(name+" stranger", natlab.Link{}).ListenUDP(0)
	return h
}

// newMappingHomes builds one home for each protocol, with running routers.
func newMappingHomes(t *testing.T) map[portmap.Protocol]*mappingHome {
	t.Helper()
	lab := natlab.New(t)
	homes := make(map[portmap.Protocol]*mappingHome)
	for _, protocol := range []portmap.Protocol{portmap.PCP, portmap.NATPMP, portmap.UPnP} {
		homes[protocol] = newMappingHome(t, lab, string(protocol))
		homes[protocol].startRouter()
	}
	return homes
}

// startRouter starts the router's mapping service with a fresh table.
func (h *mappingHome) startRouter() {
	h.t.Helper()
	h.router = miniupnpd.Start(h.t, h.home, claimedAddress)
}

// keep runs Keep on the host inside.
func (h *mappingHome) keep(lifetime time.Duration, protocols ...string) *natlab.Process {
	h.t.Helper()
	return h.inside.Start(natlab.Command{
		Path: "/proc/self/exe",
		Args: []string{
			"-port", fmt.Sprint(mappedPort), "-protocols", strings.Join(protocols, " "), "-lifetime", lifetime.String(),
		},
		Env: []string{programVariable + "=1"},
	})
}

// nextReport waits for the next report of a process.
func nextReport(t *testing.T, keep *natlab.Process) (m portmap.Mapping) {
	t.Helper()
	line := keep.WaitLine(hang, "External")
	if err := json.Unmarshal([]byte(line), &m); err != nil {
		t.Fatalf("report %q: %v", line, err)
	}
	return m
}

// arrives reports whether a packet that nobody asked for gets from the stranger
// through the router's outside port to the socket inside, in one of some tries.
func (h *mappingHome) arrives(socket *net.UDPConn, port uint16, tries int) bool {
	h.t.Helper()
	buffer := make([]byte, 64)
	for range tries {
		if _, err := h.stranger.WriteToUDPAddrPort([]byte("hello"), h.home.AddrPort(port)); err != nil {
			h.t.Fatal(err)
		}
		if err := socket.SetReadDeadline(time.Now().Add(100 * time.Millisecond)); err != nil {
			h.t.Fatal(err)
		}
		if n, _, err := socket.ReadFromUDPAddrPort(buffer); err == nil && string(buffer[:n]) == "hello" {
			return true
		}
	}
	return false
}

func TestStrangerReachesHostThroughMapping(t *testing.T) {
	for protocol, h := range newMappingHomes(t) {
		socket := h.inside.ListenUDP(mappedPort)
		if h.arrives(socket, mappedPort, 3) {
			t.Fatal("a packet arrives without a mapping: the test proves nothing")
		}
		keep := h.keep(0, string(protocol))
		got := nextReport(t, keep)
		want := portmap.Mapping{
			External: netip.AddrPortFrom(claimedAddress, mappedPort), Protocol: protocol,
			Lifetime: 10 * time.Minute, Gateway: h.home.Gateway(),
		}
		if got != want {
			t.Errorf("%s: reported %+v, want %+v", protocol, got, want)
		}
		if !h.arrives(socket, got.External.Port(), 20) {
			t.Errorf("%s: the stranger's packet does not arrive through the mapping", protocol)
		}

		keep.Signal(syscall.SIGTERM)
		if lost := nextReport(t, keep); lost.External.IsValid() {
			t.Errorf("%s: at the end %+v is reported, want no endpoint", protocol, lost)
		}
		keep.WaitLine(hang, "ended")
		h.home.FlushConntrack() // what has been let in already may go on
		if h.arrives(socket, mappedPort, 3) {
			t.Errorf("%s: a packet arrives after the mapping should have been removed", protocol)
		}
	}
}

// requests tell the requests of each protocol that make a mapping.
var requests = map[portmap.Protocol]func(natlab.Packet) bool{
	portmap.PCP:    func(p natlab.Packet) bool { return p.Dst.Port() == 5351 && len(p.Payload) == 60 },
	portmap.NATPMP: func(p natlab.Packet) bool { return p.Dst.Port() == 5351 && len(p.Payload) == 12 },
	portmap.UPnP:   func(p natlab.Packet) bool { return strings.Contains(string(p.Payload), "#AddPortMapping") },
}

func TestMappingIsRenewedBeyondItsLifetime(t *testing.T) {
	t.Parallel()
	const lifetime = 8 * time.Second
	homes := newMappingHomes(t)
	captures, keeps := make(map[portmap.Protocol]*natlab.Capture), make(map[portmap.Protocol]*natlab.Process)
	for protocol, h := range homes {
		captures[protocol] = h.home.Router.Capture()
		keeps[protocol] = h.keep(lifetime, string(protocol))
	}
	granted := make(map[portmap.Protocol]time.Time)
	for protocol := range homes {
		if got := nextReport(t, keeps[protocol]); got.Lifetime != lifetime {
			t.Errorf("%s: granted for %v, want %v", protocol, got.Lifetime, lifetime)
		}
		granted[protocol] = time.Now()
	}
	for protocol, h := range homes {
		// A request that is repeated, since no answer has come yet, renews nothing.
		eventually(t, "three requests by "+string(protocol)+", one of them about when the first mapping ends", func() bool {
			at := requestTimes(captures[protocol], protocol)
			return len(at) >= 3 && at[len(at)-1].Sub(granted[protocol]) >= lifetime-time.Second
		})
		if !h.arrives(h.inside.ListenUDP(mappedPort), mappedPort, 20) {
			t.Errorf("%s: the mapping is gone after its first lifetime", protocol)
		}
		if output := keeps[protocol].Stdout(); strings.Count(output, "External") != 1 {
			t.Errorf("%s: want the report of the first mapping only:\n%s", protocol, output)
		}
	}
}

func requestTimes(capture *natlab.Capture, protocol portmap.Protocol) (times []time.Time) {
	for _, p := range capture.Packets() {
		if requests[protocol](p) {
			times = append(times, p.At)
		}
	}
	return times
}

func TestMappingIsMadeAnewWhenTheRouterRestarts(t *testing.T) {
	t.Parallel()
	homes := newMappingHomes(t)
	for protocol, h := range homes {
		nextReport(t, h.keep(0, string(protocol))) // renewed after minutes: too late for this test
	}
	for protocol, h := range homes {
		// A router that restarts within its first seconds is the same one by its clock.
		eventually(t, "a router that has been up for a while", func() bool { return h.routerAge() >= 5 })
		h.router.Kill()
		h.startRouter()
		h.home.FlushConntrack()
		socket := h.inside.ListenUDP(mappedPort)
		eventually(t, "the mapping of "+string(protocol)+" on the restarted router", func() bool {
			return h.arrives(socket, mappedPort, 1)
		})
	}
}

func TestAllProtocolsShareOneMapping(t *testing.T) {
	h := newMappingHome(t, natlab.New(t), "home")
	h.startRouter()
	socket := h.inside.ListenUDP(mappedPort)
	keep := h.keep(0)
	for range 3 {
		if got := nextReport(t, keep); got.External != netip.AddrPortFrom(claimedAddress, mappedPort) {
			t.Errorf("%s: external endpoint %v, want port %d like the others", got.Protocol, got.External, mappedPort)
		}
	}
	if !h.arrives(socket, mappedPort, 20) {
		t.Error("the stranger's packet does not arrive")
	}
	keep.Signal(syscall.SIGTERM)
	keep.WaitLine(hang, "ended")
	h.home.FlushConntrack()
	if h.arrives(socket, mappedPort, 3) {
		t.Error("a packet arrives after the mappings should have been removed")
	}
}

func TestRouterThatOffersNothingIsNoProblem(t *testing.T) {
	h := newMappingHome(t, natlab.New(t), "home")
	received := h.home.Router.Capture()
	keep := h.keep(0)
	eventually(t, "requests by all protocols", func() bool {
		return received.Count(requests[portmap.PCP]) > 0 && received.Count(requests[portmap.NATPMP]) > 0 &&
			received.Count(func(p natlab.Packet) bool { return p.Dst.Port() == 1900 }) > 0
	})
	keep.Signal(syscall.SIGTERM)
	keep.WaitLine(hang, "ended")
	if output := keep.Stdout() + keep.Stderr(); output != "ended\n" {
		t.Errorf("output %q, want nothing but the end", output)
	}
}

// routerAge asks the router for the seconds since it started (RFC 6886
// section 3.2), -1 if it does not answer.
func (h *mappingHome) routerAge() int {
	h.t.Helper()
	socket := h.inside.ListenUDP(0)
	defer socket.Close()
	if _, err := socket.WriteToUDPAddrPort([]byte{0, 0}, netip.AddrPortFrom(h.home.Gateway(), 5351)); err != nil {
		h.t.Fatal(err)
	}
	answer := make([]byte, 12)
	if err := socket.SetReadDeadline(time.Now().Add(time.Second)); err != nil {
		h.t.Fatal(err)
	}
	if _, _, err := socket.ReadFromUDPAddrPort(answer); err != nil {
		return -1
	}
	return int(binary.BigEndian.Uint32(answer[4:]))
}

// eventually polls until the condition holds, for as long as hang.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(hang); !holds(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain for %s", what)
		}
	}
}
