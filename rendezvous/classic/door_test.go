package classic

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"peerd/internal/ration"
	"peerd/wire"
)

// hangGuard ends a wait for something that will never come; nothing is measured
// with it.
const hangGuard = time.Minute

// openDoor runs a door on loopback until the test ends.
func openDoor(t testing.TB) *Door {
	t.Helper()
	door, stop := openDoorAt(t, "127.0.0.1:0")
	t.Cleanup(stop)
	return door
}

// openDoorAt runs a door until stop.
func openDoorAt(t testing.TB, address string) (_ *Door, stop func()) {
	t.Helper()
	door, err := Open(address, nobodys, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan struct{})
	go func() { door.Serve(); close(served) }()
	return door, func() {
		if err := door.Close(); err != nil {
			t.Error(err)
		}
		<-served
	}
}

// client is one UDP socket of somebody, at an address of its own on loopback.
type client struct {
	t    testing.TB
	at   netip.AddrPort // where it reaches the door
	conn *net.UDPConn
}

func newClient(t testing.TB, door *Door, address string) *client {
	t.Helper()
	conn, err := net.ListenUDP("udp4", net.UDPAddrFromAddrPort(netip.AddrPortFrom(netip.MustParseAddr(address), 0)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return &client{t: t, at: door.Addr(), conn: conn}
}

func (c *client) addr() netip.AddrPort { return c.conn.LocalAddr().(*net.UDPAddr).AddrPort() }

// say sends a text to the door, as it is.
func (c *client) say(text string) {
	c.t.Helper()
	if _, err := c.conn.WriteToUDPAddrPort([]byte(text), c.at); err != nil {
		c.t.Fatal(err)
	}
}

// hear returns the next text from the door.
func (c *client) hear() string {
	c.t.Helper()
	buffer := make([]byte, wire.MaxClassicRequest)
	_ = c.conn.SetReadDeadline(time.Now().Add(hangGuard))
	n, from, err := c.conn.ReadFromUDPAddrPort(buffer)
	if err != nil || from != c.at {
		c.t.Fatalf("heard from %v: %v", from, err)
	}
	return string(buffer[:n])
}

func (c *client) hears(want string) {
	c.t.Helper()
	if got := c.hear(); got != want {
		c.t.Errorf("heard %q, want %q", got, want)
	}
}

// hearsNothing checks that everything the door did so far sent nothing here. On
// loopback a datagram is in the recipient's queue when the send returns.
func (c *client) hearsNothing() {
	c.t.Helper()
	buffer := make([]byte, wire.MaxClassicRequest)
	_ = c.conn.SetReadDeadline(time.Now().Add(time.Millisecond))
	if n, _, err := c.conn.ReadFromUDPAddrPort(buffer); !errors.Is(err, os.ErrDeadlineExceeded) {
		c.t.Errorf("heard %q, %v; want nothing", buffer[:n], err)
	}
}

// login sends a login that claims the client's own socket.
func (c *client) login(name string) { c.say("login," + name + "," + c.addr().String()) }

// fetch returns all that a TCP connection from the client's address carries.
func (c *client) fetch() string {
	c.t.Helper()
	conn := connect(c.t, c.at, c.addr().Addr().String())
	defer conn.Close()
	list, err := io.ReadAll(conn)
	if err != nil && !errors.Is(err, syscall.ECONNRESET) {
		c.t.Fatal(err)
	}
	return string(list)
}

func connect(t testing.TB, door netip.AddrPort, address string) net.Conn {
	t.Helper()
	dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(address)}, Timeout: hangGuard}
	conn, err := dialer.Dial("tcp4", door.String())
	if err != nil {
		t.Fatal(err)
	}
	_ = conn.SetDeadline(time.Now().Add(hangGuard))
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

// enter logs in and fetches the list.
func (c *client) enter(name string) (list string) {
	c.t.Helper()
	c.login(name)
	c.hears(accept(c.at))
	return c.fetch()
}

// accept is what a door at an address answers.
func accept(door netip.AddrPort) string { return fmt.Sprintf("Accept,%d", door.Port()) }

func waitUntil(t testing.TB, what string, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(hangGuard); !done(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("it never happened that %s", what)
		}
	}
}

