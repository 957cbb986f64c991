package natcheck_test

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"reflect"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"

	"peerd/internal/natlab"
	"peerd/internal/natlab/nat"
	"peerd/internal/portmap"
	"peerd/punch/natcheck"
	"peerd/wire"
)

// internetHops puts routers between the homes and the rendezvous, as there are
// on the internet.
const internetHops = 6

// newInternet runs a rendezvous with two addresses.
func newInternet(t *testing.T) (*natlab.Lab, netip.AddrPort) {
	t.Helper()
	lab := natlab.New(t, natlab.Hops(internetHops))
	vps := lab.PublicHost("vps", natlab.Link{})
	lab.AddPublicAddress(vps)
	return lab, startRendezvous(t, vps)
}

// report makes a report without a lifetime.
func report(mapping wire.Mapping, filtering wire.Filtering, allocation wire.Allocation) wire.NATReport {
	return wire.NATReport{Mapping: mapping, Filtering: filtering, Allocation: allocation}
}

func TestEveryKindOfRouterIsRecognised(t *testing.T) {
	lab, server := newInternet(t)
	for _, test := range []struct {
		name string
		kind natlab.NAT
		opts []natlab.Option
		want wire.NATReport
		step int
		turn natcheck.Answer
	}{
		{name: "masquerade", kind: natlab.Masquerade,
			want: report(wire.MappingEIM, wire.FilteringAPDF, wire.AllocationPreserving)},
		{name: "masquerade with hairpin", kind: natlab.Masquerade, opts: []natlab.Option{natlab.Hairpin()},
			want: report(wire.MappingEIM, wire.FilteringAPDF, wire.AllocationPreserving), turn: natcheck.Yes},
		{name: "open input", kind: natlab.InputAccept,
			want: report(wire.MappingEIM, wire.FilteringAPDF, wire.AllocationPreserving)},
		{name: "full cone", kind: natlab.FullCone,
			want: report(wire.MappingEIM, wire.FilteringEIF, wire.AllocationPreserving)},
		{name: "fully random", kind: natlab.FullyRandom,
			want: report(wire.MappingAPDM, wire.FilteringAPDF, wire.AllocationRandom)},
		{name: "sequential", kind: natlab.Sequential,
			want: report(wire.MappingAPDM, wire.FilteringAPDF, wire.AllocationSequential), step: 1},
		{name: "address-dependent", kind: natlab.Userspace(nat.Behaviour{Mapping: nat.ADM, Filtering: nat.ADF, Allocation: nat.Random}),
			want: report(wire.MappingADM, wire.FilteringADF, wire.AllocationRandom)},
		{name: "address-dependent, strict", kind: natlab.Userspace(nat.Behaviour{Mapping: nat.ADM, Filtering: nat.APDF, Allocation: nat.Random}),
			want: report(wire.MappingADM, wire.FilteringAPDF, wire.AllocationRandom)},
		{name: "symmetric but open", kind: natlab.Userspace(nat.Behaviour{Mapping: nat.APDM, Filtering: nat.EIF, Allocation: nat.Random}),
			want: report(wire.MappingAPDM, wire.FilteringEIF, wire.AllocationRandom)},
		{name: "EIM and ADF with hairpin", kind: natlab.Userspace(nat.Behaviour{Filtering: nat.ADF, Hairpin: true}),
			want: report(wire.MappingEIM, wire.FilteringADF, wire.AllocationPreserving), turn: natcheck.Yes},
		{name: "counts down in steps of three", kind: natlab.Userspace(nat.Behaviour{Mapping: nat.APDM, Filtering: nat.APDF, Allocation: nat.Sequential, Step: -3}),
			want: report(wire.MappingAPDM, wire.FilteringAPDF, wire.AllocationSequential), step: -3},
		{name: "symmetric but preserving", kind: natlab.Userspace(nat.Behaviour{Mapping: nat.APDM, Filtering: nat.APDF}),
			want: report(wire.MappingAPDM, wire.FilteringAPDF, wire.AllocationPreserving)},
	} {
		home := lab.Home(test.name, test.kind, natlab.Link{}, test.opts...)
		config := configFor(t, home.Host(test.name), server)
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got := natcheck.Measure(t.Context(), config)
			if got.Report != test.want || got.Step != test.step {
				t.Errorf("classified as %+v, step %d, want %+v, step %d", got.Report, got.Step, test.want, test.step)
			}
			if want := max(test.turn, natcheck.No); got.Hairpin != want {
				t.Errorf("hairpin: %v, want %v", got.Hairpin, want)
			}
			if len(got.OwnHops) != 1 || got.OwnHops[0].Router != home.Gateway() || got.OpenerTTL != 2 {
				t.Errorf("hops of ours %v, opener TTL %d, want %v and 2", got.OwnHops, got.OpenerTTL, home.Gateway())
			}
			if len(got.NotMeasured) != 0 {
				t.Errorf("not measured: %v", got.NotMeasured)
			}
		})
	}
}

