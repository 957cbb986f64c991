package rendezvous

import (
	"fmt"
	"io"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"peerd/wire"
)

// withDoor gives a rendezvous a door.
func withDoor(c *Config) { c.Classic = "127.0.0.1:0" }

// classicUser is a program that speaks the original protocol.
type classicUser struct {
	t    testing.TB
	door netip.AddrPort
	name string
	conn *net.UDPConn
}

func newClassicUser(t testing.TB, s *Server, name string) *classicUser {
	t.Helper()
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return &classicUser{t: t, door: s.ClassicAddr(), name: name, conn: conn}
}

func (u *classicUser) endpoint() netip.AddrPort { return u.conn.LocalAddr().(*net.UDPAddr).AddrPort() }

// say sends "login" or "logout".
func (u *classicUser) say(word string) {
	u.t.Helper()
	if _, err := u.conn.WriteToUDPAddrPort(fmt.Appendf(nil, "%s,%s,%v", word, u.name, u.endpoint()), u.door); err != nil {
		u.t.Fatal(err)
	}
}

// hears waits for a datagram that begins so.
func (u *classicUser) hears(want string) {
	u.t.Helper()
	buffer := make([]byte, wire.MaxClassicRequest)
	_ = u.conn.SetReadDeadline(time.Now().Add(hangGuard))
	n, err := u.conn.Read(buffer)
	if err != nil || !strings.HasPrefix(string(buffer[:n]), want) {
		u.t.Fatalf("%s heard %q, %v; want %q", u.name, buffer[:n], err, want)
	}
}

// login logs in and returns the list.
func (u *classicUser) login() string {
	u.t.Helper()
	u.say("login")
	u.hears("Accept,")
	fetch, err := net.Dial("tcp4", u.door.String())
	if err != nil {
		u.t.Fatal(err)
	}
	defer fetch.Close()
	_ = fetch.SetDeadline(time.Now().Add(hangGuard))
	list, err := io.ReadAll(fetch)
	if err != nil {
		u.t.Fatal(err)
	}
	return string(list)
}

func (u *classicUser) row() wire.ClassicRow {
	return wire.ClassicRow{Name: u.name, Endpoint: u.endpoint()}
}

// joinClassic logs in a new member that takes part, at an endpoint proven by a
// cookie.
func joinClassic(t testing.TB, s *Server, name string) (*client, netip.AddrPort) {
	t.Helper()
	c := newClient(t, s)
	seen := c.observed()
	c.login(wire.Hello{Name: name, Token: token(t, s, 1), Candidates: []wire.Candidate{seen}, Classic: true})
	return c, seen.Endpoint
}

func TestPeerAndClassicUserSeeEachOther(t *testing.T) {
	s := startServer(t, withDoor)
	dave := newClassicUser(t, s, "dave")
	dave.login()
	carol, at := joinClassic(t, s, "carol")
	if whole := await[wire.ClassicUsers](carol); !whole.Whole {
		t.Errorf("first carol is told %+v", whole)
	}
	if news := await[wire.ClassicUsers](carol); len(news.Online) != 1 || news.Online[0] != dave.row() {
		t.Errorf("carol is told %+v", news)
	}
	dave.hears("login,carol," + at.String())
	erin := newClassicUser(t, s, "erin")
	if list := erin.login(); !strings.Contains(list, "carol,"+at.String()+";") {
		t.Errorf("erin's list is %q", list)
	}
	if news := await[wire.ClassicUsers](carol); len(news.Online) != 1 || news.Online[0] != erin.row() {
		t.Errorf("carol is told %+v", news)
	}
	erin.say("logout")
	if news := await[wire.ClassicUsers](carol); len(news.Gone) != 1 || news.Gone[0] != "erin" {
		t.Errorf("carol is told %+v", news)
	}
	dave.hears("login,erin,")
	dave.hears("logout,erin,")
	carol.send(wire.Endpoints{}) // UDP has left her
	dave.hears("logout,carol," + at.String())
	carol.send(wire.Endpoints{Candidates: []wire.Candidate{carol.observed()}})
	dave.hears("login,carol," + at.String())
	_ = carol.conn.Close()
	dave.hears("logout,carol," + at.String())
}

// A peer that could name any endpoint could have all users talk to a victim.
func TestPeerIsNotListedWhereItOnlyClaimsToBe(t *testing.T) {
	s := startServer(t, withDoor)
	seen, _ := joinClassic(t, s, "seen")
	liar := newClient(t, s)
	forged := seen.observed()
	forged.Endpoint = netip.MustParseAddrPort("198.51.100.66:53")
	liar.login(wire.Hello{Name: "liar", Token: token(t, s, 1), Classic: true, Candidates: []wire.Candidate{
		forged,
		{Endpoint: netip.MustParseAddrPort("127.0.0.1:53"), Kind: wire.CandidateLocal},
		{Endpoint: netip.MustParseAddrPort("127.0.0.1:53"), Kind: wire.CandidateMapped},
	}})
	await[wire.ClassicUsers](liar)
	for _, c := range []*client{seen, liar} { // where they are observed has been told to the door
		c.send(wire.Ping{Nonce: 1})
		await[wire.Pong](c)
	}
	if list := newClassicUser(t, s, "dave").login(); strings.Contains(list, "liar") || !strings.Contains(list, "seen") {
		t.Errorf("the list is %q", list)
	}
}

func TestPeerThatDoesNotTakePartIsLeftAlone(t *testing.T) {
	s := startServer(t, withDoor)
	carol := newClient(t, s)
	carol.login(wire.Hello{Name: "carol", Token: token(t, s, 1), Candidates: []wire.Candidate{carol.observed()}})
	if list := newClassicUser(t, s, "dave").login(); strings.Contains(list, "carol") {
		t.Errorf("the list is %q", list)
	}
	// Frames come in order: what follows the login of a member comes after what
	// the door would have said.
	erin := join(t, s, "erin")
	for {
		m, ok := carol.next()
		if told, is := m.(wire.ClassicUsers); is || !ok {
			t.Fatalf("carol is told %+v", told)
		}
		if delta, is := m.(wire.Delta); is && len(delta.Changed) > 0 && delta.Changed[0].Key == erin.key() {
			return
		}
	}
}

func TestPeerHearsNothingOfADoorThatIsNotThere(t *testing.T) {
	s := startServer(t)
	carol, _ := joinClassic(t, s, "carol")
	join(t, s, "erin")
	for {
		m, ok := carol.next()
		if told, is := m.(wire.ClassicUsers); is || !ok {
			t.Fatalf("carol is told %+v", told)
		}
		if _, is := m.(wire.Delta); is {
			return
		}
	}
}

// A user under a member's name would be taken for the member.
func TestDoorRefusesMembersNames(t *testing.T) {
	s := startServer(t, withDoor)
	carol := join(t, s, "Carol")
	_ = carol.conn.Close()                                                          // and is not even online
	impostor, honest := newClassicUser(t, s, "caroI"), newClassicUser(t, s, "dave") // with a capital i
	impostor.say("login")
	if list := honest.login(); strings.Contains(list, impostor.name) {
		t.Errorf("the list is %q", list)
	}
	if refused := s.classic.Counters().Refused.Load(); refused != 1 {
		t.Errorf("%d logins were refused, want 1", refused)
	}
	erin := newClassicUser(t, s, "erin")
	erin.login()
	honest.hears("login,erin,")
	join(t, s, "erin")
	honest.hears("logout,erin,")
}