func TestUsersHearOfEachOther(t *testing.T) {
	door := openDoor(t)
	alice, bob := newClient(t, door, "127.0.0.2"), newClient(t, door, "127.0.0.3")
	if got, want := alice.enter("alice"), "alice,"+alice.addr().String()+";end"; got != want {
		t.Errorf("alice's list is %q, want %q", got, want)
	}
	want := "alice," + alice.addr().String() + ";bob," + bob.addr().String() + ";end"
	if got := bob.enter("bob"); got != want {
		t.Errorf("bob's list is %q, want %q", got, want)
	}
	alice.hears("login,bob," + bob.addr().String())
	bob.say("logout,bob," + bob.addr().String())
	alice.hears("logout,bob," + bob.addr().String())
	bob.hearsNothing()
	if door.Users() != 1 {
		t.Errorf("%d users are online", door.Users())
	}
}

// The original client sends from one socket and listens on another.
func TestAnswersGoWhereAUserListens(t *testing.T) {
	door := openDoor(t)
	sender, listener := newClient(t, door, "127.0.0.2"), newClient(t, door, "127.0.0.2")
	sender.say("login,alice," + listener.addr().String())
	listener.hears(accept(door.Addr()))
	if got, want := listener.fetch(), "alice,"+listener.addr().String()+";end"; got != want {
		t.Errorf("the list is %q, want %q", got, want)
	}
	newClient(t, door, "127.0.0.3").enter("bob")
	if got := listener.hear(); !strings.HasPrefix(got, "login,bob,") {
		t.Errorf("heard %q", got)
	}
	sender.hearsNothing()
}

func TestUserBehindANATIsAnsweredWhereItIsSeen(t *testing.T) {
	door := openDoor(t)
	alice := newClient(t, door, "127.0.0.2")
	alice.say("login,alice,192.168.1.20:9000")
	alice.hears(accept(door.Addr()))
	if got, want := alice.fetch(), "alice,"+alice.addr().String()+";end"; got != want {
		t.Errorf("the list is %q, want %q", got, want)
	}
	bob := newClient(t, door, "127.0.0.3")
	bob.enter("bob")
	alice.say("logout,alice,192.168.1.20:9000")
	bob.hears("logout,alice," + alice.addr().String())
}

// Two programs behind one router get their own lists, each in its encoding.
func TestUsersOfOneAddressDoNotGetEachOthersLists(t *testing.T) {
	door := unservedDoor(t, nobodys) // whose clock is ours: nobody's turn ends before it is over
	alice, bob, carol := newClient(t, door, "127.0.0.2"), newClient(t, door, "127.0.0.2"), newClient(t, door, "127.0.0.2")
	now := time.Now()
	receive(door, alice, "alice", now)
	alice.hears(accept(door.Addr()))
	bobs, err := wire.AppendClassic(nil, wire.ClassicLogin{Name: "bob", Endpoint: bob.addr()}, wire.ClassicDotNET)
	if err != nil {
		t.Fatal(err)
	}
	door.receive(bobs, bob.addr(), netip.Addr{}, now)
	receive(door, carol, "carol", now)
	if got, want := fetchAt(t, door, "127.0.0.2", now), "alice,"+alice.addr().String()+";end"; got != want {
		t.Errorf("alice's list is %q, want %q", got, want)
	}
	bob.hear()
	users, err := wire.ParseClassicList([]byte(fetchAt(t, door, "127.0.0.2", now)), wire.ClassicDotNET)
	if err != nil || len(users) != 2 || users[1].Name != "bob" {
		t.Errorf("bob's list is %v, %v", users, err)
	}
	carol.hears(accept(door.Addr())) // and never fetches
	dave := newClient(t, door, "127.0.0.2")
	receive(door, dave, "dave", now)
	dave.hearsNothing()
	now = now.Add(turn)
	door.tick(now)
	dave.hears(accept(door.Addr()))
	if list := fetchAt(t, door, "127.0.0.2", now); !strings.Contains(list, "dave") || strings.Contains(list, "carol") {
		t.Errorf("dave's list is %q", list)
	}
}

// receive has an unserved door get the login of a client.
func receive(door *Door, c *client, name string, now time.Time) {
	door.receive([]byte("login,"+name+","+c.addr().String()), c.addr(), netip.Addr{}, now)
}

