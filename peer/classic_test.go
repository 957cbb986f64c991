package peer

import (
	"fmt"
	"io"
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"peerd/peer/api"
	"peerd/rendezvous"
	"peerd/wire"
)

// newClassicCircle is a circle whose rendezvous has a door.
func newClassicCircle(t *testing.T) *circle {
	t.Helper()
	return newCircleWith(t, func(config *rendezvous.Config) { config.Classic = "127.0.0.1:0" })
}

// joinClassic starts a daemon that takes part in the classic protocol, and waits
// until it is logged in. The door lists it once it is observed as well.
func (c *circle) joinClassic(name string) *Daemon {
	c.t.Helper()
	d, err := Start(Config{StateDir: c.t.TempDir(), Listen: "127.0.0.1:0", Name: name, Invite: &c.invite, Classic: true, Logger: testLogger(c.t, name)})
	if err != nil {
		c.t.Fatalf("start %s: %v", name, err)
	}
	c.t.Cleanup(func() {
		if err := d.Close(); err != nil {
			c.t.Errorf("close %s: %v", name, err)
		}
	})
	if err := d.AwaitOnline(c.guard()); err != nil {
		c.t.Fatalf("%s logs in: %v", name, err)
	}
	return d
}

// classicProgram is a program that speaks the original protocol from one socket.
type classicProgram struct {
	t    testing.TB
	name string
	door netip.AddrPort
	conn *net.UDPConn
}

func (c *circle) classicProgram(name string) *classicProgram {
	c.t.Helper()
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(func() { _ = conn.Close() })
	return &classicProgram{c.t, name, c.server.ClassicAddr(), conn}
}

func (p *classicProgram) endpoint() netip.AddrPort {
	return p.conn.LocalAddr().(*net.UDPAddr).AddrPort()
}

func (p *classicProgram) send(text string, to netip.AddrPort) {
	p.t.Helper()
	if _, err := p.conn.WriteToUDPAddrPort([]byte(text), to); err != nil {
		p.t.Fatal(err)
	}
}

// hears returns the rest of the next datagram that begins so, and passes over
// others.
func (p *classicProgram) hears(want string) string {
	p.t.Helper()
	buffer := make([]byte, 2048)
	_ = p.conn.SetReadDeadline(time.Now().Add(hangGuard))
	for {
		n, err := p.conn.Read(buffer)
		if err != nil {
			p.t.Fatalf("%s waits for %q: %v", p.name, want, err)
		}
		if rest, found := strings.CutPrefix(string(buffer[:n]), want); found {
			return rest
		}
	}
}

// login logs in and returns where everybody is.
func (p *classicProgram) login() map[string]netip.AddrPort {
	p.t.Helper()
	p.send(fmt.Sprintf("login,%s,%v", p.name, p.endpoint()), p.door)
	p.hears("Accept,")
	fetch, err := net.Dial("tcp4", p.door.String())
	if err != nil {
		p.t.Fatal(err)
	}
	defer fetch.Close()
	_ = fetch.SetDeadline(time.Now().Add(hangGuard))
	list, err := io.ReadAll(fetch)
	if err != nil {
		p.t.Fatal(err)
	}
	users, err := wire.ParseClassicList(list, wire.ClassicUTF8)
	if err != nil {
		p.t.Fatal(err)
	}
	at := map[string]netip.AddrPort{}
	for _, user := range users {
		at[user.Name] = user.Endpoint
	}
	return at
}

func (p *classicProgram) talk(text string, to netip.AddrPort) {
	p.t.Helper()
	p.send("talk,21 November 2026 03:21:09,"+p.name+","+text, to)
}

// sees waits until a daemon has a classic user online.
func (c *circle) sees(d *Daemon, ref string) api.Peer {
	c.t.Helper()
	var row api.Peer
	c.await("peers lists "+ref+" online", func() bool {
		rows, err := d.Peers(c.guard())
		if err != nil {
			c.t.Fatal(err)
		}
		i := slices.IndexFunc(rows, func(p api.Peer) bool { return p.Name == ref && p.Online })
		if i >= 0 {
			row = rows[i]
		}
		return i >= 0
	})
	return row
}

// listedAt waits until the door lists a peer, and returns where.
func (p *classicProgram) listedAt(peer string) netip.AddrPort {
	p.t.Helper()
	at, err := netip.ParseAddrPort(p.hears("login," + peer + ","))
	if err != nil {
		p.t.Fatal(err)
	}
	return at
}

func isMarked(mark api.ClassicMark) bool {
	return mark.Classic && mark.Verified != nil && !*mark.Verified && mark.Encrypted != nil && !*mark.Encrypted
}

