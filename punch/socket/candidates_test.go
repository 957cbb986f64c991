package socket

import (
	"net/netip"
	"slices"
	"testing"

	"peerd/punch"
	"peerd/wire"
)

// home is a peer behind a router, with one IPv4 and one IPv6 link.
var home = surroundings{
	bound:      netip.MustParseAddrPort("[::]:40000"),
	interfaces: prefixes("127.0.0.1/8", "192.168.1.5/24", "2001:db8:1::5/64", "fd00:1::5/64", "fe80::5/64"),
	routers:    []netip.Addr{netip.MustParseAddr("192.168.1.1")},
	observed:   netip.MustParseAddrPort("203.0.113.9:50000"),
}

func candidate(endpoint string, kind wire.CandidateKind) wire.Candidate {
	return wire.Candidate{Endpoint: netip.MustParseAddrPort(endpoint), Kind: kind}
}

// forbidden are endpoints that are no peer's for home, in the forms that have
// passed other programs' filters.
var forbidden = map[string]string{
	"loopback":                            "127.0.0.1:5000",
	"loopback, other end":                 "127.255.255.254:5000",
	"loopback, IPv4-mapped":               "[::ffff:127.0.0.1]:5000",
	"loopback, IPv6":                      "[::1]:5000",
	"loopback, IPv4-compatible":           "[::127.0.0.1]:5000",
	"loopback behind NAT64":               "[64:ff9b::7f00:1]:5000",
	"loopback behind local NAT64":         "[64:ff9b:1::7f00:1]:5000",
	"loopback behind 6to4":                "[2002:7f00:1::]:5000",
	"loopback behind Teredo":              "[2001:0:7f00:1::]:5000",
	"unspecified":                         "0.0.0.0:5000",
	"unspecified, IPv6":                   "[::]:5000",
	"unspecified, IPv4-mapped":            "[::ffff:0.0.0.0]:5000",
	"this network":                        "0.1.2.3:5000",
	"metadata service":                    "169.254.169.254:5000",
	"metadata service, IPv4-mapped":       "[::ffff:169.254.169.254]:5000",
	"metadata service behind NAT64":       "[64:ff9b::a9fe:a9fe]:5000",
	"link-local":                          "169.254.7.7:5000",
	"link-local, IPv6":                    "[fe80::1]:5000",
	"link-local with a zone":              "[fe80::1%eth0]:5000",
	"global with a zone":                  "[2001:db8::1%eth0]:5000",
	"unique local with a zone":            "[fd00:1::6%eth0]:5000",
	"site-local":                          "[fec0::1]:5000",
	"limited broadcast":                   "255.255.255.255:5000",
	"our link's broadcast":                "192.168.1.255:5000",
	"our link's old broadcast":            "192.168.1.0:5000",
	"our link's broadcast, IPv4-mapped":   "[::ffff:192.168.1.255]:5000",
	"reserved":                            "240.0.0.1:5000",
	"multicast":                           "224.0.0.251:5353",
	"multicast, IPv6":                     "[ff02::fb]:5353",
	"6to4 relay":                          "192.88.99.1:5000",
	"benchmarking":                        "198.18.0.1:5000",
	"protocol assignments":                "192.0.0.1:5000",
	"discard":                             "[100::1]:5000",
	"outside global unicast":              "[4000::1]:5000",
	"another home's link":                 "192.168.7.5:5000",
	"another home's link, IPv4-mapped":    "[::ffff:192.168.7.5]:5000",
	"another home's network":              "10.0.0.1:5000",
	"another home's third network":        "172.16.0.1:5000",
	"another carrier's customer":          "100.64.0.1:5000",
	"another home's unique local address": "[fd00:2::5]:5000",
	"port zero":                           "198.51.100.7:0",
	"a name server's port":                "198.51.100.7:53",
	"the last system port":                "198.51.100.7:1023",
	"our socket":                          "192.168.1.5:40000",
	"our socket, IPv6":                    "[2001:db8:1::5]:40000",
	"our observed endpoint":               "203.0.113.9:50000",

	"loopback, IPv4-translated":            "[::ffff:0:127.0.0.1]:5000",
	"loopback behind ISATAP":               "[2606:4700::5efe:7f00:1]:5000",
	"a private address behind ISATAP":      "[2606:4700::200:5efe:c0a8:105]:5000",
	"our link behind ISATAP":               "[fd00:1::5efe:c0a8:106]:5000",
	"a private address behind NAT64":       "[64:ff9b::c0a8:106]:5000",
	"a private address behind local NAT64": "[64:ff9b:1:c0a8:1:600::]:5000",
	"a private address behind 6to4":        "[2002:c0a8:106::1]:5000",
	"a private address behind Teredo":      "[2001:0:c000:201::3f57:fef9]:5000",
	"all nodes":                            "[ff02::1]:5000",
	"Amazon's metadata service":            "[fd00:ec2::254]:5000",
	"Google's metadata service":            "[fd20:ce::254]:5000",
	"Alibaba's metadata service":           "100.100.100.200:5000",
	"Azure's host":                         "168.63.129.16:32526",
	"new documentation range":              "[3fff::1]:5000",
	"our router":                           "192.168.1.1:5000",
	"our router, IPv4-mapped":              "[::ffff:192.168.1.1]:5000",
	"a service of our own":                 "192.168.1.5:5000",
	"a service of our own, IPv6":           "[2001:db8:1::5]:5000",
}

