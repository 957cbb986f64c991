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
	"time"

	"peerd/internal/identity"
	"peerd/internal/name"
	"peerd/wire"
)

// acceptControl accepts control connections until the listener is closed.
func (s *Server) acceptControl() {
	for {
		conn, err := s.tcp.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil { // out of file descriptors: wait for some to come back
			s.log.Warn().Err(err).Msg("accept a control connection")
			time.Sleep(50 * time.Millisecond)
			continue
		}
		stranger := s.halfOpen.enter(conn)
		if stranger == nil {
			s.counters.halfOpenRefused.Add(1)
			_ = conn.Close()
			continue
		}
		s.running.Go(func() {
			defer s.halfOpen.leave(stranger)
			s.meet(conn)
		})
	}
}

// meet takes a stranger from TCP accept to login or refusal. When it is a
// login, it starts the goroutine that reads and ends: TLS handshakes need 8 KiB
// of stack, which an idle connection should not hold.
func (s *Server) meet(raw net.Conn) {
	_ = raw.SetDeadline(time.Now().Add(helloTimeout))
	gate := newGate(raw)
	conn := tls.Server(gate, s.tls)
	c, hello, err := s.greet(conn, gate)
	if err != nil {
		s.turnAway(conn, err)
		return
	}
	_ = raw.SetDeadline(time.Time{})
	s.hub.login(c, hello, time.Now())
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

// greet runs the handshake, reads the Hello and decides about it. Its error is
// a wire.Refused when the stranger should be told.
func (s *Server) greet(conn *tls.Conn, gate *gate) (*connection, wire.Hello, error) {
	if err := conn.HandshakeContext(context.Background()); err != nil {
		return nil, wire.Hello{}, fmt.Errorf("handshake: %w", err)
	}
	key, err := identity.PeerKey(conn.ConnectionState())
	if err != nil {
		return nil, wire.Hello{}, err
	}
	hello, err := readHello(conn)
	if err != nil {
		return nil, wire.Hello{}, err
	}
	bound, certificate, err := s.admit(key, hello)
	if err != nil {
		return nil, wire.Hello{}, err
	}
	local := addrOf(conn.LocalAddr()).Addr()
	return &connection{
		outbox:   outbox{conn: conn, start: s.running.Go},
		gate:     gate,
		key:      key,
		name:     bound,
		instance: hello.Instance,

		certificate: certificate,

		remote: addrOf(conn.RemoteAddr()),
		local:  local,
		home:   observer{mainPort, s.addresses.isSecond(local)},
		quota:  s.quotas.of(key),
		gone:   make(chan struct{}),
	}, hello, nil
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

// admit returns the name that the state binds to key, and the certificate of it.
func (s *Server) admit(key wire.Key, hello wire.Hello) (bound string, certificate []byte, err error) {
	wish := ""
	if hello.Name != "" {
		if wish, err = name.Normalize(hello.Name); err != nil {
			return "", nil, wire.Refused{Code: wire.RefusedNameInvalid, Detail: err.Error()}
		}
	}
	m, err := s.settle(key, wish, hello)
	if err == nil {
		return m.Name, s.certificate(key, m), nil
	}
	if _, refused := errors.AsType[wire.Refused](err); !refused {
		s.log.Error().Err(err).Msg("admit a peer")
		err = errors.Join(err, wire.Refused{Code: wire.RefusedBusy})
	}
	return "", nil, err
}

// settle sees to it that key is a member under a name, or returns why it is not.
func (s *Server) settle(key wire.Key, wish string, hello wire.Hello) (member, error) {
	if err := s.readmit(key, hello.Certificate); err != nil {
		return member{}, err
	}
	if _, err := s.state.admit(key, wish, hello.Token, time.Now()); err != nil {
		return member{}, err
	}
	m, _, err := s.state.member(key)
	return m, err
}
