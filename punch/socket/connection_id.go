package socket

import (
	"crypto/rand"

	"github.com/quic-go/quic-go"

	"peerd/wire"
)

// connectionIDLength makes a stray packet hit a connection by chance about
// once in 2^64; every byte more is sent with every packet.
const connectionIDLength = 8

// connectionIDs draws our connection IDs at random, but none with which a packet
// to us would be taken for a talk of the classic protocol.
type connectionIDs struct{}

var _ quic.ConnectionIDGenerator = connectionIDs{}

func (connectionIDs) GenerateConnectionID() (quic.ConnectionID, error) {
	for {
		var id [connectionIDLength]byte
		rand.Read(id[:]) // never fails: crypto/rand ends the program instead
		if !wire.MistakenForClassic(id[:]) {
			return quic.ConnectionIDFromBytes(id[:]), nil
		}
	}
}

func (connectionIDs) ConnectionIDLen() int { return connectionIDLength }