// TestT03ForbiddenCandidatesAreNotProbed proves it of every kind of candidate: what a
// peer or a rendezvous calls an endpoint makes it no better.
func TestT03ForbiddenCandidatesAreNotProbed(t *testing.T) {
	for name, endpoint := range forbidden {
		t.Run(name, func(t *testing.T) {
			for _, kind := range everyKind {
				got, leftOut := probeable([]wire.Candidate{candidate(endpoint, kind)}, home)
				if len(got) != 0 {
					t.Errorf("%v candidate is probed at %v", kind, got)
				}
				if len(leftOut) != 1 {
					t.Errorf("%v candidate is left out without a reason", kind)
				}
			}
		})
	}
}

// everyKind holds one that nobody knows, too.
var everyKind = []wire.CandidateKind{
	wire.CandidateLocal, wire.CandidateObserved, wire.CandidatePredicted, wire.CandidateMapped, wire.CandidateTCP, 99,
}

func TestProbeableCandidates(t *testing.T) {
	local := func(e string) wire.Candidate { return candidate(e, wire.CandidateLocal) }
	observed := func(e string) wire.Candidate { return candidate(e, wire.CandidateObserved) }
	loopback := surroundings{bound: netip.MustParseAddrPort("127.0.0.1:40000"), interfaces: home.interfaces}
	fourOnly := home
	fourOnly.bound = netip.MustParseAddrPort("0.0.0.0:40000")
	company := home
	company.observed = netip.MustParseAddrPort("10.1.0.5:40000")

	for name, test := range map[string]struct {
		here       surroundings
		candidates []wire.Candidate
		want       []string
	}{
		"public endpoints": {
			here:       home,
			candidates: []wire.Candidate{observed("8.8.4.4:5000"), observed("[2600::1]:1024")},
			want:       []string{"8.8.4.4:5000", "[2600::1]:1024"},
		},
		"documentation ranges are a laboratory's internet": {
			here:       home,
			candidates: []wire.Candidate{observed("192.0.2.1:5000"), observed("198.51.100.1:5000"), observed("203.0.113.1:5000"), local("[2001:db8:2::1]:5000")},
			want:       []string{"[2001:db8:2::1]:5000", "192.0.2.1:5000", "198.51.100.1:5000", "203.0.113.1:5000"},
		},
		"a mapped address is used as IPv4": {
			here:       home,
			candidates: []wire.Candidate{observed("[::ffff:198.51.100.1]:5000")},
			want:       []string{"198.51.100.1:5000"},
		},
		"a neighbour on our link": {
			here:       home,
			candidates: []wire.Candidate{local("192.168.1.6:5000"), local("[fd00:1::6]:5000")},
			want:       []string{"192.168.1.6:5000", "[fd00:1::6]:5000"},
		},
		"another peer on this host": {
			here:       home,
			candidates: []wire.Candidate{local("192.168.1.5:40001"), observed("203.0.113.9:50001")},
			want:       []string{"192.168.1.5:40001", "203.0.113.9:50001"},
		},
		"private addresses behind our own router": {
			here:       home,
			candidates: []wire.Candidate{observed("203.0.113.9:50001"), local("192.168.7.5:5000"), local("10.0.0.1:5000")},
			want:       []string{"192.168.7.5:5000", "10.0.0.1:5000", "203.0.113.9:50001"},
		},
		"even behind our own router no loopback, and not the router": {
			here:       home,
			candidates: []wire.Candidate{observed("203.0.113.9:50001"), local("127.0.0.1:5000"), local("169.254.169.254:5000"), local("192.168.1.1:5000")},
			want:       []string{"203.0.113.9:50001"},
		},
		"a rendezvous inside the company sees both inside": {
			here:       company,
			candidates: []wire.Candidate{observed("10.2.0.5:5000"), local("10.3.0.5:5000")},
			want:       []string{"10.2.0.5:5000"},
		},
		"loopback from a socket on loopback": {
			here:       loopback,
			candidates: []wire.Candidate{local("127.0.0.1:5000")},
			want:       []string{"127.0.0.1:5000"},
		},
		"no IPv6 from an IPv4 socket": {
			here:       fourOnly,
			candidates: []wire.Candidate{local("[2001:db8:2::1]:5000"), observed("198.51.100.1:5000")},
			want:       []string{"198.51.100.1:5000"},
		},
		"local ones first, each once": {
			here:       home,
			candidates: []wire.Candidate{observed("198.51.100.1:5000"), local("192.168.1.6:5000"), observed("[::ffff:198.51.100.1]:5000"), local("192.168.1.6:5000")},
			want:       []string{"192.168.1.6:5000", "198.51.100.1:5000"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			var got []string
			candidates, _ := probeable(test.candidates, test.here)
			for _, probed := range candidates {
				endpoint := probed.Endpoint
				got = append(got, endpoint.String())
			}
			if !slices.Equal(got, test.want) {
				t.Errorf("got %v, want %v", got, test.want)
			}
		})
	}
}

