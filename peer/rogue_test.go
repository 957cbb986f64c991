package peer

import (
	"cmp"
	"crypto/ecdh"
	"crypto/hpke"
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"peerd/internal/identity"
	"peerd/internal/rogue"
	"peerd/peer/api"
	"peerd/peer/seal"
	"peerd/peer/store"
	"peerd/wire"
)

// hostile is a circle whose rendezvous is compromised (threat T8).
type hostile struct {
	*circle
	rogue *rogue.Rendezvous
	drawn byte
}

func newHostile(t testing.TB) *hostile {
	t.Helper()
	r := rogue.Start(t)
	return &hostile{circle: &circle{t: t, invite: r.Invite()}, rogue: r}
}

// introductionsOf passes everything but introductions, which change may falsify; a
// nil message withholds.
func introductionsOf(change func(f rogue.Frame, m wire.Introduction) []rogue.Frame) func(rogue.Frame) []rogue.Frame {
	return func(f rogue.Frame) []rogue.Frame {
		if m, ok := f.Message.(wire.Introduction); ok {
			return change(f, m)
		}
		return f.Pass()
	}
}

// relayOnly has everything between the peers go through the rendezvous.
func relayOnly(f rogue.Frame) []rogue.Frame {
	return introductionsOf(func(f rogue.Frame, m wire.Introduction) []rogue.Frame {
		m.Candidates = nil
		return f.With(m).Pass()
	})(f)
}

// withhold lets nothing through that two peers have for each other.
func withhold(f rogue.Frame) []rogue.Frame {
	switch f.Message.(type) {
	case wire.Talk, wire.Introduction, wire.Envelope, wire.Relay:
		return nil
	}
	return f.Pass()
}

func withholdDatagrams(d rogue.Datagram) []rogue.Datagram {
	if wire.Classify(d.Payload) == wire.DatagramRelay {
		return nil
	}
	return d.Pass()
}

// A puppet is a member that does what the test says: an identity without a daemon.
type puppet struct {
	*identity.Identity
	instance wire.Instance
	prekey   wire.SignedPrekey
}

// puppet lists a new one in everybody's roster.
func (h *hostile) puppet(name string) puppet { return h.puppetOf(name, h.identity()) }

func (h *hostile) puppetOf(name string, self *identity.Identity) puppet {
	h.t.Helper()
	p := puppet{Identity: self}
	rand.Read(p.instance[:])
	var err error
	if p.prekey, _, err = seal.NewPrekey(self, 7); err != nil {
		h.t.Fatal(err)
	}
	h.rogue.List(wire.Row{Key: p.Key(), Name: name, Prekey: p.prekey, Online: true, Since: time.Now()})
	return p
}

func (h *hostile) identity() *identity.Identity {
	h.t.Helper()
	self, err := identity.Generate()
	if err != nil {
		h.t.Fatal(err)
	}
	return self
}

// session is the one of a puppet with a daemon.
func (p puppet) session(d *Daemon) wire.SessionID {
	return wire.DeriveSessionID(d.Key(), d.instance, p.Key(), p.instance)
}

// introduction introduces a puppet to a daemon.
func (p puppet) introduction(d *Daemon) wire.Introduction {
	return wire.Introduction{Session: p.session(d), Peer: p.Key(), Instance: p.instance}
}

// sealed seals a message by one identity for a daemon.
func (h *hostile) sealed(by *identity.Identity, to *Daemon, m wire.Message) []byte {
	h.t.Helper()
	return h.sealedFor(by, to.Key(), h.rogue.Row(to.Key()).Prekey, m)
}

func (h *hostile) sealedFor(by *identity.Identity, to wire.Key, prekey wire.SignedPrekey, m wire.Message) []byte {
	h.t.Helper()
	frame, err := wire.AppendFrame(nil, m)
	if err != nil {
		h.t.Fatal(err)
	}
	sealed, err := seal.Seal(by, to, prekey, frame)
	if err != nil {
		h.t.Fatal(err)
	}
	return sealed
}

// disguised is an envelope as author would have sealed it, but for the signature,
// which is by somebody else: the best that can be made without author's key.
func (h *hostile) disguised(by *identity.Identity, author wire.Key, to *Daemon, m wire.Message) []byte {
	h.t.Helper()
	recipient, prekey := to.Key(), h.rogue.Row(to.Key()).Prekey
	public, err := hpke.DHKEM(ecdh.X25519()).NewPublicKey(prekey.Public[:])
	if err != nil {
		h.t.Fatal(err)
	}
	info := slices.Concat([]byte("peerd envelope v1"), author[:], recipient[:])
	encapsulated, sender, err := hpke.NewSender(public, hpke.HKDFSHA256(), hpke.ChaCha20Poly1305(), info)
	if err != nil {
		h.t.Fatal(err)
	}
	header := binary.BigEndian.AppendUint64([]byte{seal.Version}, prekey.ID)
	content := mustFrame(h.t, m)
	signature := by.Sign(slices.Concat(info, header[1:], encapsulated, content))
	ciphertext, err := sender.Seal(header, slices.Concat(signature, content))
	if err != nil {
		h.t.Fatal(err)
	}
	return slices.Concat(header, encapsulated, ciphertext)
}

