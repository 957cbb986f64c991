package punch

import (
	"net/netip"
	"testing"
	"time"

	"peerd/wire"
)

// acquaintance is an engine that was introduced to a peer whose packets the
// test makes up.
type acquaintance struct {
	t      *testing.T
	engine *Engine
	now    time.Time
	probes []wire.Probe // sent by the engine
	theirs byte         // transaction id of the peer's last probe
}

var (
	ourObserved   = netip.MustParseAddrPort("203.0.113.5:40001")
	theirObserved = netip.MustParseAddrPort("203.0.113.9:4000")
)

func introduceTo(t *testing.T, ours, theirs wire.NATReport) *acquaintance {
	a := &acquaintance{t: t, now: epoch, engine: New(Config{
		Session: aSession, SendKey: wire.ProbeKey{1}, ReceiveKey: wire.ProbeKey{2},
	})}
	a.introduce(ours, theirs)
	return a
}

func (a *acquaintance) introduce(ours, theirs wire.NATReport, predicted ...netip.AddrPort) {
	in := Introduced{
		Candidates: []Candidate{{Endpoint: theirObserved, Kind: wire.CandidateObserved}},
		FireAt:     a.now,
		Observed:   ourObserved,
		Ours:       ours,
		Theirs:     theirs,
	}
	for _, endpoint := range predicted {
		in.Candidates = append(in.Candidates, Candidate{Endpoint: endpoint, Kind: wire.CandidatePredicted})
	}
	a.step(in)
}

func (a *acquaintance) step(event Event) {
	for _, action := range a.engine.Step(a.now, event) {
		if send, ok := action.(SendDatagram); ok {
			if probe, err := wire.ParseProbe(send.Datagram, wire.ProbeKey{1}); err == nil {
				a.probes = append(a.probes, probe)
			}
		}
	}
	a.now = a.now.Add(time.Millisecond)
}

// probed has an authentic probe of the peer's come from an endpoint.
func (a *acquaintance) probed(from netip.AddrPort) {
	a.theirs++
	probe := wire.Probe{TransactionID: wire.TransactionID{a.theirs}, Session: aSession}
	a.step(Received{From: from, Datagram: probe.Append(nil, wire.ProbeKey{2})})
}

// replied has the peer answer our first probe and say where it saw us.
func (a *acquaintance) replied(seen netip.AddrPort) {
	reply := wire.ProbeReply{TransactionID: a.probes[0].TransactionID, Session: aSession, Observed: seen}
	a.step(Received{From: theirObserved, Datagram: reply.Append(nil, wire.ProbeKey{2})})
}

func (a *acquaintance) wantWarning(code WarningCode, count int) {
	a.t.Helper()
	got := a.engine.Warnings()
	if code == "" && len(got) == 0 {
		return
	}
	if len(got) != 1 || got[0].Code != code || got[0].Count != count {
		a.t.Errorf("warned of %v, want %q of %d", got, code, count)
	}
}

var (
	easyReport = wire.NATReport{Mapping: wire.MappingEIM, Filtering: wire.FilteringAPDF}
	hardReport = wire.NATReport{Mapping: wire.MappingAPDM, Filtering: wire.FilteringAPDF, Allocation: wire.AllocationRandom}
)

// TestAFalseNATReportIsContradictedByProbes has a peer that claims to be easy
// send from ports of which the rendezvous knows nothing.
func TestAFalseNATReportIsContradictedByProbes(t *testing.T) {
	elsewhere := netip.MustParseAddrPort("203.0.113.9:61234")
	for _, test := range []struct {
		name   string
		report wire.NATReport
		from   netip.AddrPort
		want   WarningCode
	}{
		{"one port is claimed, another is used", easyReport, elsewhere, WarningTheirReport},
		{"no NAT is claimed, another port is used", wire.NATReport{Mapping: wire.MappingNone}, elsewhere, WarningTheirReport},
		{"the claimed port is used", easyReport, theirObserved, ""},
		{"many ports are claimed", hardReport, elsewhere, ""},
		{"nothing is claimed", wire.NATReport{}, elsewhere, ""},
		{"its address in our home", easyReport, netip.MustParseAddrPort("192.168.1.6:4000"), ""},
		{"its IPv6 address", easyReport, netip.MustParseAddrPort("[2001:db8::6]:4000"), ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			a := introduceTo(t, easyReport, test.report)
			a.probed(test.from)
			a.probed(test.from)
			a.wantWarning(test.want, 2)
		})
	}
}

// TestAPortThatIsNamedContradictsNothing has the peer try a fresh socket: its
// probe may come before the introduction that names it.
func TestAPortThatIsNamedContradictsNothing(t *testing.T) {
	fresh := netip.MustParseAddrPort("203.0.113.9:61234")
	a := introduceTo(t, easyReport, easyReport)
	a.probed(fresh)
	a.introduce(easyReport, easyReport, fresh)
	a.wantWarning("", 0)
	a.probed(fresh)
	a.wantWarning("", 0)
}

func TestANewReportIsNotContradictedByOldProbes(t *testing.T) {
	a := introduceTo(t, easyReport, easyReport)
	a.probed(netip.MustParseAddrPort("203.0.113.9:61234"))
	a.introduce(easyReport, hardReport)
	a.wantWarning("", 0)
}

func TestOurOwnReportIsContradictedByReplies(t *testing.T) {
	elsewhere := netip.MustParseAddrPort("203.0.113.5:61234")
	for _, test := range []struct {
		name   string
		report wire.NATReport
		seen   netip.AddrPort
		want   WarningCode
	}{
		{"the peer sees another port", easyReport, elsewhere, WarningOurReport},
		{"the peer sees the same port", easyReport, ourObserved, ""},
		{"we know that ports differ", hardReport, elsewhere, ""},
		{"the peer sees us in our common home", easyReport, netip.MustParseAddrPort("192.168.1.5:40001"), ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			a := introduceTo(t, test.report, easyReport)
			a.replied(test.seen)
			a.wantWarning(test.want, 1)
		})
	}
}

// TestAForgedProbeContradictsNothing has a stranger write from another port.
func TestAForgedProbeContradictsNothing(t *testing.T) {
	a := introduceTo(t, easyReport, easyReport)
	forged := wire.Probe{TransactionID: wire.TransactionID{9}, Session: aSession}
	a.step(Received{From: netip.MustParseAddrPort("203.0.113.9:61234"), Datagram: forged.Append(nil, wire.ProbeKey{3})})
	a.wantWarning("", 0)
}

// TestProbesThatCostTooMuchAreHeldBackAndCounted has the peer probe us from ever
// new endpoints: the budget ends the triggered checks, and says so.
func TestProbesThatCostTooMuchAreHeldBackAndCounted(t *testing.T) {
	a := introduceTo(t, hardReport, hardReport)
	const from = 300
	for i := range from {
		a.probed(netip.AddrPortFrom(netip.MustParseAddr("198.51.100.66"), uint16(2000+i)))
	}
	if len(a.probes) > budgetBurst+budgetPerSecond {
		t.Errorf("%d probes were sent", len(a.probes))
	}
	warnings := a.engine.Warnings()
	if len(warnings) != 1 || warnings[0].Code != WarningHeldBack || warnings[0].Count < from-budgetBurst-budgetPerSecond {
		t.Errorf("warned of %v", warnings)
	}
	if lines := len(a.engine.Ledger()); lines > maxLedger {
		t.Errorf("the ledger has %d lines", lines)
	}
}
