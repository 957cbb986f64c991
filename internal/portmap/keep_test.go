package portmap

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func TestKeepRefusesWhatCannotBe(t *testing.T) {
	for _, c := range []struct {
		config Config
		want   string
	}{
		{Config{}, "port 0"},
		{Config{Port: 1, Protocols: []Protocol{"igd"}}, `unknown protocol "igd"`},
		{Config{Port: 1, Lifetime: time.Millisecond}, "1ms"},
		{Config{Port: 1, Lifetime: -time.Second}, "-1s"},
	} {
		if err := Keep(t.Context(), c.config, nil); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: error %v, want one about %s", c.config, err, c.want)
		}
	}
}

// TestDoubtsAreActedUponAtOnce proves that neither another network nor a router
// that forgot without a word has to wait for its time.
func TestDoubtsAreActedUponAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		home := gateway{netip.MustParseAddr("192.168.1.1"), netip.MustParseAddr("192.168.1.2"), "wlan0"}
		doubts := make(chan struct{})
		config := Config{Port: 40_000, Protocols: []Protocol{NATPMP}, Doubts: doubts}
		k, err := newKeeper(config, func(Mapping) {})
		if err != nil {
			t.Fatal(err)
		}
		near, far := net.Pipe()
		router := newTestRouter(far)
		go router.serve()
		k.dial = func(context.Context, gateway) (net.Conn, error) { return near, nil }
		var routes atomic.Pointer[[]gateway]
		routes.Store(&[]gateway{})
		k.gateways = func() ([]gateway, error) { return *routes.Load(), nil }
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() {
			defer close(done)
			k.keep(ctx)
		}()
		synctest.Wait()
		routes.Store(&[]gateway{home})
		doubts <- struct{}{}
		synctest.Wait()
		if !router.hasMapping() {
			t.Error("a new gateway is not asked at once")
		}

		time.Sleep(refreshSpacing)
		router.restart()
		doubts <- struct{}{}
		synctest.Wait()
		if !router.hasMapping() {
			t.Error("a router that forgot is not asked at once")
		}
		cancel()
		<-done
	})
}

func TestGatewaysAreFollowed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		home := gateway{netip.MustParseAddr("192.168.1.1"), netip.MustParseAddr("192.168.1.2"), "wlan0"}
		cafe := gateway{netip.MustParseAddr("10.0.0.1"), netip.MustParseAddr("10.0.0.2"), "wlan0"}
		var got []Mapping
		k, err := newKeeper(Config{Port: 40_000, Protocols: []Protocol{PCP}}, func(m Mapping) { got = append(got, m) })
		if err != nil {
			t.Fatal(err)
		}
		k.dial = func(context.Context, gateway) (net.Conn, error) {
			near, far := net.Pipe()
			go newTestRouter(far).serve()
			return near, nil
		}
		at := func(g gateway, external netip.AddrPort) Mapping {
			m := Mapping{External: external, Protocol: PCP, Gateway: g.address}
			if external.IsValid() {
				m.Lifetime = defaultLifetime
			}
			return m
		}
		var routes atomic.Pointer[[]gateway] // nil: cannot be read
		routes.Store(&[]gateway{home})
		k.gateways = func() ([]gateway, error) {
			if present := routes.Load(); present != nil {
				return *present, nil
			}
			return nil, errors.New("no routes today")
		}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() {
			defer close(done)
			k.keep(ctx)
		}()
		synctest.Wait()
		if want := []Mapping{at(home, testExternal)}; !slices.Equal(got, want) {
			t.Errorf("at home %v, want %v", got, want)
		}

		got = nil
		routes.Store(&[]gateway{cafe})
		time.Sleep(gatewayInterval)
		synctest.Wait()
		slices.SortFunc(got, func(a, b Mapping) int { return a.External.Compare(b.External) })
		if want := []Mapping{at(home, lost), at(cafe, testExternal)}; !slices.Equal(got, want) {
			t.Errorf("after the move %v, want %v", got, want)
		}

		got = nil
		routes.Store(nil)
		time.Sleep(gatewayInterval)
		synctest.Wait()
		if len(got) != 0 {
			t.Errorf("when the routes cannot be read %v, want no change", got)
		}

		got = nil
		routes.Store(&[]gateway{})
		time.Sleep(gatewayInterval)
		synctest.Wait()
		if want := []Mapping{at(cafe, lost)}; !slices.Equal(got, want) {
			t.Errorf("without routes %v, want %v", got, want)
		}
		cancel()
		<-done
	})
}

func TestRouterIsAskedOnceThereIsASocketForIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		home := gateway{netip.MustParseAddr("192.168.1.1"), netip.MustParseAddr("192.168.1.2"), "wlan0"}
		k, err := newKeeper(Config{Port: 40_000, Protocols: []Protocol{NATPMP}}, func(Mapping) {})
		if err != nil {
			t.Fatal(err)
		}
		near, far := net.Pipe()
		router := newTestRouter(far)
		go router.serve()
		scarce := errors.New("too many open files")
		k.dial = func(context.Context, gateway) (net.Conn, error) {
			defer func() { scarce = nil }()
			return near, scarce
		}
		k.gateways = func() ([]gateway, error) { return []gateway{home}, nil }
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() {
			defer close(done)
			k.keep(ctx)
		}()
		time.Sleep(gatewayInterval)
		synctest.Wait()
		if !router.hasMapping() {
			t.Error("a socket that could not be had once is never asked for again")
		}
		cancel()
		<-done
		near.Close() // unless it was used
	})
}
