package netwatch

import (
	"context"
	"net"
	"net/netip"
	"os"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/vishvananda/netlink"

	"peerd/internal/leak"
	"peerd/internal/natlab"
)

func TestMain(m *testing.M) { os.Exit(natlab.Main(leak.Checked(m))) }

// hangGuard ends a test that waits for what does not come.
const hangGuard = 20 * time.Second

// TestKernelTells proves, on a host at home, that the kernel gives a hint for
// each thing that makes another network, and that a look then shows it.
func TestKernelTells(t *testing.T) {
	lab := natlab.New(t)
	host := lab.Home("home", natlab.Masquerade, natlab.Link{}).Host("alice")
	second := netip.MustParseAddr("192.168.77.7")

	var messages *os.File
	var before Network
	inside(t, host, func() (err error) {
		before = Look()
		messages, err = openRouteMessages()
		return err
	})
	if !slices.Equal(before.Addresses, []netip.Addr{host.Addr()}) || len(before.Routes) != 1 {
		t.Fatalf("at home: %+v, want the address %v and one default route", before, host.Addr())
	}

	hints := make(chan struct{}, 1)
	ctx, cancel := context.WithCancel(t.Context())
	var group sync.WaitGroup
	group.Go(func() { _ = forward(ctx, messages, hints) })
	defer group.Wait()
	defer cancel()

	steps := []struct {
		name string
		do   func(link netlink.Link) error
		want func(Network) bool
	}{
		{"another address", func(link netlink.Link) error {
			return netlink.AddrAdd(link, &netlink.Addr{IPNet: &net.IPNet{IP: second.AsSlice(), Mask: net.CIDRMask(24, 32)}})
		}, func(n Network) bool { return n.Has(second) && n.Has(host.Addr()) }},
		{"an address goes", func(link netlink.Link) error {
			return netlink.AddrDel(link, &netlink.Addr{IPNet: &net.IPNet{IP: second.AsSlice(), Mask: net.CIDRMask(24, 32)}})
		}, func(n Network) bool { return n.Equal(before) }},
		{"another gateway", func(link netlink.Link) error {
			gateway := host.Addr().Next()
			return netlink.RouteReplace(&netlink.Route{LinkIndex: link.Attrs().Index, Gw: gateway.AsSlice()})
		}, func(n Network) bool {
			return !n.Equal(before) && slices.Equal(n.Addresses, before.Addresses) && len(n.Routes) == 1
		}},
		{"the link goes down", netlink.LinkSetDown, func(n Network) bool { return len(n.Addresses)+len(n.Routes) == 0 }},
	}
	for _, step := range steps {
		inside(t, host, func() error {
			link, err := netlink.LinkByIndex(before.Routes[0].Link)
			if err != nil {
				return err
			}
			return step.do(link)
		})
		awaitNetwork(t, host, hints, step.name, step.want)
	}
}

// awaitNetwork looks after each hint until the network is as wanted.
func awaitNetwork(t *testing.T, host *natlab.Host, hints <-chan struct{}, name string, want func(Network) bool) {
	t.Helper()
	guard := time.After(hangGuard)
	for {
		select {
		case <-hints:
		case <-guard:
			t.Fatalf("%s: no hint led to the wanted network", name)
		}
		var now Network
		inside(t, host, func() error {
			now = Look()
			return nil
		})
		if want(now) {
			return
		}
	}
}

// inside runs f in the host's namespace.
func inside(t *testing.T, host *natlab.Host, f func() error) {
	t.Helper()
	if err := host.Do(f); err != nil {
		t.Fatal(err)
	}
}
