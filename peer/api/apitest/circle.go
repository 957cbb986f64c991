package apitest

import (
	"net/netip"
	"strings"
	"time"

	"peerd/peer/api"
)

// Circle returns Alice's daemon, in a circle with everything a user can meet:
// bob (direct), nas (relayed), carol (offline), 小明 (a wide name), mallory
// (her key has changed) and a peer whose name attacks the terminal.
func Circle() *Daemon {
	d := New(Alice(),
		api.Peer{
			Name: "bob", Key: key('b'), Online: true, Path: api.PathDirect, Transport: api.TransportUDP,
			Endpoint: netip.MustParseAddrPort("198.51.100.7:4164"), RTT: rtt(18204),
		},
		api.Peer{
			Name: "nas", Key: key('n'), Online: true, Path: api.PathRelay, Transport: api.TransportUDP, RTT: rtt(61000),
		},
		api.Peer{
			Name: "carol", Key: key('c'), Path: api.PathNone,
			LastSeen: api.At(time.Now().Add(-3*time.Hour - time.Minute)),
		},
		api.Peer{
			Name: "小明", Key: key('x'), Online: true, Path: api.PathDirect, Transport: api.TransportTCP,
			Endpoint: netip.MustParseAddrPort("[2001:db8::7]:443"), RTT: rtt(7512),
		},
		api.Peer{Name: "mallory", Key: key('m'), Online: true, Path: api.PathNone},
		api.Peer{Name: "e\x1b]52;c;aGk=\x07\u202evil", Key: key('e'), Path: api.PathNone},
	)
	d.Know(api.Contact{PinnedName: "bob", Key: key('b'), Roster: api.RosterAgrees})
	d.Know(api.Contact{PinnedName: "carol", Key: key('c'), Roster: api.RosterAgrees})
	d.Know(api.Contact{PinnedName: "mallory", Key: key('o'), Roster: api.RosterChanged, RosterKey: key('m'), Queued: 2})
	d.Refuse("mallory", api.KeyChanged("mallory"))
	d.Explain(whyNAS())
	d.Explain(whyBob())
	d.Explain(api.Why{Peer: "carol", Reason: api.ReasonPeerOffline, Remedy: api.RemedyAwaitPeer})
	d.Classify(api.Netcheck{
		Hairpin: "no",
		OwnHops: []api.Hop{
			{Address: netip.MustParseAddr("192.168.1.1"), PortMapping: []string{"nat-pmp"}, Outside: netip.MustParseAddr("100.64.0.7")},
			{Address: netip.MustParseAddr("100.64.0.1"), PortMapping: []string{}},
		},
		OpenerTTL:   3,
		NotMeasured: []api.NotMeasured{{Aspect: "lifetime", Reason: "pending"}},
		Took:        rtt(1_312_000),
	})
	return d
}

// Alice is the status of Circle's daemon.
func Alice() api.Status {
	return api.Status{
		Name: "alice", Key: key('a'), Circle: "home",
		Rendezvous: api.Rendezvous{
			Addr: "vps1.example:7700", State: api.RendezvousOnline, RTT: rtt(12345), Transport: api.TransportUDP,
		},
		NAT: api.NAT{
			Mapping: "apdm", Filtering: "apdf", Allocation: "random",
			Observed: netip.MustParseAddrPort("203.0.113.5:40001"),
			Local:    []netip.AddrPort{netip.MustParseAddrPort("192.168.1.20:40001")},
		},
		UDP: true,
	}
}

func key(letter byte) string { return strings.Repeat(string(letter), 52) }

func rtt(microseconds int) api.Milliseconds {
	return api.Milliseconds(time.Duration(microseconds) * time.Microsecond)
}
