package hostilequic

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/quic-go/quic-go"

	"peerd/internal/identity"
	"peerd/internal/leak"
	"peerd/wire"
)

func TestMain(m *testing.M) { os.Exit(leak.Checked(m).Run()) }

const hangGuard = 30 * time.Second

// wireTo is a Carrier over UDP to one endpoint, or to whoever sends first.
type wireTo struct {
	*net.UDPConn
	to net.Addr
}

func (w *wireTo) Send(datagram []byte) error {
	_, err := w.WriteTo(datagram, w.to)
	return err
}

func (w *wireTo) Receive(ctx context.Context) ([]byte, error) {
	deadline, _ := ctx.Deadline()
	if err := w.SetReadDeadline(deadline); err != nil {
		return nil, err
	}
	buffer := make([]byte, 2048)
	n, from, err := w.ReadFrom(buffer)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return nil, context.DeadlineExceeded
	}
	w.to = from
	return buffer[:n], err
}

func listen(t *testing.T) *net.UDPConn {
	t.Helper()
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

func newIdentity(t *testing.T) *identity.Identity {
	t.Helper()
	self, err := identity.Generate()
	if err != nil {
		t.Fatal(err)
	}
	return self
}

// meet has the speaker shake hands with quic-go, in either role.
func meet(t *testing.T, ctx context.Context, dials bool) (*Conn, *quic.Conn) {
	t.Helper()
	ours, theirs := newIdentity(t), newIdentity(t)
	honest, hostile := &quic.Transport{Conn: listen(t)}, &wireTo{UDPConn: listen(t), to: nil}
	t.Cleanup(func() { honest.Close() })
	config := func(self, other *identity.Identity) *tls.Config {
		return self.MutualTLS(wire.SessionProtocol, other.Key())
	}
	var speaker *Conn
	var met *quic.Conn
	var speakerErr, metErr error
	var meeting sync.WaitGroup
	if dials {
		listener, err := honest.Listen(config(theirs, ours), nil)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { listener.Close() })
		hostile.to = listener.Addr()
		meeting.Go(func() { met, metErr = listener.Accept(ctx) })
		speaker, speakerErr = Dial(ctx, hostile, config(ours, theirs))
	} else {
		meeting.Go(func() { met, metErr = honest.Dial(ctx, hostile.LocalAddr(), config(theirs, ours), nil) })
		speaker, speakerErr = Accept(ctx, hostile, config(ours, theirs))
	}
	meeting.Wait()
	if speakerErr != nil || metErr != nil {
		t.Fatalf("the speaker: %v, quic-go: %v", speakerErr, metErr)
	}
	t.Cleanup(func() { speaker.Close() })
	key, err := identity.PeerKey(met.ConnectionState().TLS)
	if err != nil || key != ours.Key() {
		t.Errorf("quic-go has met %v (%v), want %v", key, err, ours.Key())
	}
	return speaker, met
}

// The speaker is understood, and understands: what it says later is taken for what it
// is, not for noise.
func TestSpeakerIsUnderstoodByQUIC(t *testing.T) {
	for name, c := range map[string]struct {
		dials  bool
		stream uint64
	}{"as the client": {true, 0}, "as the server": {false, 1}} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), hangGuard)
			defer cancel()
			speaker, met := meet(t, ctx, c.dials)
			echoed := make(chan error, 1)
			go func() { echoed <- echo(ctx, met) }()
			said := bytes.Repeat([]byte("0123456789"), 40_000) // enough for an update of keys
			err := speaker.Flood(ctx, len(said)/1000, func(i int) Frame {
				return Frame{Type: Stream, Numbers: []uint64{c.stream, 1000 * uint64(i)}, Data: said[1000*i:][:1000]}
			})
			if err != nil {
				t.Fatal(err)
			}
			if err := speaker.SendFrames(Frame{Type: StreamEnd, Numbers: []uint64{c.stream, uint64(len(said))}}); err != nil {
				t.Fatal(err)
			}
			if heard := listenTo(t, ctx, speaker, len(said)); !bytes.Equal(heard, said) {
				t.Error("the echo differs")
			}
			if err := <-echoed; err != nil {
				t.Error(err)
			}
			if err := met.CloseWithError(7, "enough"); err != nil {
				t.Fatal(err)
			}
			closed, ok := errors.AsType[*ClosedError](speaker.Settle(ctx))
			if !ok || !closed.Application || closed.Code != 7 || closed.Reason != "enough" {
				t.Errorf("the connection ended with %v", closed)
			}
		})
	}
}

// echo sends back what comes on one stream.
func echo(ctx context.Context, conn *quic.Conn) error {
	stream, err := conn.AcceptStream(ctx)
	if err != nil {
		return err
	}
	said, err := io.ReadAll(stream)
	if err != nil {
		return err
	}
	_, err = stream.Write(said)
	return errors.Join(err, stream.Close())
}

// listenTo returns the octets that come on the only stream.
func listenTo(t *testing.T, ctx context.Context, speaker *Conn, size int) []byte {
	t.Helper()
	heard, pieces, ended := make([]byte, size), map[uint64]int{}, false
	_, err := speaker.Await(ctx, func(f Frame) bool {
		if isStream(f.Type) {
			pieces[f.Numbers[1]] = copy(heard[f.Numbers[1]:], f.Data)
			ended = ended || f.Type == StreamEnd
		}
		missing := size
		for _, piece := range pieces {
			missing -= piece
		}
		return ended && missing <= 0
	})
	if err != nil {
		t.Fatal(err)
	}
	return heard
}