func TestClassicUserAndPeerTalk(t *testing.T) {
	c := newClassicCircle(t)
	dave := c.classicProgram("dave")
	dave.login()
	carol := c.joinClassic("carol")
	at := dave.listedAt("carol")
	row := c.sees(carol, "classic/dave")
	if !isMarked(row.ClassicMark) || row.Verified || row.Key != row.Name || row.Endpoint != dave.endpoint() {
		t.Errorf("the row is %+v", row)
	}

	events := carol.Subscribe(c.guard(), api.TypeMessage)
	dave.talk("well, hello, 你好 👋", at)
	heard, ok := (<-events).(api.Message)
	if !ok || heard.From != "classic/dave" || heard.FromKey != heard.From || heard.Text != "well, hello, 你好 👋" || !isMarked(heard.ClassicMark) {
		t.Fatalf("heard %+v", heard)
	}
	if got := texts(t, carol, "classic/DAVE"); !slices.Equal(got, []string{"well, hello, 你好 👋"}) {
		t.Errorf("carol has %q", got)
	}
	if row := c.sees(carol, "classic/dave"); row.Unread != 1 {
		t.Errorf("%d messages are unread, want 1", row.Unread)
	}
	if err := carol.MarkRead(t.Context(), api.ReadMark{UpTo: heard.ID, Receipt: true}); err != nil {
		t.Fatal(err)
	}
	if row := c.sees(carol, "classic/dave"); row.Unread != 0 {
		t.Errorf("%d messages are unread, want none", row.Unread)
	}

	sent, err := carol.Send(c.guard(), api.SendRequest{To: "classic/dave", Text: "hi, dave"})
	if err != nil || sent.State != api.StateSent || sent.To != "classic/dave" || !isMarked(sent.ClassicMark) {
		t.Fatalf("sent %+v, %v", sent, err)
	}
	if _, rest, _ := strings.Cut(dave.hears("talk,"), ","); rest != "carol,hi, dave" {
		t.Errorf("dave heard %q", rest)
	}
	// It will never be known to have arrived, so nobody waits for that.
	if waited, err := carol.WaitMessage(c.guard(), sent.ID, api.StateRead); err != nil || waited.State != api.StateSent {
		t.Errorf("waited until %+v, %v", waited, err)
	}
	if again, err := carol.Send(c.guard(), api.SendRequest{To: "classic/dave", Text: "hi, dave", ID: sent.ID}); err != nil || again.ID != sent.ID {
		t.Errorf("sent again: %+v, %v", again, err)
	}
	if _, err := carol.Send(c.guard(), api.SendRequest{To: "classic/dave", Text: "and"}); err != nil {
		t.Fatal(err)
	}
	if _, rest, _ := strings.Cut(dave.hears("talk,"), ","); rest != "carol,and" {
		t.Errorf("dave heard %q after a repeated request", rest)
	}
	carol.mu.Lock()
	defer carol.mu.Unlock()
	if len(carol.conversations) > 0 || len(carol.contacts.byKey) > 0 {
		t.Errorf("there are conversations %v and contacts %v of a classic user", carol.conversations, carol.contacts.byKey)
	}
}

func TestClassicUsersComeAndGo(t *testing.T) {
	c := newClassicCircle(t)
	carol := c.joinClassic("carol")
	events := carol.Subscribe(c.guard(), api.TypePresence)
	dave := c.classicProgram("dave")
	at, listed := dave.login()["carol"]
	if !listed { // the door has heard of dave before it has heard of carol
		at = dave.listedAt("carol")
	}
	if came := (<-events).(api.Presence); came.Name != "classic/dave" || !came.Online || !isMarked(came.ClassicMark) {
		t.Errorf("who came is %+v", came)
	}
	dave.talk("bye", at)
	c.await("the talk is there", func() bool { return len(texts(t, carol, "classic/dave")) == 1 })
	dave.send(fmt.Sprintf("logout,dave,%v", dave.endpoint()), dave.door)
	if went := (<-events).(api.Presence); went.Name != "classic/dave" || went.Online {
		t.Errorf("who went is %+v", went)
	}
	_, err := carol.Send(c.guard(), api.SendRequest{To: "classic/dave", Text: "wait!"})
	wantCode(t, err, api.CodeClassicAway)
	if sent, err := carol.store.Queued(t.Context()); err != nil || len(sent) > 0 {
		t.Errorf("queued: %v, %v", sent, err)
	}
	rows, err := carol.Peers(t.Context())
	if err != nil || len(rows) != 1 || rows[0].Online || rows[0].Unread != 1 {
		t.Errorf("peers are %+v, %v; want dave offline with an unread message", rows, err)
	}
	if got := texts(t, carol, "classic/dave"); !slices.Equal(got, []string{"bye"}) {
		t.Errorf("carol has %q", got)
	}
}

