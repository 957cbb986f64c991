package peer

import (
	"net/netip"
	"testing"

	"peerd/peer/api"
	"peerd/punch"
	"peerd/punch/socket"
	"peerd/wire"
)

func TestWhatNoHonestPeerNamesIsWarnedOf(t *testing.T) {
	leftOut := func(kind wire.CandidateKind, reason socket.LeftOutReason, endpoints ...string) []socket.LeftOut {
		var all []socket.LeftOut
		for _, endpoint := range endpoints {
			named := punch.Candidate{Endpoint: netip.MustParseAddrPort(endpoint), Kind: kind}
			all = append(all, socket.LeftOut{Candidate: named, Reason: reason})
		}
		return all
	}
	for _, test := range []struct {
		name    string
		leftOut []socket.LeftOut
		want    api.WarningCode // "" for none
		count   int
	}{
		{"the metadata service and a printer", leftOut(wire.CandidateMapped, socket.LeftOutReserved, "169.254.169.254:8080", "224.0.0.251:5353"), api.WarningReserved, 2},
		{"a private address seen from outside", leftOut(wire.CandidateObserved, socket.LeftOutPrivate, "10.0.0.1:5000"), api.WarningPrivate, 1},
		{"a private address of its own", leftOut(wire.CandidateLocal, socket.LeftOutPrivate, "10.0.0.1:5000"), "", 0},
		{"its router's, behind another NAT", leftOut(wire.CandidateMapped, socket.LeftOutPrivate, "100.64.0.2:5000"), "", 0},
		{"ourselves", leftOut(wire.CandidateLocal, socket.LeftOutOwn, "203.0.113.9:5000"), api.WarningOwnAddress, 1},
		{"a name server", leftOut(wire.CandidatePredicted, socket.LeftOutLowPort, "198.51.100.7:53"), api.WarningLowPort, 1},
		{"more than are probed", leftOut(wire.CandidateObserved, socket.LeftOutTooMany, "198.51.100.7:5000"), api.WarningTooMany, 1},
		{"IPv6 where we have none", leftOut(wire.CandidateLocal, socket.LeftOutUnreachable, "[2001:db8::7]:5000"), "", 0},
		{"nothing", nil, "", 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			wantWarning(t, warningsAbout(nil, socket.Search{LeftOut: test.leftOut}), test.want, test.count)
		})
	}
}

// TestSomebodyElsesAddressIsWarnedOf has a peer name a victim's address: what it
// cost is in the ledger, and what it may mean in a warning.
func TestSomebodyElsesAddressIsWarnedOf(t *testing.T) {
	seen := []wire.Candidate{{Endpoint: netip.MustParseAddrPort("203.0.113.9:4000"), Kind: wire.CandidateObserved}}
	for _, test := range []struct {
		name     string
		endpoint string
		attempt  punch.Attempt
		want     api.WarningCode
	}{
		{"a stranger's address", "198.51.100.66:4000", punch.Attempt{Kind: wire.CandidateMapped, Probes: 8}, api.WarningUnconfirmed},
		{"another port of its own", "203.0.113.9:4001", punch.Attempt{Kind: wire.CandidatePredicted, Probes: 8}, ""},
		{"a second address that answers", "198.51.100.66:4000", punch.Attempt{Kind: wire.CandidateLocal, Probes: 8, Replies: 1}, ""},
		{"a neighbour", "192.168.1.6:4000", punch.Attempt{Kind: wire.CandidateLocal, Probes: 8}, ""},
		{"IPv6", "[2001:db8::7]:4000", punch.Attempt{Kind: wire.CandidateLocal, Probes: 8}, ""},
		{"not probed yet", "198.51.100.66:4000", punch.Attempt{Kind: wire.CandidateMapped}, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			test.attempt.Endpoint = netip.MustParseAddrPort(test.endpoint)
			wantWarning(t, warningsAbout(seen, socket.Search{Attempts: []punch.Attempt{test.attempt}}), test.want, 1)
		})
	}
}

func TestContradictedReportsAreWarnedOf(t *testing.T) {
	for _, w := range []punch.Warning{
		{Code: punch.WarningTheirReport, Count: 3, Seen: netip.MustParseAddrPort("203.0.113.9:4001")},
		{Code: punch.WarningOurReport, Count: 1, Seen: netip.MustParseAddrPort("203.0.113.5:4001")},
		{Code: punch.WarningHeldBack, Count: 70},
	} {
		wantWarning(t, warningsAbout(nil, socket.Search{Warnings: []punch.Warning{w}}), api.WarningCode(w.Code), w.Count)
	}
	for ours, theirs := range map[punch.WarningCode]api.WarningCode{
		punch.WarningTheirReport: api.WarningTheirReport,
		punch.WarningOurReport:   api.WarningOurReport,
		punch.WarningHeldBack:    api.WarningHeldBack,
	} {
		if string(ours) != string(theirs) {
			t.Errorf("the engine says %s, the API %s", ours, theirs)
		}
	}
}

// wantWarning checks that there is one warning, of this code; or none for "".
func wantWarning(t *testing.T, got []api.Warning, code api.WarningCode, count int) {
	t.Helper()
	if code == "" {
		if len(got) > 0 {
			t.Errorf("warned of %v", got)
		}
		return
	}
	if len(got) != 1 || got[0].Code != code || got[0].Count != count {
		t.Errorf("warned of %v, want %s of %d", got, code, count)
	}
}
