package peer

import (
	"errors"
	"math"
	"net/netip"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"peerd/internal/rogue"
	"peerd/wire"
)

// answering has every Hello of one peer answered with what lie makes of the honest
// welcome.
func answering(to wire.Key, lie func(wire.Welcome) wire.Message) func(rogue.Frame) []rogue.Frame {
	return func(f rogue.Frame) []rogue.Frame {
		if m, ok := f.Message.(wire.Welcome); ok && f.To == to {
			return f.With(lie(m)).Pass()
		}
		return f.Pass()
	}
}

// lieAtLogin has a daemon log in again, and waits until it has been lied to, and gone for
// that. It is lied to until the script is another one.
func (h *hostile) lieAtLogin(d *Daemon, lie func(wire.Welcome) wire.Message) {
	h.t.Helper()
	h.rogue.OnFrame(answering(d.Key(), lie))
	d.dropControl()
	h.await("the lie is told, and the login ends", func() bool {
		online, _, failure := d.online.state()
		return !online && failure != nil && !errors.Is(failure, errNetworkChanged) // which ended the one before
	})
}

// TestT08AWelcomeThatLiesLeavesUsWhoWeAre has the rendezvous call alice otherwise, and
// give her a certificate that is none. If she took them on, she would go on asking
// for bob's name when the rendezvous is honest again, and be refused.
func TestT08AWelcomeThatLiesLeavesUsWhoWeAre(t *testing.T) {
	h := newHostile(t)
	alice := h.join("alice")
	h.join("bob")
	h.knows(alice, "bob")
	for name, lie := range map[string]func(wire.Welcome) wire.Message{
		"another name":            func(m wire.Welcome) wire.Message { m.Name = "bob"; return m },
		"no name":                 func(m wire.Welcome) wire.Message { m.Name = ""; return m },
		"a name nobody can have":  func(m wire.Welcome) wire.Message { m.Name = "ali\u202ece"; return m },
		"a circle that is escape": func(m wire.Welcome) wire.Message { m.Circle = "\x1b]52;c;eA==\a"; return m },
		"no welcome":              func(wire.Welcome) wire.Message { return wire.Goodbye{} },
		"a version of the future": func(m wire.Welcome) wire.Message { m.Version = math.MaxUint32; return m },
	} {
		t.Run(name, func(t *testing.T) {
			before := h.rogue.Logins(alice.Key())
			h.lieAtLogin(alice, lie)
			h.rogue.OnFrame(nil)
			alice.redial()
			h.onlineAgain(alice, before+1)
			saved, err := savedMembership(alice.store)
			if err != nil || saved.Name != "alice" || saved.Circle != rogue.Circle || alice.ownName() != "alice" {
				t.Errorf("alice is %+v, saved as %+v (%v)", alice.membership, saved, err)
			}
		})
	}
}

// TestT08AFalseCertificateReplacesNoTrueOne: what proves our membership to a
// rendezvous that has lost its state must survive one that lies.
func TestT08AFalseCertificateReplacesNoTrueOne(t *testing.T) {
	h := newHostile(t)
	alice := h.join("alice")
	certificate := func(key wire.Key, name string) []byte {
		c := wire.Certificate{Name: name, Bound: time.Unix(1000, 0)}
		copy(c.Signature[:], h.rogue.Identity().Sign(wire.CertificateStatement(rogue.Circle, key, c.Name, c.Bound)))
		return c.Append(nil)
	}
	with := func(octets []byte) func(wire.Welcome) wire.Message {
		return func(m wire.Welcome) wire.Message { m.Certificate = octets; return m }
	}
	good := certificate(alice.Key(), "alice")
	h.rogue.OnFrame(answering(alice.Key(), with(good)))
	h.relogin(alice)
	damaged := slices.Clone(good)
	damaged[20] ^= 1
	for _, octets := range [][]byte{damaged, []byte("nothing"), certificate(alice.Key(), "bob"), certificate(wire.Key{9}, "alice"), nil} {
		h.rogue.OnFrame(answering(alice.Key(), with(octets)))
		h.relogin(alice)
		if saved, err := savedMembership(alice.store); err != nil || !slices.Equal(saved.Certificate, good) {
			t.Errorf("the certificate %x was taken in place of a good one", octets)
		}
	}
}