func TestPortBlocksAreLearned(t *testing.T) {
	lab, server := newInternet(t)
	for _, test := range []struct {
		name        string
		first, last uint16
	}{
		{"1,024 ports", 20_000, 21_023},
		{"512 ports", 40_960, 41_471},
	} {
		kind := natlab.Userspace(nat.Behaviour{Mapping: nat.APDM, Filtering: nat.APDF, Allocation: nat.Random})
		home := lab.Home(test.name, kind, natlab.Link{}, natlab.PortBlock(test.first, test.last))
		config := configFor(t, home.Host(test.name), server)
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got := natcheck.Measure(t.Context(), config).Report
			if got.Mapping != wire.MappingAPDM || got.Allocation != wire.AllocationBlock {
				t.Fatalf("classified as %+v, want a symmetric NAT with a block", got)
			}
			seen, size := int(got.LastPort)-int(got.FirstPort), int(test.last)-int(test.first)
			if got.FirstPort < test.first || got.LastPort > test.last || seen < size/2 {
				t.Errorf("block %d to %d, want at least half of %d to %d", got.FirstPort, got.LastPort, test.first, test.last)
			}
		})
	}
}

func TestStepAndDriftAreSeenThroughOtherTraffic(t *testing.T) {
	lab, server := newInternet(t)
	kind := natlab.Userspace(nat.Behaviour{Mapping: nat.APDM, Filtering: nat.APDF, Allocation: nat.Sequential, Step: 2})
	home := lab.Home("home", kind, natlab.Link{})
	home.BackgroundTraffic(200)
	got := natcheck.Measure(t.Context(), configFor(t, home.Host("alice"), server))
	if got.Report.Allocation != wire.AllocationSequential || got.Step != 2 {
		t.Errorf("classified as %+v, step %d, want sequential, step 2", got.Report, got.Step)
	}
	if got.Drift <= 0 {
		t.Errorf("drift %v, want more than nothing; not measured: %v", got.Drift, got.NotMeasured)
	}
}

func TestACarriersNATIsAHopOfOurs(t *testing.T) {
	lab, server := newInternet(t)
	for name, kinds := range map[string]struct{ carrier, home natlab.NAT }{
		"kernel":    {natlab.FullyRandom, natlab.Masquerade},
		"userspace": {natlab.Userspace(nat.Behaviour{Mapping: nat.APDM, Allocation: nat.Random}), natlab.Userspace(nat.Behaviour{})},
	} {
		carrier := lab.CarrierNAT(name+" carrier", kinds.carrier, natlab.Link{})
		home := carrier.Home(name, kinds.home, natlab.Link{})
		config := configFor(t, home.Host(name), server)
		t.Run(name, func(t *testing.T) {
			got := natcheck.Measure(t.Context(), config)
			if len(got.OwnHops) != 2 || got.OwnHops[0].Router != home.Gateway() || got.OpenerTTL != 3 {
				t.Errorf("hops of ours %v, opener TTL %d, want two and 3", got.OwnHops, got.OpenerTTL)
			}
			if got.Report.Mapping != wire.MappingAPDM || got.Report.Allocation != wire.AllocationRandom {
				t.Errorf("classified as %+v, want what the outer NAT is", got.Report)
			}
		})
	}
}

func TestEveryRouterOfOursIsAskedForPortMapping(t *testing.T) {
	lab, server := newInternet(t)
	carrier := lab.CarrierNAT("carrier", natlab.FullyRandom, natlab.Link{})
	home := carrier.Home("home", natlab.Masquerade, natlab.Link{})
	config := configFor(t, home.Host("alice"), server)
	inside := netip.MustParseAddr("100.64.0.1")
	for router, node := range map[netip.Addr]*natlab.Node{home.Gateway(): home.Node, inside: carrier.Node} {
		serveNATPMP(t, node.ListenUDPAt(netip.AddrPortFrom(router, 5351)), node.Addr())
	}
	got := natcheck.Measure(t.Context(), config)
	want := []natcheck.Hop{
		{Router: home.Gateway(), Service: portmap.Service{Protocols: []portmap.Protocol{portmap.NATPMP}, External: home.Addr()}},
		{Router: inside, Service: portmap.Service{Protocols: []portmap.Protocol{portmap.NATPMP}, External: carrier.Addr()}},
	}
	if !reflect.DeepEqual(got.OwnHops, want) {
		t.Errorf("hops of ours %v, want %v", got.OwnHops, want)
	}
}

// serveNATPMP answers the question for the external address (RFC 6886 section
// 3.2).
func serveNATPMP(t *testing.T, conn *net.UDPConn, external netip.Addr) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		buffer := make([]byte, 1100)
		for {
			n, from, err := conn.ReadFromUDPAddrPort(buffer)
			if err != nil {
				return
			}
			if n == 2 && buffer[0] == 0 && buffer[1] == 0 {
				answer := append([]byte{0, 128, 0, 0, 0, 0, 0, 1}, external.AsSlice()...)
				_, _ = conn.WriteToUDPAddrPort(answer, from)
			}
		}
	}()
	t.Cleanup(func() {
		conn.Close()
		<-done
	})
}