// What nobody at the door could have sent is dropped, and not answered.
func TestTalksThatAreDropped(t *testing.T) {
	c := newClassicCircle(t)
	c.join("Bob")
	dave, stranger := c.classicProgram("dave"), c.classicProgram("mallory")
	dave.login()
	carol := c.joinClassic("carol")
	at := dave.listedAt("carol")
	c.sees(carol, "classic/dave")
	dropped := uint64(0)
	for name, send := range map[string]func(){
		"under a name that is not online":     func() { stranger.talk("hello", at) },
		"under a member's name":               func() { dave.send("talk,3:21,Bob,hello", at) },
		"under the name of the peer itself":   func() { dave.send("talk,3:21,carol,hello", at) },
		"without a name":                      func() { dave.send("talk,3:21,,hello", at) },
		"without a message":                   func() { dave.send("talk,3:21,dave", at) },
		"that is no text":                     func() { dave.send("talk,3:21,dave,\xff", at) },
		"with a control character in a field": func() { dave.send("talk,\x1b[2J,dave,hello", at) },
		"that is too long":                    func() { dave.talk(strings.Repeat("a", maxTalkHeard), at) },
	} {
		send()
		dropped++
		c.await("a talk "+name+" is dropped", func() bool { return carol.classicStatus().Dropped == dropped })
	}
	elsewhere, err := net.DialUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 9)}, net.UDPAddrFromAddrPort(at))
	if err != nil {
		t.Fatal(err)
	}
	defer elsewhere.Close()
	if _, err := elsewhere.Write([]byte("talk,3:21,dave,from another address")); err != nil {
		t.Fatal(err)
	}
	c.await("a talk from an address without users is dropped", func() bool { return carol.classicStatus().Dropped == dropped+1 })

	dave.talk("hello", at)
	c.await("what dave says himself arrives", func() bool { return carol.classicStatus().Received == 1 })
	if got := texts(t, carol, ""); !slices.Equal(got, []string{"hello"}) {
		t.Errorf("carol has %q", got)
	}
	_ = elsewhere.SetReadDeadline(time.Now().Add(time.Millisecond))
	if n, err := elsewhere.Read(make([]byte, 100)); err == nil {
		t.Errorf("%d bytes were answered", n)
	}
}

// A flood of one user's costs the disk little.
func TestTalksOverTheLimitOfAnAddressAreDropped(t *testing.T) {
	c := newClassicCircle(t)
	dave := c.classicProgram("dave")
	dave.login()
	carol := c.joinClassic("carol")
	at := dave.listedAt("carol")
	c.sees(carol, "classic/dave")
	const flood = 10 * talkBurst
	for range flood {
		dave.talk("hello", at)
	}
	c.await("all of it has been dealt with", func() bool {
		status := carol.classicStatus()
		return status.Received+status.Dropped == flood
	})
	if got := carol.classicStatus(); got.Received == 0 || got.Received > 2*talkBurst {
		t.Errorf("%+v of %d talks at once", got, flood)
	}
}

func TestWhoCannotBeSentTalks(t *testing.T) {
	c := newClassicCircle(t)
	dave := c.classicProgram("dave")
	dave.login()
	carol := c.joinClassic("carol")
	c.sees(carol, "classic/dave")
	for to, want := range map[string]api.Code{
		"classic/erin":                    api.CodeNoSuchPeer,
		"classic/":                        api.CodeNoSuchPeer,
		"classic/classic/dave":            api.CodeNoSuchPeer,
		"dave":                            api.CodeNoSuchPeer,
		classicKey("dave").String():       api.CodeNoSuchPeer,
		"classic/" + carol.Key().String(): api.CodeNoSuchPeer,
	} {
		_, err := carol.Send(c.guard(), api.SendRequest{To: to, Text: "hello"})
		wantCode(t, err, want)
	}
	for _, text := range []string{strings.Repeat("a", maxTalkSent), "zero\x00"} {
		_, err := carol.Send(c.guard(), api.SendRequest{To: "classic/dave", Text: text})
		wantCode(t, err, api.CodeUsage)
	}
	_, err := carol.Ping(c.guard(), "classic/dave")
	wantCode(t, err, api.CodeClassicOnly)
	_, err = carol.Connect(c.guard(), "classic/dave")
	wantCode(t, err, api.CodeClassicOnly)
	_, err = carol.Why(c.guard(), "classic/dave")
	wantCode(t, err, api.CodeClassicOnly)
	for _, item := range []wire.Message{wire.Edit{ID: wire.MessageID{1}, Unsend: true}} {
		_, err = carol.sendItem(c.guard(), classicKey("dave"), item)
		wantCode(t, err, api.CodeClassicOnly)
	}
	if contacts, err := carol.Contacts(t.Context()); err != nil || len(contacts) > 0 {
		t.Errorf("contacts are %v, %v", contacts, err)
	}
}

