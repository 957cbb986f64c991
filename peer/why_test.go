package peer

import (
	"net/netip"
	"slices"
	"testing"
	"time"

	"peerd/peer/api"
	"peerd/punch"
	"peerd/wire"
)

// TestPathIsAnnouncedOnce proves that the same path is not announced twice, for
// once by its proof and once by the session's connection.
func TestPathIsAnnouncedOnce(t *testing.T) {
	c := newCircle(t)
	alice, bob := c.join("alice"), c.join("bob")
	c.knows(alice, "bob")
	changes := alice.Subscribe(c.guard(), api.TypePath)
	c.send(alice, "bob", "hello")
	c.awaitPath(alice, "bob", api.PathDirect)
	if _, err := alice.Ping(c.guard(), "bob"); err != nil {
		t.Fatal(err)
	}
	if err := bob.Close(); err != nil {
		t.Fatal(err)
	}
	c.awaitPath(alice, "bob", api.PathNone)
	var last api.PathChange
	for change := range changes {
		change := change.(api.PathChange)
		if change.Path == last.Path && change.Endpoint == last.Endpoint && change.Transport == last.Transport {
			t.Errorf("%s %v was announced twice", change.Path, change.Endpoint)
		}
		if last = change; last.Path == api.PathNone {
			return
		}
	}
}

// TestWhyTellsWhatWasTriedOnTheWayToADirectPath asks about a path that was
// found.
func TestWhyTellsWhatWasTriedOnTheWayToADirectPath(t *testing.T) {
	c := newCircle(t)
	alice, bob := c.join("alice"), c.join("bob")
	c.knows(alice, "bob")
	before, err := alice.Why(c.guard(), "bob")
	if err != nil || before.Reason != api.ReasonNoTalk || before.Chance != nil || len(before.Attempts) > 0 {
		t.Errorf("before the first word: %+v, %v", before, err)
	}
	c.send(alice, "bob", "hello")
	c.awaitPath(alice, "bob", api.PathDirect)
	why, err := alice.Why(c.guard(), "bob")
	if err != nil || why.Reason != api.ReasonDirect || why.Remedy != api.RemedyNothing || why.Searching {
		t.Errorf("why is %+v, %v", why, err)
	}
	if why.Chance != nil { // both are at one address
		t.Errorf("the chance is %v", *why.Chance)
	}
	if !why.RetryAt.IsZero() || why.Since.IsZero() || len(why.Warnings) > 0 {
		t.Errorf("why is %+v", why)
	}
	if !slices.ContainsFunc(why.Attempts, func(a api.Attempt) bool {
		return a.Endpoint == bob.socket.Addr() && a.Strategy == "volley" && a.Replies > 0 && !a.First.IsZero()
	}) {
		t.Errorf("bob is at %v; tried %+v", bob.socket.Addr(), why.Attempts)
	}
}

// TestWhyNamesWhatALyingIntroductionNamed plays a peer, or a rendezvous, that
// names a cloud's metadata service, a private address "seen" from outside, a
// name server, alice herself and a stranger: alice sends probes to the stranger
// alone, few, and says so.
func TestWhyNamesWhatALyingIntroductionNamed(t *testing.T) {
	c := newCircle(t)
	alice, bob := c.join("alice"), c.join("bob")
	c.knows(alice, "bob")
	// Alice is done with bob's login when she knows of the next: it would make her
	// talk to somebody she has a session with.
	c.join("carol")
	c.knows(alice, "carol")
	stranger := netip.MustParseAddrPort("127.0.0.1:9999")
	alice.introduced(wire.Introduction{
		Session:  wire.DeriveSessionID(alice.Key(), alice.instance, bob.Key(), bob.instance),
		Peer:     bob.Key(),
		Instance: bob.instance,
		Candidates: []wire.Candidate{
			{Endpoint: netip.MustParseAddrPort("169.254.169.254:8080"), Kind: wire.CandidateMapped},
			{Endpoint: netip.MustParseAddrPort("10.0.0.1:5000"), Kind: wire.CandidateObserved},
			{Endpoint: netip.MustParseAddrPort("192.168.7.5:5000"), Kind: wire.CandidateLocal},
			{Endpoint: netip.MustParseAddrPort("127.0.0.1:53"), Kind: wire.CandidatePredicted},
			{Endpoint: alice.socket.Addr(), Kind: wire.CandidateLocal},
			{Endpoint: stranger, Kind: wire.CandidateLocal},
		},
		NAT: wire.NATReport{Mapping: wire.MappingEIM, Filtering: wire.FilteringAPDF},
	})
	row, err := alice.Why(c.guard(), "bob")
	if err != nil || row.Reason != api.ReasonPunching || !row.Searching || row.Remedy != api.RemedyWait {
		t.Errorf("while it is tried: %+v, %v", row, err)
	}
	if want := []netip.AddrPort{stranger}; !slices.Equal(row.Probed, want) {
		t.Errorf("probed %v, want %v", row.Probed, want)
	}
	var codes []api.WarningCode
	for _, warning := range row.Warnings {
		codes = append(codes, warning.Code)
	}
	slices.Sort(codes)
	want := []api.WarningCode{api.WarningLowPort, api.WarningOwnAddress, api.WarningPrivate, api.WarningReserved}
	if !slices.Equal(codes, want) {
		t.Errorf("warned of %v, want %v", codes, want)
	}
	if len(row.LeftOut) != 5 {
		t.Errorf("left out %v", row.LeftOut)
	}
	c.await("the search ends, and why says so", func() bool {
		row, err = alice.Why(c.guard(), "bob")
		return err == nil && !row.Searching
	})
	if row.Reason == api.ReasonPunching || row.Remedy == api.RemedyWait || row.RetryAt.Before(time.Now().Add(-time.Minute)) {
		t.Errorf("after it failed: %+v", row)
	}
	for _, attempt := range row.Attempts {
		if attempt.Probes > punch.ProbesPerSecond {
			t.Errorf("%d probes went to %v", attempt.Probes, attempt.Endpoint)
		}
	}
}