func TestAPublicHostHasNoNAT(t *testing.T) {
	lab, server := newInternet(t)
	got := natcheck.Measure(t.Context(), configFor(t, lab.PublicHost("peer", natlab.Link{}), server))
	if want := report(wire.MappingNone, wire.FilteringEIF, wire.AllocationUnknown); got.Report != want {
		t.Errorf("classified as %+v, want %+v", got.Report, want)
	}
	if len(got.OwnHops) != 0 || got.OpenerTTL != 1 || got.Hairpin != natcheck.Unknown {
		t.Errorf("hops of ours %v, opener TTL %d, hairpin %v, want none, 1 and unknown", got.OwnHops, got.OpenerTTL, got.Hairpin)
	}
}

func TestWhatOneAddressCannotTellIsNamed(t *testing.T) {
	lab := natlab.New(t, natlab.Hops(internetHops))
	server := startRendezvous(t, lab.PublicHost("vps", natlab.Link{}))
	home := lab.Home("home", natlab.Userspace(nat.Behaviour{Mapping: nat.ADM, Filtering: nat.ADF}), natlab.Link{})
	got := natcheck.Measure(t.Context(), configFor(t, home.Host("alice"), server))
	if want := report(wire.MappingEIM, wire.FilteringUnknown, wire.AllocationPreserving); got.Report != want {
		t.Errorf("classified as %+v, want %+v", got.Report, want)
	}
	want := []natcheck.Gap{{natcheck.Filtering, natcheck.OneAddress}, {natcheck.Mapping, natcheck.OneAddress}}
	if !slices.Equal(got.NotMeasured, want) {
		t.Errorf("not measured: %v, want %v", got.NotMeasured, want)
	}
}

// A router that bans whoever surprises it must ban nobody whom we need.
func TestRouterThatPunishesSurprisesKeepsTheRendezvous(t *testing.T) {
	lab, server := newInternet(t)
	for _, filtering := range []nat.Filtering{nat.ADF, nat.APDF} {
		t.Run(filtering.String(), func(t *testing.T) {
			kind := natlab.Userspace(nat.Behaviour{Filtering: filtering, Strike: 10 * hangGuard})
			home := lab.Home(filtering.String(), kind, natlab.Link{})
			alice := home.Host(filtering.String())
			got := natcheck.Measure(t.Context(), configFor(t, alice, server))
			want := report(wire.MappingEIM, wire.FilteringADF+wire.Filtering(filtering-nat.ADF), wire.AllocationPreserving)
			if got.Report != want || len(got.NotMeasured) != 0 {
				t.Errorf("classified as %+v without %v, want %+v", got.Report, got.NotMeasured, want)
			}
			if home.Dropped(nat.Unsolicited) == 0 {
				t.Fatal("the router was not surprised: this proves nothing")
			}

			config := configFor(t, alice, server) // the main address still answers
			again := natcheck.Measure(t.Context(), config)
			if silent := (natcheck.Gap{Aspect: natcheck.Filtering, Reason: natcheck.OtherAddressSilent}); !slices.Contains(again.NotMeasured, silent) {
				t.Errorf("not measured during the ban: %v, want %v among it", again.NotMeasured, silent)
			}
			configFor(t, alice, server)
		})
	}
}

func TestNothingIsLeftBehind(t *testing.T) {
	lab, server := newInternet(t)
	home := lab.Home("home", natlab.Masquerade, natlab.Link{})
	config := configFor(t, home.Host("alice"), server)
	var opened []*net.UDPConn
	listen := config.Listen
	var mu sync.Mutex
	config.Listen = func() (*net.UDPConn, error) {
		conn, err := listen()
		mu.Lock()
		defer mu.Unlock()
		opened = append(opened, conn)
		return conn, err
	}
	before := runtime.NumGoroutine()
	natcheck.Measure(t.Context(), config)
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	natcheck.Measure(canceled, config)
	for _, conn := range opened {
		if err := conn.SetDeadline(time.Time{}); !errors.Is(err, net.ErrClosed) {
			t.Errorf("socket %v is still open", conn.LocalAddr())
		}
	}
	for guard := time.Now().Add(hangGuard); runtime.NumGoroutine() > before; runtime.Gosched() {
		if time.Now().After(guard) {
			t.Fatalf("%d goroutines, %d before", runtime.NumGoroutine(), before)
		}
	}
}

func TestWithoutAnAnswerNothingIsClaimed(t *testing.T) {
	lab, server := newInternet(t)
	home := lab.Home("home", natlab.Masquerade, natlab.Link{})
	config := configFor(t, home.Host("alice"), server)
	home.SetDown()
	got := natcheck.Measure(t.Context(), config)
	if got.Report != (wire.NATReport{}) || got.OpenerTTL != 0 || got.Hairpin != natcheck.Unknown {
		t.Errorf("claims %+v", got)
	}
	for _, aspect := range []natcheck.Aspect{natcheck.Mapping, natcheck.Filtering, natcheck.Allocation, natcheck.Hairpin, natcheck.Hops} {
		if !slices.ContainsFunc(got.NotMeasured, func(g natcheck.Gap) bool { return g.Aspect == aspect }) {
			t.Errorf("%s is not named among %v", aspect, got.NotMeasured)
		}
	}
}