func (h *hostile) text(body string) wire.Text {
	h.drawn++
	return wire.Text{ID: wire.NewMessageID(time.Now(), [10]byte{h.drawn}), Seq: 1000 + uint64(h.drawn), SentAt: time.Now(), Body: body}
}

func (h *hostile) item(m wire.Message) wire.Item {
	h.t.Helper()
	body, err := m.AppendBody(nil)
	if err != nil {
		h.t.Fatal(err)
	}
	text := h.text("")
	return wire.Item{ID: text.ID, Seq: text.Seq, SentAt: text.SentAt, Payload: m.Kind(), Body: body}
}

// settled waits until a daemon has dealt with all that the rogue has sent it: what
// witness, an honest member, says last has arrived. Envelopes are opened in the
// order in which they come.
func (h *hostile) settled(d *Daemon, witness puppet) {
	h.t.Helper()
	last := h.text(witnessed)
	sealed := h.sealed(witness.Identity, d, last)
	var said time.Time
	h.await("the witness is heard", func() bool {
		if time.Since(said) > time.Second { // it may have come while too many were waiting
			said = time.Now()
			h.rogue.Send(d.Key(), witness.introduction(d), wire.Envelope{Session: witness.session(d), Sealed: sealed})
		}
		_, err := d.store.Message(h.t.Context(), last.ID)
		return err == nil
	})
}

// witnessed is what witnesses say.
const witnessed = "the witness"

// everything is what a daemon holds that nobody but its user and its peers may
// change, in words; without what a witness said.
func (h *hostile) everything(d *Daemon, witness puppet) string {
	h.t.Helper()
	var lines []string
	messages, err := d.store.Messages(h.t.Context(), store.Filter{})
	if err != nil {
		h.t.Fatal(err)
	}
	for _, m := range messages {
		if m.Peer != witness.Key() {
			lines = append(lines, fmt.Sprint("message ", m.ID, m.Peer, m.Outgoing, m.Seq, m.Kind, m.Body, m.Group, m.State, m.EditedAt, m.UnsentAt))
		}
	}
	contacts, err := d.store.Contacts(h.t.Context())
	if err != nil {
		h.t.Fatal(err)
	}
	for _, c := range contacts {
		if c.Key != witness.Key() {
			lines = append(lines, fmt.Sprint("contact ", c.Key, c.Name, c.Petname, c.PinnedAt, c.VerifiedAt, c.BlockedAt, c.Receipts))
		}
	}
	groups, err := d.Groups(h.t.Context())
	if err != nil {
		h.t.Fatal(err)
	}
	slices.SortFunc(groups, func(a, b api.Group) int { return cmp.Compare(a.ID, b.ID) })
	transfers, err := d.store.Transfers(h.t.Context())
	if err != nil {
		h.t.Fatal(err)
	}
	lines = append(lines, fmt.Sprint("groups ", groups), fmt.Sprint("transfers ", transfers), fmt.Sprint("us ", d.Key(), d.ownName()))
	return strings.Join(lines, "\n")
}

// onlineAgain waits until a daemon has said Hello more often than before, and is logged
// in.
func (h *hostile) onlineAgain(d *Daemon, before int) {
	h.t.Helper()
	h.await("another login", func() bool {
		online, _, _ := d.online.state()
		return h.rogue.Logins(d.Key()) > before && online && d.currentControl() != nil
	})
}

// relogin has a daemon log in again at once, as if its network had changed.
func (h *hostile) relogin(d *Daemon) {
	h.t.Helper()
	before := h.rogue.Logins(d.Key())
	d.dropControl()
	h.onlineAgain(d, before)
}

// A victim is an endpoint of this host that counts the datagrams that arrive.
type victim struct {
	t    testing.TB
	conn *net.UDPConn
	// count is of all but those that received sends, which ask for the count.
	count  int64
	counts chan int64
}

// victimAt counts at an endpoint; at any port when that is 0.
func victimAt(t testing.TB, at netip.AddrPort) *victim {
	t.Helper()
	conn, err := net.ListenUDP("udp4", net.UDPAddrFromAddrPort(at))
	if err != nil {
		t.Fatal(err)
	}
	v := &victim{t: t, conn: conn, counts: make(chan int64, 1)}
	var reading sync.WaitGroup
	reading.Go(v.read)
	t.Cleanup(func() {
		conn.Close()
		reading.Wait()
	})
	return v
}

func (v *victim) endpoint() netip.AddrPort { return v.conn.LocalAddr().(*net.UDPAddr).AddrPort() }

func (v *victim) read() {
	buffer := make([]byte, 2048)
	for {
		switch n, from, err := v.conn.ReadFromUDPAddrPort(buffer); {
		case err != nil:
			return
		case n == 0 && from == v.endpoint():
			v.counts <- v.count
		default:
			v.count++
		}
	}
}

// received returns how many datagrams have come until now, those included that wait to be
// counted. One goroutine at a time calls it.
func (v *victim) received() int64 {
	v.t.Helper()
	if _, err := v.conn.WriteToUDPAddrPort(nil, v.endpoint()); err != nil {
		v.t.Fatal(err)
	}
	select {
	case count := <-v.counts:
		return count
	case <-time.After(hangGuard):
		v.t.Fatal("a datagram to the victim got lost")
		return 0
	}
}
