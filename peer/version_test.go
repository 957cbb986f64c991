package peer

import (
	"bytes"
	"crypto/tls"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"peerd/internal/identity"
	"peerd/internal/invite"
	"peerd/peer/api"
	"peerd/peer/control"
	"peerd/wire"
)

// scriptedRendezvous answers every Hello and is silent then.
type scriptedRendezvous struct {
	invite invite.Invite
	// answer returns the frames that follow the Hello of a peer.
	answer func(peer wire.Key, hello wire.Hello) []byte
	hellos chan wire.Hello // those that have come
	logins atomic.Int32
}

func startScripted(t *testing.T, answer func(wire.Key, wire.Hello) []byte) *scriptedRendezvous {
	t.Helper()
	self, err := identity.Generate()
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r := &scriptedRendezvous{
		invite: invite.Invite{Address: listener.Addr().String(), Server: self.Key(), Circle: "home", Token: []byte("sixteen byte tok")},
		answer: answer,
		hellos: make(chan wire.Hello, 16),
	}
	var connections sync.WaitGroup
	connections.Go(func() {
		for {
			raw, err := listener.Accept()
			if err != nil {
				return
			}
			connections.Go(func() { r.serve(tls.Server(raw, self.ServerTLS(wire.ControlProtocol))) })
		}
	})
	t.Cleanup(func() {
		listener.Close()
		connections.Wait()
	})
	return r
}

// serve ends when the peer does: daemons are closed before the rendezvous.
func (r *scriptedRendezvous) serve(conn *tls.Conn) {
	defer conn.Close()
	_, body, err := wire.ReadFrame(conn, nil)
	if err != nil {
		return
	}
	hello, err := wire.ParseHello(body)
	if err != nil {
		return
	}
	key, err := identity.PeerKey(conn.ConnectionState())
	if err != nil {
		return
	}
	r.logins.Add(1)
	r.hellos <- hello
	if _, err := conn.Write(r.answer(key, hello)); err != nil {
		return
	}
	for err == nil {
		_, _, err = wire.ReadFrame(conn, nil)
	}
}