// Without the flag a daemon asks for nothing, is told nothing, and hears nothing.
func TestWithoutTheFlagNothingOfTheClassicProtocolHappens(t *testing.T) {
	c := newClassicCircle(t)
	dave := c.classicProgram("dave")
	dave.login()
	carol := c.join("carol")
	hello, err := carol.hello(carol.membership)
	if err != nil || hello.Classic {
		t.Errorf("the hello has the flag: %+v, %v", hello, err)
	}
	erin := c.joinClassic("erin") // and by now carol would have been listed too
	dave.listedAt("erin")
	if at, listed := c.classicProgram("frank").login()["carol"]; listed {
		t.Errorf("carol is listed at %v", at)
	}
	// A rendezvous that tells of users nevertheless has no effect.
	carol.applyClassicUsers(wire.ClassicUsers{Online: []wire.ClassicRow{{Name: "dave", Endpoint: dave.endpoint()}}})
	at := c.observed(carol)
	junk := carol.socket.Counters().Junk
	dave.talk("hello", at)
	c.await("the talk is dropped", func() bool { return carol.socket.Counters().Junk > junk })
	rows, err := carol.Peers(t.Context())
	if err != nil || slices.ContainsFunc(rows, func(p api.Peer) bool { return p.Classic }) {
		t.Errorf("peers are %+v, %v", rows, err)
	}
	if status, err := carol.Status(t.Context()); err != nil || status.Classic != nil {
		t.Errorf("the status is %+v, %v", status, err)
	}
	if got := texts(t, carol, ""); len(got) > 0 {
		t.Errorf("carol has %q", got)
	}
	_, err = carol.Send(c.guard(), api.SendRequest{To: "classic/dave", Text: "hello"})
	wantCode(t, err, api.CodeClassicOff)
	c.sees(erin, "classic/dave")
}

// What was exported is called the same where it is imported, unless its name was
// tampered with.
func TestImportedTalksAreCalledAsTheyWere(t *testing.T) {
	c := newClassicCircle(t)
	dave := c.classicProgram("dave")
	dave.login()
	carol := c.joinClassic("carol")
	c.sees(carol, "classic/dave")
	dave.talk("hello", c.observed(carol))
	c.await("the talk is there", func() bool { return len(texts(t, carol, "classic/dave")) == 1 })
	rows := export(t, carol, "classic/dave")
	if len(rows) != 1 {
		t.Fatalf("exported %+v", rows)
	}
	tampered := slices.Clone(rows)
	tampered[0].Name = "classic/erin"
	erin := c.join("erin")
	if _, err := erin.Import(c.guard(), api.ImportRequest{Messages: tampered, AnotherKey: true}); err != nil {
		t.Fatal(err)
	}
	if shown, err := erin.Read(t.Context(), api.ReadRequest{}); err != nil || len(shown) != 1 || shown[0].From != "classic/?" || !isMarked(shown[0].ClassicMark) {
		t.Errorf("tampered with, they are %+v, %v", shown, err)
	}
	if _, err := erin.Import(c.guard(), api.ImportRequest{Messages: rows, AnotherKey: true}); err != nil {
		t.Fatal(err)
	}
	if got := texts(t, erin, "classic/dave"); !slices.Equal(got, []string{"hello"}) {
		t.Errorf("imported %q", got)
	}
}

// The flag taken away, what was said before is still there and still marked.
func TestTalksAreMarkedInALaterLifeToo(t *testing.T) {
	c := newClassicCircle(t)
	dir := t.TempDir()
	config := Config{StateDir: dir, Listen: "127.0.0.1:0", Name: "carol", Invite: &c.invite, Classic: true, Logger: testLogger(t, "carol")}
	carol, err := Start(config)
	if err != nil {
		t.Fatal(err)
	}
	dave := c.classicProgram("dave")
	dave.login()
	c.sees(carol, "classic/dave")
	dave.talk("hello", c.observed(carol))
	c.await("the talk is there", func() bool { return len(texts(t, carol, "classic/dave")) == 1 })
	if err := carol.Close(); err != nil {
		t.Fatal(err)
	}
	back := c.joinAt("carol", dir)
	rows, err := back.Read(t.Context(), api.ReadRequest{From: "classic/dave"})
	if err != nil || len(rows) != 1 || rows[0].From != "classic/dave" || !isMarked(rows[0].ClassicMark) {
		t.Errorf("rows are %+v, %v", rows, err)
	}
}