// fetchAt returns what a TCP connection to an unserved door carries at a moment.
func fetchAt(t *testing.T, door *Door, address string, now time.Time) string {
	t.Helper()
	conn := connect(t, door.Addr(), address)
	accepted, err := door.tcp.AcceptTCP()
	if err != nil {
		t.Fatal(err)
	}
	list := door.fetch(accepted, now)
	if list == nil {
		_ = accepted.Close()
		return ""
	}
	var sending sync.WaitGroup
	defer sending.Wait()
	sending.Go(func() { door.sendList(accepted, list, hangGuard) })
	defer conn.Close()
	read, err := io.ReadAll(conn)
	if err != nil {
		t.Fatal(err)
	}
	return string(read)
}

// The next one behind a router does not wait for the clock, which stands still
// in a door that is not served.
func TestFetchGivesTheNextOneItsTurn(t *testing.T) {
	door, err := Open("127.0.0.1:0", nobodys, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = door.Close() })
	alice, bob := newClient(t, door, "127.0.0.2"), newClient(t, door, "127.0.0.2")
	now := time.Now()
	for name, c := range map[string]*client{"alice": alice, "bob": bob} {
		receive(door, c, name, now)
	}
	connect(t, door.Addr(), "127.0.0.2")
	conn, err := door.tcp.AcceptTCP()
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if list := door.fetch(conn, now); list == nil {
		t.Error("no list")
	}
	alice.hears(accept(door.Addr()))
	bob.hears(accept(door.Addr()))
}

// A forged source that claims a victim's endpoint, and one that claims another
// port of its own: nobody gets more than one small Accept.
func TestForgedLoginsMakeNoAmplifier(t *testing.T) {
	door := openDoor(t)
	bystander, victim := newClient(t, door, "127.0.0.2"), newClient(t, door, "127.0.0.3")
	bystander.enter("bystander")
	attacker := newClient(t, door, "127.0.0.4")
	attacker.say("login,mallory," + victim.addr().String())
	attacker.hears(accept(door.Addr()))
	forged := newClient(t, door, "127.0.0.3") // as if it forged the victim's address
	question := "login,m," + victim.addr().String()
	forged.say(question)
	if answer := victim.hear(); answer != accept(door.Addr()) || len(answer) >= len(question) {
		t.Errorf("%d bytes made the door send %q", len(question), answer)
	}
	newClient(t, door, "127.0.0.5").enter("carol")
	if got := bystander.hear(); !strings.HasPrefix(got, "login,carol,") {
		t.Errorf("heard %q", got)
	}
	for _, c := range []*client{bystander, victim, attacker, forged} {
		c.hearsNothing()
	}
	if door.Users() != 2 {
		t.Errorf("%d users are online", door.Users())
	}
}

func TestNameIsNotTakenFromAnotherAddress(t *testing.T) {
	door := openDoor(t)
	alice, bob, thief := newClient(t, door, "127.0.0.2"), newClient(t, door, "127.0.0.3"), newClient(t, door, "127.0.0.4")
	alice.enter("alice")
	bob.enter("bob")
	alice.hear()
	thief.login("alice")
	thief.say("logout,alice," + alice.addr().String())
	waitUntil(t, "both were refused", func() bool { return door.Counters().Refused.Load() == 2 })
	if got := thief.fetch(); got != "" {
		t.Errorf("the thief's list is %q", got)
	}
	for _, c := range []*client{alice, bob, thief} {
		c.hearsNothing()
	}
	restarted := newClient(t, door, "127.0.0.2")
	restarted.enter("alice")
	bob.hears("login,alice," + restarted.addr().String())
	alice.hearsNothing() // the old program is not told of the new one
}

func TestBadDatagramsAreCountedAndNotAnswered(t *testing.T) {
	door := openDoor(t)
	bystander, hostile := newClient(t, door, "127.0.0.2"), newClient(t, door, "127.0.0.3")
	bystander.enter("bystander")
	own := hostile.addr().String()
	bad := []string{
		"", "login", "login,,", "login,alice", "login,alice," + own + ",x", "login,al,ice," + own,
		"login,alice,nowhere", "login,alice,0.0.0.0:1", "login,alice,[::1]:1", "login,-rf," + own,
		"login,alice\n," + own, "login,\x1b]0;," + own, "login,аlice," + own, "login,\xff\xfe," + own,
		"login," + strings.Repeat("a", 33) + "," + own, "login," + strings.Repeat("a", 60000) + "," + own,
		"l\x00o\x00g\x00i\x00n\x00,\x00\x3d\xd8,\x001\x00", "logout,alice", "Accept,1",
		"talk,3:21,alice,hello", "alice,127.0.0.1:1;end",
	}
	for _, text := range bad {
		hostile.say(text)
	}
	waitUntil(t, "all were counted", func() bool { return door.Counters().Malformed.Load() == uint64(len(bad)) })
	if got := hostile.fetch(); got != "" {
		t.Errorf("the list is %q", got)
	}
	hostile.hearsNothing()
	bystander.hearsNothing()
	hostile.enter("alice") // what was bad before does not count against it
}