// TestT08NothingTheRendezvousSaysDeletesAnything has it refuse alice, for every reason
// there is, and send her away for a day.
func TestT08NothingTheRendezvousSaysDeletesAnything(t *testing.T) {
	h := newHostile(t)
	alice, bob := h.join("alice"), h.join("bob")
	witness := h.puppet("witness")
	h.knows(alice, "bob")
	h.send(alice, "bob", "before")
	h.settled(alice, witness)
	before := h.everything(alice, witness)
	lies := []wire.Message{wire.Goodbye{Reason: "for ever", ReturnIn: wire.MaxReturnIn}}
	for code := wire.RefusedCode(1); code < 16; code++ {
		lies = append(lies, wire.Refused{Code: code, Detail: "you are nobody"})
	}
	for _, lie := range lies {
		logins := h.rogue.Logins(alice.Key())
		h.lieAtLogin(alice, func(wire.Welcome) wire.Message { return lie })
		if after := h.everything(alice, witness); after != before {
			t.Errorf("after %+v alice has\n%s\nand had\n%s", lie, after, before)
		}
		h.rogue.OnFrame(nil)
		alice.redial() // a person looks after it: the pause is up to a minute
		h.onlineAgain(alice, logins+1)
	}
	h.send(alice, "bob", "after")
	if got := texts(t, bob, "alice"); !slices.Equal(got, []string{"before", "after"}) {
		t.Errorf("bob has %q", got)
	}
}

// TestT08ARendezvousThatHangsUpIsAskedEverMoreRarely has it welcome alice and hang up.
func TestT08ARendezvousThatHangsUpIsAskedEverMoreRarely(t *testing.T) {
	h := newHostile(t)
	alice := h.join("alice")
	before := h.rogue.Logins(alice.Key())
	start := time.Now()
	h.rogue.OnFrame(func(f rogue.Frame) []rogue.Frame {
		if _, ok := f.Message.(wire.Snapshot); ok {
			return f.With(wire.Goodbye{Reason: "no"}).Pass()
		}
		return f.Pass()
	})
	alice.dropControl()
	const logins = 5
	h.await("some logins", func() bool { return h.rogue.Logins(alice.Key()) >= before+logins })
	least := time.Duration(0)
	for pause, i := firstPause, 1; i < logins; pause, i = longer(pause), i+1 {
		least += pause / 2
	}
	if took := time.Since(start); took < least {
		t.Errorf("%d logins in %v, want them to take %v at least", logins, took, least)
	}
}

func TestT08AGoodbyeKeepsUsAwayForMinutesOnly(t *testing.T) {
	if wait := pauseAfter(errGoodbye{returnIn: wire.MaxReturnIn}, firstPause); wait > longestAbsence {
		t.Errorf("sent away for %v, alice stays away for %v", wire.MaxReturnIn, wait)
	}
}

// TestT08AbsurdVersionsCostANewLogin sends rosters whose numbers make no sense.
func TestT08AbsurdVersionsCostANewLogin(t *testing.T) {
	h := newHostile(t)
	alice, bob := h.join("alice"), h.join("bob")
	h.knows(alice, "bob")
	h.send(alice, "bob", "before")
	row := h.rogue.Row(bob.Key())
	for _, lie := range []wire.Message{
		wire.Delta{Epoch: math.MaxUint64, From: math.MaxUint64 - 1, To: math.MaxUint64, Changed: []wire.Row{row}},
		wire.Delta{Epoch: 1, From: 0, To: math.MaxUint64, Removed: []wire.Key{bob.Key(), alice.Key()}},
		wire.Delta{Epoch: 1, From: 1 << 62, To: 1<<62 + 1, Changed: []wire.Row{row, row}},
	} {
		logins := h.rogue.Logins(alice.Key())
		h.rogue.Send(alice.Key(), lie)
		h.await("alice has hung up", func() bool { return h.rogue.Logins(alice.Key()) > logins || alice.currentControl() == nil })
		alice.redial()
		h.onlineAgain(alice, logins)
		h.knows(alice, "bob")
	}
	h.rogue.Send(alice.Key(), wire.Snapshot{Epoch: math.MaxUint64, Version: math.MaxUint64, Rows: []wire.Row{row}})
	h.relogin(alice)
	h.send(alice, "bob", "after")
	if got := texts(t, bob, "alice"); !slices.Equal(got, []string{"before", "after"}) {
		t.Errorf("bob has %q", got)
	}
}

// TestT08ForgedRefusalsCostNothing refuses talks with keys that alice has never heard
// of: each must not cost her a conversation.
func TestT08ForgedRefusalsCostNothing(t *testing.T) {
	h := newHostile(t)
	alice, witness := h.join("alice"), h.puppet("witness")
	for i := range 2000 {
		h.rogue.Send(alice.Key(), wire.TalkRefused{To: wire.Key{1, byte(i), byte(i >> 8)}, Code: wire.TalkRefusedOffline})
	}
	h.settled(alice, witness)
	alice.mu.Lock()
	defer alice.mu.Unlock()
	if n := len(alice.conversations); n > 1 {
		t.Errorf("alice has %d conversations, want that with the witness", n)
	}
}

