//go:build linux

package matrix

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"time"

	"peerd/internal/stage"
	"peerd/peer/api"
)

// strayFromSender, strayFromRecipient and strayFromBoth send a packet that
// comes too early, so that the router that it reaches has drawn its conclusions
// before the message is sent.
func strayFromSender(_ places, peers [2]*stage.Peer) error    { return stray(peers[0], peers[1]) }
func strayFromRecipient(_ places, peers [2]*stage.Peer) error { return stray(peers[1], peers[0]) }
func strayFromBoth(p places, peers [2]*stage.Peer) error {
	return errors.Join(strayFromSender(p, peers), strayFromRecipient(p, peers))
}

// underWay is longer than a packet takes from home to home.
const underWay = 100 * time.Millisecond

// stray sends a datagram as if one daemon had sent it, from its own socket to
// where the rendezvous observed the other's, and waits until it has arrived.
func stray(from, to *stage.Peer) error {
	source, err := natOf(from)
	if err != nil {
		return err
	}
	target, err := natOf(to)
	if err != nil {
		return err
	}
	if len(source.Local) == 0 || !target.Observed.IsValid() {
		return fmt.Errorf("send a stray packet: %s is at %v and %s was observed at %v",
			from.Name, source.Local, to.Name, target.Observed)
	}
	header := make([]byte, 8) // of UDP, without a checksum
	binary.BigEndian.PutUint16(header, source.Local[0].Port())
	binary.BigEndian.PutUint16(header[2:], target.Observed.Port())
	binary.BigEndian.PutUint16(header[4:], uint16(len(header)))
	err = from.Host.Do(func() error {
		conn, err := net.ListenIP("ip4:udp", &net.IPAddr{IP: from.Host.Addr().AsSlice()})
		if err != nil {
			return err
		}
		_, err = conn.WriteToIP(header, &net.IPAddr{IP: target.Observed.Addr().AsSlice()})
		return errors.Join(err, conn.Close())
	})
	if err != nil {
		return fmt.Errorf("send a stray packet from %s: %w", from.Name, err)
	}
	time.Sleep(underWay)
	return nil
}

func natOf(p *stage.Peer) (api.NAT, error) {
	ctx, cancel := context.WithTimeout(context.Background(), hangGuard)
	defer cancel()
	client := p.Client()
	defer client.Close()
	status, err := client.Status(ctx)
	return status.NAT, err
}
