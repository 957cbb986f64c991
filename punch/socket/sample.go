package socket

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"time"

	"peerd/wire"
)

// Sample opens count spare sockets, logs in once from each, one right after the
// other, and returns where server observed them, in the order they were opened:
// a look at how the router allocates ports just now (see punch.Sequence). It
// fails when an answer is missing; nothing is repeated, since a late sample
// would tell of another moment.
func Sample(ctx context.Context, server netip.AddrPort, count int) ([]netip.AddrPort, error) {
	var spares []*spare
	defer func() {
		for _, s := range spares {
			s.conn.Close()
		}
	}()
	for range count {
		s, err := openSpare(server)
		if err != nil {
			return nil, fmt.Errorf("sample the router: %w", err)
		}
		spares = append(spares, s)
		if _, err := s.conn.Write(wire.Login{TransactionID: s.id}.Append(nil)); err != nil {
			return nil, fmt.Errorf("sample the router: %w", err)
		}
	}
	var samples []netip.AddrPort
	for _, s := range spares {
		observed, err := s.answer(ctx)
		if err != nil {
			return nil, fmt.Errorf("sample the router: %w", err)
		}
		samples = append(samples, observed)
	}
	return samples, nil
}

// spare is a socket that asks one question.
type spare struct {
	conn *net.UDPConn
	id   wire.TransactionID
}

func openSpare(server netip.AddrPort) (*spare, error) {
	conn, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(server))
	if err != nil {
		return nil, err
	}
	s := &spare{conn: conn}
	rand.Read(s.id[:]) // never fails: crypto/rand ends the program instead
	return s, nil
}

// answer waits for the Accept until ctx ends.
func (s *spare) answer(ctx context.Context) (netip.AddrPort, error) {
	stop := context.AfterFunc(ctx, func() { s.conn.SetReadDeadline(time.Unix(1, 0)) })
	defer stop()
	buffer := make([]byte, wire.LoginSize+1)
	for {
		n, err := s.conn.Read(buffer)
		if err != nil {
			return netip.AddrPort{}, errors.Join(ctx.Err(), err)
		}
		accept, err := wire.ParseAccept(buffer[:n])
		if err == nil && accept.TransactionID == s.id {
			return accept.Observed, nil
		}
	}
}