// TestT02TenThousandCandidatesCostAsMuchAsEight proves that whoever names very many
// gets no more probes for them, and no more of our memory.
func TestT02TenThousandCandidatesCostAsMuchAsEight(t *testing.T) {
	var candidates []wire.Candidate
	for i := range 10_000 {
		endpoint := netip.AddrPortFrom(netip.AddrFrom4([4]byte{198, 51, 100, 7}), uint16(2000+i))
		candidates = append(candidates, wire.Candidate{Endpoint: endpoint, Kind: wire.CandidateObserved})
	}
	got, leftOut := probeable(candidates, home)
	if len(got) != wire.MaxCandidates {
		t.Errorf("%d candidates are probed, want %d", len(got), wire.MaxCandidates)
	}
	if n := len(leftOut); n != 10_000-wire.MaxCandidates || leftOut[0].Reason != LeftOutTooMany {
		t.Errorf("%d are left out, the first as %s", n, leftOut[0].Reason)
	}
	if kept := withEarlier(leftOut, nil); len(kept) != wire.MaxCandidates {
		t.Errorf("%d of them are remembered", len(kept))
	}
}

func TestPointToPointLinksHaveNoBroadcast(t *testing.T) {
	here := home
	here.interfaces = prefixes("10.9.0.0/31")
	if got, _ := probeable([]wire.Candidate{candidate("10.9.0.1:5000", wire.CandidateLocal)}, here); len(got) != 1 {
		t.Error("the other end of a /31 link is not probed")
	}
}

// TestWhatIsLeftOutHasAReason proves that users are told the true one.
func TestWhatIsLeftOutHasAReason(t *testing.T) {
	fourOnly := home
	fourOnly.bound = netip.MustParseAddrPort("0.0.0.0:40000")
	for _, test := range []struct {
		name     string
		here     surroundings
		endpoint string
		want     LeftOutReason
	}{
		{"a cloud's metadata service", home, "169.254.169.254:5000", LeftOutReserved},
		{"everybody at once", home, "255.255.255.255:5000", LeftOutReserved},
		{"our own services", home, "127.0.0.1:5000", LeftOutReserved},
		{"our own services, at a low port", home, "127.0.0.1:53", LeftOutReserved},
		{"our link's broadcast", home, "192.168.1.255:5000", LeftOutReserved},
		{"a home that is not ours", home, "192.168.7.5:5000", LeftOutPrivate},
		{"a home that is not ours, IPv4-mapped", home, "[::ffff:192.168.7.5]:5000", LeftOutPrivate},
		{"ourselves", home, "192.168.1.5:40000", LeftOutOwn},
		{"ourselves, from outside", home, "203.0.113.9:50000", LeftOutOwn},
		{"a service of our own", home, "192.168.1.5:8080", LeftOutOwn},
		{"our router", home, "192.168.1.1:8080", LeftOutRouter},
		{"a name server", home, "198.51.100.7:53", LeftOutLowPort},
		{"IPv6 without IPv6", fourOnly, "[2001:db8:2::1]:5000", LeftOutUnreachable},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, leftOut := probeable([]wire.Candidate{candidate(test.endpoint, wire.CandidateMapped)}, test.here)
			if len(leftOut) != 1 || leftOut[0].Reason != test.want {
				t.Errorf("left out as %v, want %s", leftOut, test.want)
			}
		})
	}
}

// TestADuplicateIsNotLeftOut proves that a candidate named twice, as a host
// without NAT does, is nothing to tell users about.
func TestADuplicateIsNotLeftOut(t *testing.T) {
	twice := []wire.Candidate{candidate("198.51.100.7:5000", wire.CandidateLocal), candidate("198.51.100.7:5000", wire.CandidateObserved)}
	if got, leftOut := probeable(twice, home); len(got) != 1 || len(leftOut) != 0 {
		t.Errorf("probed %v, left out %v", got, leftOut)
	}
}

// TestAnAddedCandidateDoesNotMakeTheOthersForgotten has the peer name something
// odd, and then only a predicted endpoint.
func TestAnAddedCandidateDoesNotMakeTheOthersForgotten(t *testing.T) {
	odd := LeftOut{punch.Candidate{Endpoint: netip.MustParseAddrPort("169.254.169.254:8080")}, LeftOutReserved}
	newer := LeftOut{punch.Candidate{Endpoint: netip.MustParseAddrPort("10.0.0.1:5000")}, LeftOutPrivate}
	kept := withEarlier(nil, withEarlier([]LeftOut{odd}, nil))
	kept = withEarlier([]LeftOut{newer, odd}, kept)
	if want := []LeftOut{newer, odd}; !slices.Equal(kept, want) {
		t.Errorf("kept %v, want %v", kept, want)
	}
}
