//go:build linux

package natlab_test

import (
	"net/netip"
	"testing"
	"time"

	"peerd/internal/natlab"
	"peerd/internal/natlab/nat"
)

func TestRoutersCountTheirFlows(t *testing.T) {
	symmetric := natlab.Userspace(nat.Behaviour{Mapping: nat.APDM, Filtering: nat.APDF})
	for _, c := range []struct {
		nat  natlab.NAT
		want natlab.Flows
	}{
		{natlab.Masquerade, natlab.Flows{Mappings: 1, Open: 3, Opened: 3}},
		{natlab.FullyRandom, natlab.Flows{Mappings: 3, Open: 3, Opened: 3}},
		{natlab.FullCone, natlab.Flows{Mappings: 1, Open: 3, Opened: 3}},
		{restricted, natlab.Flows{Mappings: 1, Open: 3, Opened: 3}},
		{symmetric, natlab.Flows{Mappings: 3, Open: 3, Opened: 3}},
	} {
		t.Run(c.nat.String(), func(t *testing.T) {
			lab := natlab.New(t)
			vps := lab.PublicHost("vps", natlab.Link{})
			home := lab.Home("home", c.nat, natlab.Link{})
			conn := home.Host("alice").ListenUDP(5000)
			for port := range uint16(3) {
				srv := startServer(t, vps, 3478+port)
				srv.observed(conn)
				srv.observed(conn)
			}
			if got := home.Flows(); got != c.want {
				t.Errorf("%+v, want %+v", got, c.want)
			}
			home.FlushConntrack()
			if got, want := home.Flows(), (natlab.Flows{Opened: c.want.Opened}); got != want {
				t.Errorf("%+v after a reboot, want %+v", got, want)
			}
		})
	}
}

func TestBackgroundTrafficMovesTheSequence(t *testing.T) {
	for _, kind := range []natlab.NAT{
		natlab.Sequential,
		natlab.Userspace(nat.Behaviour{Mapping: nat.APDM, Filtering: nat.APDF, Allocation: nat.Sequential}),
		natlab.Userspace(nat.Behaviour{Allocation: nat.Sequential}),
	} {
		t.Run(kind.String(), func(t *testing.T) {
			lab := natlab.New(t)
			vps := lab.PublicHost("vps", natlab.Link{})
			first, second := startServer(t, vps, 3478), startServer(t, vps, 3479)
			home := lab.Home("home", kind, natlab.Link{})
			alice := home.Host("alice")

			before := first.observed(alice.ListenUDP(0)).Port()
			home.BackgroundTraffic(500)
			eventually(t, "ten flows are opened", func() bool { return home.Flows().Opened > 10 })
			home.BackgroundTraffic(0)
			opened := home.Flows().Opened
			after := second.observed(alice.ListenUDP(0)).Port()
			if moved := int(after - before); moved != opened {
				t.Errorf("the sequence moved by %d while %d flows were opened", moved, opened)
			}
			if got := home.Flows().Opened; got != opened+1 {
				t.Errorf("%d flows were opened after the traffic stopped", got-opened-1)
			}
		})
	}
}

// Behind a carrier with a NAT in user space, and a home router of each make.
func TestUserspaceCarrier(t *testing.T) {
	lab := natlab.New(t)
	srv := startServer(t, lab.PublicHost("vps", natlab.Link{}), 3478)
	behaviour := nat.Behaviour{Filtering: nat.APDF, Allocation: nat.Random}
	isp := lab.CarrierNAT("isp", natlab.Userspace(behaviour), natlab.Link{}, natlab.Hairpin(), natlab.PortBlock(40000, 40063))
	kernel := isp.Home("kernel", natlab.Masquerade, natlab.Link{Delay: time.Millisecond})
	userspace := isp.Home("userspace", restricted, natlab.Link{})
	alice, bob := kernel.Host("alice").ListenUDP(5000), userspace.Host("bob").ListenUDP(6000)
	for _, mapping := range []netip.AddrPort{srv.observed(alice), srv.observed(bob)} {
		if mapping.Port() < 40000 || mapping.Port() > 40063 {
			t.Errorf("observed %v, outside the carrier's port block", mapping)
		}
	}
	if !punch(t, srv, alice, bob, true) {
		t.Error("customers do not reach each other by hairpin")
	}
}