// TestT08WhereWeAreSeenCannotBeChangedWithoutEnd has every Accept name another
// endpoint. Each is a move to another network, after which alice logs in anew, and is
// told of another.
func TestT08WhereWeAreSeenCannotBeChangedWithoutEnd(t *testing.T) {
	h := newHostile(t)
	var accepts atomic.Uint32
	h.rogue.OnDatagram(func(d rogue.Datagram) []rogue.Datagram {
		if accept, err := wire.ParseAccept(d.Payload); err == nil {
			n := accepts.Add(1)
			at := netip.AddrFrom4([4]byte{203, 0, byte(n >> 8), byte(n)})
			accept.Observed = netip.AddrPortFrom(at, 4000)
			d.Payload = accept.Append(nil)
		}
		return d.Pass()
	})
	start := time.Now()
	alice := h.join("alice")
	alice.dropControl()
	h.await("alice has moved", func() bool { return h.rogue.Logins(alice.Key()) > 1 && accepts.Load() > moveBurst })
	// Time for a loop, if there were one: it would be over in a round trip.
	h.await("time has passed", func() bool { return time.Since(start) > 1500*time.Millisecond })
	most := moveBurst + 2 + int(time.Since(start)/moveEvery)
	if logins := h.rogue.Logins(alice.Key()); logins > most {
		t.Errorf("alice has logged in %d times in %v, want at most %d", logins, time.Since(start), most)
	}
}

// TestT02TheClassificationGoesToTheRendezvousOnly says whom a rendezvous can have us
// ask as its other address.
func TestT02TheClassificationGoesToTheRendezvousOnly(t *testing.T) {
	for name, test := range map[string]struct {
		server, other string
		asked         bool
	}{
		"another public address":        {"192.0.2.1", "198.51.100.1", true},
		"another public IPv6 address":   {"2001:db8::1", "2001:db8:1::1", true},
		"a laboratory's second address": {"10.0.0.1", "10.0.0.2", true},
		"a test's":                      {"127.0.0.1", "127.0.0.2", true},
		"none":                          {"192.0.2.1", "", false},
		"this host":                     {"192.0.2.1", "127.0.0.1", false},
		"this host, IPv4-mapped":        {"192.0.2.1", "::ffff:127.0.0.1", false},
		"our network":                   {"192.0.2.1", "192.168.1.1", false},
		"a carrier's network":           {"192.0.2.1", "100.64.0.1", false},
		"metadata service":              {"192.0.2.1", "169.254.169.254", false},
		"everybody":                     {"192.0.2.1", "255.255.255.255", false},
		"multicast":                     {"192.0.2.1", "224.0.0.1", false},
		"unspecified":                   {"192.0.2.1", "0.0.0.0", false},
		"metadata service, of one that is no more": {"169.254.0.1", "169.254.169.254", false},
		"this host, of one in our network":         {"192.168.1.1", "127.0.0.1", false},
	} {
		t.Run(name, func(t *testing.T) {
			var other netip.Addr
			if test.other != "" {
				other = netip.MustParseAddr(test.other)
			}
			if got := askable(netip.MustParseAddr(test.server), other); got.IsValid() != test.asked {
				t.Errorf("asked at %v, want it to be asked: %v", got, test.asked)
			}
		})
	}
}

// TestT02ClassificationsAreFew has the rendezvous name a victim as its other address,
// to which each classification sends packets, and each login begins with one.
func TestT02ClassificationsAreFew(t *testing.T) {
	h := newHostile(t)
	victim := netip.MustParseAddr("127.0.0.2")
	h.rogue.OnDatagram(func(d rogue.Datagram) []rogue.Datagram {
		if accept, err := wire.ParseAccept(d.Payload); err == nil {
			accept.OtherPort, accept.OtherAddr = accept.ControlPort, victim
			d.Payload = accept.Append(nil)
		}
		return d.Pass()
	})
	asked := victimAt(t, netip.AddrPortFrom(victim, h.rogue.Addr().Port()))
	alice := h.join("alice")
	h.await("the first classification", func() bool { return asked.received() > 0 })
	h.await("its end", func() bool { return !alice.classifier.busy() })
	first := asked.received()
	if first > 16 {
		t.Errorf("a classification sends the other address %d packets, want a handful", first)
	}
	alice.classifier.allowance.SetLimit(0)   // no minute goes by from here on
	for alice.classifier.allowance.Allow() { // the logins of a minute
	}
	for range 3 {
		h.relogin(alice)
		h.await("alice is seen", func() bool { return alice.observedEndpoint().IsValid() })
	}
	time.Sleep(100 * time.Millisecond) // for what must not happen
	if n := asked.received(); n != first || alice.classifier.busy() {
		t.Errorf("the victim got %d packets and then %d", first, n-first)
	}
}

// busy reports whether a classification is under way.
func (c *classifier) busy() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.current != nil
}
