package rendezvous

import (
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/netip"
	"testing"
	"time"

	bolt "go.etcd.io/bbolt"

	"peerd/internal/ration"
	"peerd/wire"
)

// answer says hello and returns every byte of the answer.
func (c *client) answer(hello wire.Hello) string {
	c.t.Helper()
	raw, err := net.Dial("tcp", c.at.String())
	if err != nil {
		c.t.Fatal(err)
	}
	defer raw.Close()
	conn := tls.Client(raw, c.self.ClientTLS(wire.ControlProtocol, c.server.Key()))
	hello.Version, hello.Instance = wire.Version, c.instance
	frame, err := wire.AppendFrame(nil, hello)
	if err != nil {
		c.t.Fatal(err)
	}
	if _, err := conn.Write(frame); err != nil {
		c.t.Fatal(err)
	}
	_ = conn.SetReadDeadline(time.Now().Add(hangGuard))
	text, err := io.ReadAll(conn)
	if err != nil {
		c.t.Fatal(err)
	}
	return string(text)
}

// TestT10StrangerCannotTellWhichNamesExist asks, without an invite and with a made-up
// one, for names that are taken, were banned, or are free.
func TestT10StrangerCannotTellWhichNamesExist(t *testing.T) {
	s := startServer(t)
	join(t, s, "alice")
	away := join(t, s, "bob")
	away.send(wire.Goodbye{})
	banned := join(t, s, "carol")
	if _, err := s.Ban(banned.key(), ""); err != nil {
		t.Fatal(err)
	}
	names := []string{"alice", "ALICE", "bob", "carol", "nobody"}
	for i := range 40 {
		names = append(names, fmt.Sprintf("name %d", i))
	}
	for what, token := range map[string][]byte{"without an invite": nil, "with a made-up invite": []byte("0123456789abcdef")} {
		seen := map[string]int{}
		stranger := newClient(t, s)
		for _, name := range names {
			seen[stranger.answer(wire.Hello{Name: name, Token: token})]++
		}
		if len(seen) != 1 {
			t.Errorf("%s a stranger gets %d different answers", what, len(seen))
		}
	}
}

// TestT10StrangersAreRefusedBeforeAnyNameIsLookedAt takes the names away. Whoever looked
// for one would find out; so the way to the answer, and its time, cannot depend on them.
func TestT10StrangersAreRefusedBeforeAnyNameIsLookedAt(t *testing.T) {
	s := openTestState(t)
	if err := s.update("forget the names", func(tx *bolt.Tx) error { return tx.DeleteBucket(namesBucket) }); err != nil {
		t.Fatal(err)
	}
	for want, a := range map[wire.RefusedCode]applicant{
		wire.RefusedNotMember:     {key: wire.Key{1}, wish: "alice"},
		wire.RefusedInviteUnknown: {key: wire.Key{1}, wish: "alice", token: []byte("0123456789abcdef")},
	} {
		if _, err := s.admit(a, time.Now()); refusedCode(err) != want {
			t.Errorf("%v, want %v", err, want)
		}
	}
}

// TestT10GuessingIsSlowForStrangersOnly floods with refused logins from one source.
func TestT10GuessingIsSlowForStrangersOnly(t *testing.T) {
	s := startServer(t)
	member := join(t, s, "alice")
	// Real handshakes cost a millisecond each, so the burst is made smaller; and no
	// refusal is forgiven while they take their time.
	s.refusals = ration.New(0, 20)
	stranger := newClient(t, s)
	answers := map[wire.RefusedCode]int{}
	for i := range 50 {
		code, err := stranger.back().refusal(wire.Hello{Name: fmt.Sprintf("name %d", i)})
		if err != nil {
			t.Fatal(err)
		}
		answers[code]++
	}
	if answers[wire.RefusedNotMember] != 20 || answers[wire.RefusedBusy] != 30 {
		t.Errorf("answers are %v, want 20 about the invite and then the limit", answers)
	}
	if welcome := member.back().login(wire.Hello{}); welcome.Name != "alice" {
		t.Error("a member behind the same address is locked out")
	}
	if per := 60 * refusedRate; per != 20 {
		t.Errorf("%v refused logins a minute, the bar says 20", per)
	}
}

// TestT10TalkToWhoIsNotThere tells what a member learns from talks: who is in the circle,
// which the roster says anyway, and nothing about keys outside of it.
func TestT10TalkToWhoIsNotThere(t *testing.T) {
	s := startServer(t)
	alice, bob := join(t, s, "alice"), join(t, s, "bob")
	kicked, banned := join(t, s, "carol"), join(t, s, "dora")
	if _, err := s.Kick(kicked.key(), ""); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Ban(banned.key(), ""); err != nil {
		t.Fatal(err)
	}
	bob.send(wire.Goodbye{})
	alice.awaitRow(bob.key(), offline)
	for _, test := range []struct {
		whom string
		key  wire.Key
		want wire.TalkRefusedCode
	}{
		{"somebody away", bob.key(), wire.TalkRefusedOffline},
		{"nobody", wire.Key{9}, wire.TalkRefusedUnknownPeer},
		{"somebody kicked", kicked.key(), wire.TalkRefusedUnknownPeer},
		{"somebody banned", banned.key(), wire.TalkRefusedUnknownPeer},
	} {
		alice.send(wire.Talk{To: test.key})
		if refused := await[wire.TalkRefused](alice); refused != (wire.TalkRefused{To: test.key, Code: test.want}) {
			t.Errorf("a talk to %s: %+v, want %v", test.whom, refused, test.want)
		}
	}
}

// TestT10RationIsByNetwork proves that a /56 counts as one source, as an IPv4 address does.
func TestT10RationIsByNetwork(t *testing.T) {
	s := openServer(t)
	now := time.Now()
	refused := func(address string) wire.RefusedCode {
		addr := netip.MustParseAddr(address)
		_, err := s.admit(wire.Key{1}, wire.Hello{Name: "alice"}, prefixOf(addr, 32, 56), now)
		return refusedCode(err)
	}
	for i := range refusedBurst {
		if code := refused(fmt.Sprintf("2001:db8:0:%x::1", i%256)); code != wire.RefusedNotMember {
			t.Fatalf("attempt %d: %v", i, code)
		}
	}
	if code := refused("2001:db8:0:77::2"); code != wire.RefusedBusy {
		t.Errorf("the next attempt of the /56: %v", code)
	}
	now = now.Add(time.Minute)
	for i := range 20 {
		if code := refused("2001:db8::1"); code != wire.RefusedNotMember {
			t.Errorf("attempt %d of the next minute: %v", i, code)
		}
	}
	if code := refused("2001:db8::1"); code != wire.RefusedBusy {
		t.Errorf("the 21st attempt of the next minute: %v", code)
	}
}
