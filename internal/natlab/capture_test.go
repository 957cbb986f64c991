//go:build linux

package natlab_test

import (
	"fmt"
	"net/netip"
	"testing"

	"peerd/internal/natlab"
)

func TestCaptureSeesEachPacketOnceWithItsAddresses(t *testing.T) {
	lab := natlab.New(t)
	srv := startServer(t, lab.PublicHost("vps", natlab.Link{}), 3478)
	home := lab.Home("home", natlab.FullyRandom, natlab.Link{})
	alice := home.Host("alice")
	conn := alice.ListenUDP(5000)
	internet, router, host := lab.Capture(), home.Capture(), alice.Capture()
	mapping := srv.observed(conn)

	for name, view := range map[string]struct {
		capture *natlab.Capture
		flows   []string
	}{
		"internet": {internet, []string{flow(mapping, srv.addr()), flow(srv.addr(), mapping)}},
		"router":   {router, []string{flow(local(conn), srv.addr()), flow(srv.addr(), mapping)}},
		"host":     {host, []string{flow(srv.addr(), local(conn))}},
	} {
		packets := view.capture.Packets()
		if len(packets) != len(view.flows) {
			t.Errorf("%s saw %v, want %v", name, packets, view.flows)
			continue
		}
		for i, p := range packets {
			if flow(p.Src, p.Dst) != view.flows[i] || p.Protocol != natlab.UDP || p.Length != 28+len(p.Payload) {
				t.Errorf("%s: packet %d is %v, want UDP %s", name, i, p, view.flows[i])
			}
		}
	}
}

func flow(src, dst netip.AddrPort) string { return fmt.Sprintf("%v > %v", src, dst) }

func TestEveryRouterLowersTheTTL(t *testing.T) {
	lab := natlab.New(t)
	vps := lab.PublicHost("vps", natlab.Link{})
	srv := startServer(t, vps, 3478)
	isp := lab.CarrierNAT("isp", natlab.Masquerade, natlab.Link{})
	conn := isp.Home("home", natlab.Masquerade, natlab.Link{}).Host("alice").ListenUDP(0)
	capture := vps.Capture()
	srv.observed(conn)
	packets := capture.Packets()
	const initial, routers = 64, 3 // home, carrier, internet
	if len(packets) != 1 || packets[0].TTL != initial-routers {
		t.Errorf("the server received %v, want one packet with TTL %d", packets, initial-routers)
	}
}

func TestClosedCaptureKeepsWhatItSaw(t *testing.T) {
	lab := natlab.New(t)
	srv := startServer(t, lab.PublicHost("vps", natlab.Link{}), 3478)
	conn := lab.PublicHost("peer", natlab.Link{}).ListenUDP(0)
	capture := lab.Capture()
	srv.observed(conn)
	capture.Close()
	before := len(capture.Packets())
	srv.observed(conn)
	if after := len(capture.Packets()); before == 0 || after != before {
		t.Errorf("%d packets when it was closed, %d later", before, after)
	}
}