func TestFloodFromOneAddressIsItsOwnLoss(t *testing.T) {
	door := openDoor(t)
	flooder := newClient(t, door, "127.0.0.3")
	honest := newClient(t, door, elsewhere(t, door.datagrams, "127.0.0.3"))
	counters := door.Counters()
	for sent := uint64(0); counters.OverRate.Load() == 0; {
		if sent > 100*datagramBurst {
			t.Fatal("the flood has no bound")
		}
		for range 50 {
			flooder.say("hello")
			sent++
		}
		waitUntil(t, "all were counted, and none lost in a full queue", func() bool {
			return counters.Malformed.Load()+counters.OverRate.Load() == sent
		})
	}
	flooder.login("alice")
	if list := honest.enter("bob"); !strings.HasPrefix(list, "bob,") {
		t.Errorf("the list is %q", list)
	}
}

// elsewhere returns an address that does not share its tokens with another, as one in a
// few thousand does. It finds out long ago: all are back since.
func elsewhere(t *testing.T, r *ration.Ration, other string) string {
	t.Helper()
	source := func(address string) netip.Prefix { return alone(netip.MustParseAddr(address)) }
	longAgo := time.Now().Add(-24 * time.Hour)
	for r.Take(source(other), longAgo) {
		continue
	}
	for _, address := range []string{"127.0.0.4", "127.0.0.5", "127.0.0.6", "127.0.0.7"} {
		if r.Has(source(address), longAgo) {
			return address
		}
	}
	t.Fatal("one address has taken everybody's tokens")
	return ""
}

func TestConnectionsAreBounded(t *testing.T) {
	door := unservedDoor(t, nobodys)
	var sending sync.WaitGroup
	defer sending.Wait()
	// list fetches a list for somebody who then has so long to hang up; nil without one.
	list := func(address string, linger time.Duration) net.Conn {
		conn := connect(t, door.Addr(), address)
		accepted, err := door.tcp.AcceptTCP()
		if err != nil {
			t.Fatal(err)
		}
		list := door.fetch(accepted, time.Now())
		if list == nil {
			_ = accepted.Close()
			return nil
		}
		sending.Go(func() { door.sendList(accepted, list, linger) })
		if read, err := io.ReadAll(conn); err != nil || !bytes.HasSuffix(read, []byte(";end")) {
			t.Errorf("the list is %q, %v", read, err)
		}
		return conn
	}
	var hostile []net.Conn
	receive(door, newClient(t, door, "127.0.0.3"), "alice", time.Now())
	for range maxListsPerAddress { // who reads the list and does not hang up holds a place
		conn := list("127.0.0.3", hangGuard)
		if conn == nil {
			t.Fatal("refused too early")
		}
		hostile = append(hostile, conn)
	}
	if list("127.0.0.3", hangGuard) != nil {
		t.Error("one more got a list")
	}
	receive(door, newClient(t, door, "127.0.0.4"), "bob", time.Now())
	if list("127.0.0.4", lingerTimeout) == nil { // and does not hang up either
		t.Error("somebody else got none")
	}
	for _, conn := range hostile {
		_ = conn.Close()
	}
	waitUntil(t, "the places are free again", func() bool {
		door.mu.Lock()
		defer door.mu.Unlock()
		return len(door.lists) == 0
	})
}

func TestListsToOneAddressAreRationed(t *testing.T) {
	door := openDoor(t)
	hostile := newClient(t, door, "127.0.0.3")
	honest := newClient(t, door, elsewhere(t, door.fetches, "127.0.0.3"))
	hostile.enter("alice")
	for i := 0; hostile.fetch() != ""; i++ {
		if i == 10*fetchBurst {
			t.Fatal("there are lists without end")
		}
	}
	if list := honest.enter("bob"); !strings.HasSuffix(list, ";end") {
		t.Errorf("somebody else got %q", list)
	}
}

