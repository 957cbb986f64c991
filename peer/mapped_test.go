package peer

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"testing"
	"time"

	"peerd/internal/netwatch"
	"peerd/internal/portmap"
	"peerd/wire"
)

// A testRouter is a PortMapper that promises what the test says.
type testRouter struct {
	asked   chan portmap.Config
	report  func(portmap.Mapping)
	removed chan struct{} // closed when it has taken its time to remove the mappings
}

func newTestRouter() *testRouter {
	return &testRouter{asked: make(chan portmap.Config, 1), removed: make(chan struct{})}
}

func (r *testRouter) keep(ctx context.Context, config portmap.Config, report func(portmap.Mapping)) error {
	r.report = report
	r.asked <- config
	<-ctx.Done()
	time.Sleep(50 * time.Millisecond) // Close must not overtake this
	close(r.removed)
	return nil
}

// joinMapped starts a daemon behind the router. It sends to the rendezvous on
// loopback alone.
func (c *circle) joinMapped(name, listen string, router *testRouter) *Daemon {
	c.t.Helper()
	d, err := Start(Config{
		StateDir: c.t.TempDir(), Listen: listen, Name: name, Invite: &c.invite,
		PortMapper: router.keep, Logger: testLogger(c.t, name),
	})
	if err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(func() { d.Close() })
	if err := d.AwaitOnline(c.guard()); err != nil {
		c.t.Fatal(err)
	}
	return d
}

func mapping(external string, protocol portmap.Protocol) portmap.Mapping {
	m := portmap.Mapping{Protocol: protocol, Gateway: netip.MustParseAddr("192.168.1.1")}
	if external != "" {
		m.External = netip.MustParseAddrPort(external)
	}
	return m
}

// mappedTo lists the mapped candidates that d names.
func mappedTo(d *Daemon) []string {
	var endpoints []string
	candidates, _ := d.whereabouts()
	for _, candidate := range candidates {
		if candidate.Kind == wire.CandidateMapped {
			endpoints = append(endpoints, candidate.Endpoint.String())
		}
	}
	return endpoints
}

func TestMappedPortIsOfferedWhileTheRouterKeepsIt(t *testing.T) {
	router := newTestRouter()
	d := newCircle(t).joinMapped("alice", "0.0.0.0:0", router)
	if config := <-router.asked; config.Port != d.socket.Addr().Port() {
		t.Errorf("asked for port %d, want %d", config.Port, d.socket.Addr().Port())
	}
	const first, second, private = "198.51.100.1:40000", "198.51.100.1:40001", "100.64.0.2:40000"
	for _, step := range []struct {
		proves string
		report portmap.Mapping
		want   []string
	}{
		{"a mapping is offered", mapping(first, portmap.PCP), []string{first}},
		{"another protocol's report of the same is nothing new", mapping(first, portmap.UPnP), []string{first}},
		{"a moved one is offered where it is", mapping(second, portmap.UPnP), []string{first, second}},
		{"more than two are not offered", mapping("198.51.100.1:40002", portmap.NATPMP), []string{first, second}},
		{"those on the internet come before one behind another NAT", mapping(private, portmap.NATPMP), []string{first, second}},
		{"a lost one is not offered", mapping("", portmap.PCP), []string{second, private}},
		{"one behind another NAT is for neighbours", mapping("", portmap.UPnP), []string{private}},
		{"an address of nobody's is not offered", mapping("0.0.0.0:40000", portmap.NATPMP), nil},
		{"nothing is left in the end", mapping("", portmap.NATPMP), nil},
	} {
		router.report(step.report)
		if got := mappedTo(d); !slices.Equal(got, step.want) {
			t.Errorf("%s: offers %v, want %v", step.proves, got, step.want)
		}
		status, err := d.Status(t.Context())
		if shown := fmt.Sprint(status.NAT.Mapped); err != nil || shown != fmt.Sprint(step.want) {
			t.Errorf("%s: status shows %v (%v), want %v", step.proves, shown, err, step.want)
		}
	}
}

// TestCloseWaitsUntilTheMappingIsRemoved proves that a daemon that ends leaves
// no open port behind.
func TestCloseWaitsUntilTheMappingIsRemoved(t *testing.T) {
	router := newTestRouter()
	d := newCircle(t).joinMapped("alice", "0.0.0.0:0", router)
	<-router.asked
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	select {
	case <-router.removed:
	default:
		t.Error("the daemon is closed, and the mapping is not removed yet")
	}
}

// TestMappingsAreDoubtedWithTheNetwork proves that the router is asked again
// when the host was moved, or asleep, and when the router itself has changed.
func TestMappingsAreDoubtedWithTheNetwork(t *testing.T) {
	router := newTestRouter()
	d := newCircle(t).joinMapped("alice", "0.0.0.0:0", router)
	doubts := (<-router.asked).Doubts
	for what, happens := range map[string]func(){
		"the network is another one":   func() { d.networkChanged(netwatch.Rewired) },
		"the host was asleep":          func() { d.networkChanged(netwatch.Woken) },
		"the router has a new address": func() { d.routerChanged(observation{}, netip.MustParseAddrPort("198.51.100.2:4000")) },
	} {
		happens()
		select {
		case <-doubts:
		default:
			t.Errorf("%s, and the mapping is not doubted", what)
		}
	}
}

// TestLoopbackIsNeverMapped proves that whoever keeps to this machine sends
// nothing to the router in front of it.
func TestLoopbackIsNeverMapped(t *testing.T) {
	router := newTestRouter()
	d := newCircle(t).joinMapped("alice", "127.0.0.1:0", router)
	if err := d.Close(); err != nil { // waits for whoever would ask
		t.Fatal(err)
	}
	if len(router.asked) > 0 {
		t.Error("the router is asked to forward to loopback")
	}
}

func TestOnlyReachableSocketsAreMapped(t *testing.T) {
	for addr, want := range map[string]bool{
		"::":             true,
		"0.0.0.0":        true,
		"192.168.1.2":    true,
		"127.0.0.1":      false,
		"::1":            false,
		"198.51.100.7":   false, // no NAT in front of it
		"2001:db8::7":    false,
		"fd00::7":        false, // mappings are IPv4's
		"169.254.10.100": false,
	} {
		if got := mayBeForwardedTo(netip.MustParseAddr(addr)); got != want {
			t.Errorf("bound to %s: mapped is %v, want %v", addr, got, want)
		}
	}
}

// TestNothingMapsUnlessToldTo proves that a zero Config sends nothing to
// routers, which tests rely on.
func TestNothingMapsUnlessToldTo(t *testing.T) {
	d := newCircle(t).join("alice")
	if d.config.PortMapper != nil {
		t.Error("a port mapper is there that nobody asked for")
	}
	d.keepMapped() // returns, for there is nothing to do
}
