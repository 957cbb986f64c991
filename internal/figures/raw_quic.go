//go:build linux

package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"time"

	"github.com/quic-go/quic-go"

	"peerd/internal/identity"
	"peerd/punch/socket"
	"peerd/wire"
)

const rawProtocol = "raw"

// rawEnd is one end of a connection of quic-go on a plain UDP socket: what
// peerd would be without sessions, paths and a relay.
type rawEnd struct {
	conn       *net.UDPConn
	transport  *quic.Transport
	tls        *tls.Config // for both directions
	listener   *quic.Listener
	connection *quic.Conn // of the dialler
}

// playRawQUIC plays one end. Arguments: own port, the other's endpoint. It
// answers
//
//	dial             by connecting to the other end
//	fill DURATION    by filling one stream, as fill does
func playRawQUIC(args []string) (part, error) {
	if len(args) != 2 {
		return part{}, errors.New("raw-quic wants a port and an endpoint")
	}
	other, err := netip.ParseAddrPort(args[1])
	if err != nil {
		return part{}, err
	}
	conn, err := listenUDP(args[0])
	if err != nil {
		return part{}, err
	}
	e := &rawEnd{conn: conn, transport: &quic.Transport{Conn: conn}}
	if err := e.listen(other); err != nil {
		return part{}, errors.Join(err, e.close())
	}
	return part{answer: func(line string) (string, error) { return e.answer(line, other) }, end: e.close}, nil
}

func listenUDP(port string) (*net.UDPConn, error) {
	local, err := net.ResolveUDPAddr("udp4", ":"+port)
	if err != nil {
		return nil, err
	}
	return net.ListenUDP("udp4", local)
}

// listen takes streams to read to their end, and opens our router for packets
// of the other end with one of ours: a router that keeps ports needs no more.
func (e *rawEnd) listen(other netip.AddrPort) error {
	self, err := identity.Generate()
	if err != nil {
		return err
	}
	e.tls = self.AcceptTLS([]string{rawProtocol}, func(wire.Key) bool { return true }) // nobody else is in the lab
	if e.listener, err = e.transport.Listen(e.tls, socket.QUICConfig()); err != nil {
		return err
	}
	go e.discard()
	_, err = e.transport.WriteTo([]byte{0}, net.UDPAddrFromAddrPort(other))
	return err
}

// discard reads what comes until the listener is closed.
func (e *rawEnd) discard() {
	for {
		connection, err := e.listener.Accept(context.Background())
		if err != nil {
			return
		}
		go func() {
			for {
				stream, err := connection.AcceptStream(context.Background())
				if err != nil {
					return
				}
				_, _ = io.Copy(io.Discard, stream)
				_ = stream.Close()
			}
		}()
	}
}

func (e *rawEnd) answer(line string, other netip.AddrPort) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if line == "dial" {
		return "dialled", e.dial(ctx, other)
	}
	d, err := fillDuration(line)
	if err != nil {
		return "", err
	}
	stream, err := e.connection.OpenStreamSync(ctx)
	if err != nil {
		return "", err
	}
	return fill(stream, d)
}

// fillDuration reads the question "fill DURATION".
func fillDuration(line string) (time.Duration, error) {
	var text string
	if _, err := fmt.Sscanf(line, "fill %s", &text); err != nil {
		return 0, fmt.Errorf("question %q is none", line)
	}
	return time.ParseDuration(text)
}

func (e *rawEnd) dial(ctx context.Context, other netip.AddrPort) (err error) {
	e.connection, err = e.transport.Dial(ctx, net.UDPAddrFromAddrPort(other), e.tls, socket.QUICConfig())
	return err
}

func (e *rawEnd) close() error {
	return errors.Join(e.transport.Close(), e.conn.Close())
}