func TestListReachesAClientThatTalks(t *testing.T) {
	door := openDoor(t)
	alice := newClient(t, door, "127.0.0.2")
	alice.login("alice")
	alice.hear()
	conn := connect(t, door.Addr(), "127.0.0.2")
	if _, err := conn.Write([]byte("list, please")); err != nil {
		t.Fatal(err)
	}
	if list, err := io.ReadAll(conn); err != nil || !bytes.HasSuffix(list, []byte(";end")) {
		t.Errorf("the list is %q, %v", list, err)
	}
}

// A host with several addresses answers from the one that was asked: a router
// lets answers from no other one in.
func TestUserIsToldFromTheAddressItAsked(t *testing.T) {
	door, stop := openDoorAt(t, "0.0.0.0:0")
	t.Cleanup(stop)
	asked := netip.AddrPortFrom(netip.MustParseAddr("127.0.0.9"), door.Addr().Port())
	alice, bob := newClient(t, door, "127.0.0.2"), newClient(t, door, "127.0.0.3")
	alice.at, bob.at = asked, netip.AddrPortFrom(netip.MustParseAddr("127.0.0.8"), asked.Port())
	alice.enter("alice")
	bob.enter("bob")
	alice.hears("login,bob," + bob.addr().String())
}

func TestSilentUserIsAnnounced(t *testing.T) {
	door := openDoor(t)
	alice, bob := newClient(t, door, "127.0.0.2"), newClient(t, door, "127.0.0.3")
	alice.enter("alice")
	bob.enter("bob")
	alice.hear()
	door.mu.Lock()
	door.table.users["bob"].heard = time.Now().Add(-silenceLimit)
	door.mu.Unlock()
	door.tick(time.Now().Add(time.Second))
	alice.hears("logout,bob," + bob.addr().String())
	bob.hearsNothing()
}

func TestDoorEndsWithItsGoroutines(t *testing.T) {
	door, stop := openDoorAt(t, "127.0.0.1:0")
	alice := newClient(t, door, "127.0.0.2")
	alice.login("alice")
	alice.hear()
	if _, err := connect(t, door.Addr(), "127.0.0.2").Read(make([]byte, 1)); err != nil { // and hangs
		t.Fatal(err)
	}
	stop()
	stop()
	if left := goroutinesOfDoors(); left != 0 {
		t.Errorf("%d goroutines are left", left)
	}
}

func TestDoorCanBeClosedUnserved(t *testing.T) {
	at := addressOfItsOwn(t)
	door, err := Open(at, nobodys, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	if err := door.Close(); err != nil {
		t.Fatal(err)
	}
	if door, err = Open(at, nobodys, zerolog.Nop()); err != nil {
		t.Fatalf("the port is not free again: %v", err)
	}
	if _, err := Open(at, nobodys, zerolog.Nop()); err == nil {
		t.Error("two doors have one port")
	}
	_ = door.Close()
}

// addressOfItsOwn returns a free address for a door that is closed and opened again. Its
// port is not one that systems give to whoever asks for any.
func addressOfItsOwn(t *testing.T) string {
	t.Helper()
	for range portAttempts {
		door, err := Open(fmt.Sprintf("127.0.0.1:%d", 20000+rand.N(10000)), nobodys, zerolog.Nop())
		if err != nil {
			continue
		}
		_ = door.Close()
		return door.Addr().String()
	}
	t.Fatal("no port is free")
	return ""
}

func TestDoorIsIPv4Only(t *testing.T) {
	for _, address := range []string{"[::1]:0", "7799", "nonsense", "127.0.0.1:x"} {
		if door, err := Open(address, nobodys, zerolog.Nop()); err == nil {
			t.Errorf("a door at %v for %q", door.Addr(), address)
		}
	}
}

// goroutinesOfDoors counts the goroutines that run a door's code.
func goroutinesOfDoors() int {
	buffer := make([]byte, 1<<20)
	stacks := strings.Split(string(buffer[:runtime.Stack(buffer, true)]), "\n\n")
	return len(slices.DeleteFunc(stacks, func(stack string) bool { return !strings.Contains(stack, "classic.(*Door)") }))
}
