package rendezvous

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"time"

	"github.com/rs/zerolog"

	"peerd/internal/identity"
	"peerd/wire"
)

// acceptControl accepts control connections until the listener is closed.
func (s *Server) acceptControl() {
	log := s.log.Sample(&zerolog.BurstSampler{Burst: 1, Period: time.Minute}) // a flood must not fill the log, too
	for {
		conn, err := s.tcp.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil { // out of file descriptors: wait for some to come back
			log.Warn().Err(err).Msg("accept a control connection")
			time.Sleep(50 * time.Millisecond)
			continue
		}
		stranger := s.letIn(conn)
		if stranger == nil {
			s.counters.halfOpenRefused.Add(1)
			reset(conn)
			continue
		}
		s.running.Go(func() {
			defer s.halfOpen.leave(stranger)
			s.meet(conn, stranger)
		})
	}
}

// letIn lets a connection in, or returns nil when its source has had enough.
func (s *Server) letIn(conn net.Conn) *stranger {
	source := sourceOf(conn.RemoteAddr())
	return s.halfOpen.enter(conn, source, s.standing(source, time.Now()))
}

// standing is that of somebody who has just connected from source.
func (s *Server) standing(source netip.Prefix, now time.Time) standing {
	switch {
	case !s.connects.Take(source, now):
		return excessive
	case s.familiar.has(source):
		return familiar
	}
	return silent
}

// meet takes a stranger from TCP accept to login or refusal. When it is a
// login, it starts the goroutine that reads and ends: TLS handshakes need 8 KiB
// of stack, which an idle connection should not hold.
func (s *Server) meet(raw net.Conn, who *stranger) {
	_ = raw.SetDeadline(time.Now().Add(helloTimeout))
	gate := newGate(raw, who)
	defer gate.endTurn()
	conn := tls.Server(gate, s.tls)
	key, hello, err := s.greet(conn)
	gate.endTurn() // the disk and the hub have locks of their own
	if errors.Is(err, errNoTurn) {
		s.counters.handshakesRefused.Add(1)
	}
	if err != nil {
		s.turnAway(conn, err)
		return
	}
	c, err := s.logIn(conn, gate, key, hello)
	if err != nil {
		s.turnAway(conn, err)
		return
	}
	s.enterDoor(c, hello.Classic)
	s.running.Go(func() { s.serve(c) })
}

// turnAway tells a stranger why, when there is something to tell, and closes.
func (s *Server) turnAway(conn *tls.Conn, err error) {
	defer conn.NetConn().Close()
	refused, ok := errors.AsType[wire.Refused](err)
	s.counters.loginsRefused.Add(1)
	s.log.Debug().Err(err).Stringer("from", conn.RemoteAddr()).Msg("login refused")
	if !ok {
		return
	}
	frame, err := wire.AppendFrame(nil, refused)
	if err != nil { // a detail that quotes a very long name
		frame, _ = wire.AppendFrame(nil, wire.Refused{Code: refused.Code})
	}
	if _, err := conn.Write(frame); err != nil {
		return
	}
	// Closing with unread bytes makes TCP drop what the stranger has not read
	// yet, so wait until it hangs up.
	_ = conn.CloseWrite()
	_ = conn.SetReadDeadline(time.Now().Add(lingerTimeout))
	_, _ = io.Copy(io.Discard, io.LimitReader(conn.NetConn(), wire.MaxBody))
}

// greet runs the handshake and reads the Hello. Its error is a wire.Refused when
// the stranger should be told.
func (s *Server) greet(conn *tls.Conn) (key wire.Key, hello wire.Hello, err error) {
	if err := conn.HandshakeContext(context.Background()); err != nil {
		return key, hello, fmt.Errorf("handshake: %w", err)
	}
	if key, err = identity.PeerKey(conn.ConnectionState()); err != nil {
		return key, hello, err
	}
	hello, err = readHello(conn)
	return key, hello, err
}

func readHello(conn *tls.Conn) (wire.Hello, error) {
	kind, body, err := readFirstFrame(conn)
	if err != nil {
		return wire.Hello{}, fmt.Errorf("read the hello: %w", err)
	}
	if kind != wire.KindHello {
		return wire.Hello{}, wire.Refused{Code: wire.RefusedMalformed, Detail: "the first frame must be a hello"}
	}
	hello, err := wire.ParseHello(body)
	if err != nil {
		return wire.Hello{}, wire.Refused{Code: wire.RefusedMalformed}
	}
	return hello, checkVersion(hello)
}

// readFirstFrame reads a frame of at most maxHello bytes.
func readFirstFrame(conn io.Reader) (wire.Kind, []byte, error) {
	header := make([]byte, wire.FrameHeaderSize)
	if _, err := io.ReadFull(conn, header); err != nil {
		return 0, nil, err
	}
	if binary.BigEndian.Uint32(header)&0xffffff > maxHello {
		return 0, nil, wire.Refused{Code: wire.RefusedMalformed, Detail: "the hello is too long"}
	}
	return wire.ReadFrame(io.MultiReader(bytes.NewReader(header), conn), nil)
}