func (r *scriptedRendezvous) startPeer(t *testing.T, name string) *Daemon {
	t.Helper()
	d, err := startWith(t, t.TempDir(), r.invite, func(c *Config) { c.Name = name })
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// always answers every Hello with the same message.
func always(t *testing.T, m wire.Message) func(wire.Key, wire.Hello) []byte {
	t.Helper()
	encoded, err := wire.AppendFrame(nil, m)
	if err != nil {
		t.Fatal(err)
	}
	return func(wire.Key, wire.Hello) []byte { return encoded }
}

// A peer that does not understand its rendezvous says so, to whoever starts it and
// to whoever asks for the status, and leaves it in peace.
func TestT26RendezvousThatRequiresMoreThanWeKnowIsLeft(t *testing.T) {
	r := startScripted(t, always(t, wire.Welcome{
		Version: wire.MinVersion, Circle: "home", Name: "alice", Observed: netip.MustParseAddrPort("192.0.2.1:1"),
		Requires: []wire.Feature{wire.FeatureWithhold, 7},
	}))
	d := r.startPeer(t, "alice")
	err := d.AwaitOnline((&circle{t: t}).guard())
	if _, ok := errors.AsType[*control.IncompatibleError](err); !ok || !strings.Contains(err.Error(), "requires feature 7") || !strings.HasSuffix(err.Error(), "upgrade peerd") {
		t.Fatalf("login ended with %v", err)
	}
	status, failure := d.Status(t.Context())
	if failure != nil || status.Rendezvous.Why != err.Error() || status.Rendezvous.State == api.RendezvousOnline {
		t.Errorf("status says %+v (%v), want the same reason", status.Rendezvous, failure)
	}
	if pause := pauseAfter(err, firstPause); pause < refusedPause/2 {
		t.Errorf("tries again after %v", pause)
	}
	if n := r.logins.Load(); n != 1 {
		t.Errorf("it has logged in %d times", n)
	}
}

// What goes out before a rendezvous is known must be readable to every one.
func TestT26HelloThatRequiresNothingReachesEveryVersion(t *testing.T) {
	r := startScripted(t, always(t, wire.Refused{Code: wire.RefusedBusy}))
	r.startPeer(t, "alice")
	select {
	case hello := <-r.hellos:
		if hello.Version != wire.VersionFor(hello.Requires) || len(hello.Requires) == 0 && hello.Version != 1 {
			t.Errorf("the hello of version %d requires %v", hello.Version, hello.Requires)
		}
	case <-time.After(hangGuard):
		t.Fatal("no hello")
	}
}

// What rendezvous of earlier releases say is understood today: the bytes of their
// vectors, sent as they are; in the introduction, the names of those who meet are
// ours.
func TestT26RendezvousOfTheDayBeforeIsUnderstood(t *testing.T) {
	dirs, err := filepath.Glob("../wire/testdata/older/*")
	if err != nil {
		t.Fatal(err)
	}
	dirs = slices.DeleteFunc(dirs, func(dir string) bool { return filepath.Ext(dir) != "" })
	if len(dirs) < 2 {
		t.Fatalf("found %v", dirs)
	}
	for _, dir := range dirs {
		t.Run(filepath.Base(dir), func(t *testing.T) {
			introductions := oldBodies(t, filepath.Join(dir, "introduction.json"))
			answer := oldFrame(wire.KindWelcome, oldBodies(t, filepath.Join(dir, "welcome.json"))[0])
			var rows []wire.Row
			for _, body := range oldBodies(t, filepath.Join(dir, "snapshot.json")) {
				snapshot, err := wire.ParseSnapshot(body)
				if err != nil {
					t.Fatal(err)
				}
				if rows = snapshot.Rows; len(rows) > 1 && !snapshot.More {
					answer = append(answer, oldFrame(wire.KindSnapshot, body)...)
					break
				}
			}
			other := rows[len(rows)-1].Key
			r := startScripted(t, func(us wire.Key, hello wire.Hello) []byte {
				frames := slices.Clone(answer)
				for _, body := range introductions {
					frames = append(frames, oldFrame(wire.KindIntroduction, introduce(body, us, hello.Instance, other))...)
				}
				return frames
			})
			d := r.startPeer(t, "")
			c := &circle{t: t}
			if err := d.AwaitOnline(c.guard()); err != nil {
				t.Fatal(err)
			}
			c.await("the roster is known", func() bool {
				_, known := d.rosterRow(other)
				return known
			})
			c.await("the introduction has opened a session", func() bool { return d.isSessionPeer(other) })
			if name := d.ownName(); name != "alice" {
				t.Errorf("we are called %q", name)
			}
		})
	}
}

// introduce returns an old introduction, of us to the other.
func introduce(body []byte, us wire.Key, instance wire.Instance, other wire.Key) []byte {
	m, err := wire.ParseIntroduction(body)
	if err != nil {
		return nil
	}
	ours := wire.DeriveSessionID(us, instance, other, m.Instance)
	body = bytes.Replace(body, m.Session[:], ours[:], 1)
	return bytes.Replace(body, m.Peer[:], other[:], 1)
}

func oldFrame(kind wire.Kind, body []byte) []byte {
	return append(binary.BigEndian.AppendUint32(nil, uint32(kind)<<24|uint32(len(body))), body...)
}

// oldBodies returns the bodies in a file of vectors.
func oldBodies(t *testing.T, file string) (bodies [][]byte) {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var vectors []struct{ Hex string }
	if err := json.Unmarshal(content, &vectors); err != nil {
		t.Fatal(err)
	}
	for _, v := range vectors {
		body, err := hex.DecodeString(v.Hex)
		if err != nil {
			t.Fatal(err)
		}
		bodies = append(bodies, body)
	}
	return bodies
}
