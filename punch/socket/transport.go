package socket

import (
	"crypto/rand"
	"net"
	"time"

	"github.com/quic-go/quic-go"

	"peerd/wire"
)

// idleTimeout is when a connection that nobody has used is forgotten without a
// word. Shorter costs a handshake, or keepalives, for the next message; longer
// only memory, and a peer that is gone takes its connection with it long before.
const idleTimeout = 24 * time.Hour

// newTransport builds the QUIC transport over conn.
func newTransport(conn net.PacketConn) *quic.Transport {
	var resetKey quic.StatelessResetKey
	rand.Read(resetKey[:]) // never fails: crypto/rand ends the program instead
	admission := newAdmission()
	return &quic.Transport{
		Conn:                  conn,
		ConnectionIDGenerator: connectionIDs{},
		StatelessResetKey:     &resetKey,
		VerifySourceAddress:   admission.crowded,
		ConnContext:           admission.admit,
	}
}

// startReading makes t read from its socket now, rather than with the first
// Listen or Dial: logins and probes come before. Of all methods only WriteTo
// does that and nothing else, as no session has the address nowhere.
func startReading(t *quic.Transport) error {
	_, err := t.WriteTo(nil, nowhere)
	return err
}

// QUICConfig returns the configuration for connections between peers, freshly
// made: the caller may change it.
func QUICConfig() *quic.Config {
	return &quic.Config{
		// Of one version there is nothing to negotiate, so nothing that somebody in
		// the middle could lower.
		Versions: []quic.Version{quic.Version1},
		// A hidden switch to a path with a smaller MTU would swallow packets
		// that were discovered to fit the old one. 1200 bytes pass every path
		// QUIC works on (RFC 9000 section 14), and with the relay's 17 bytes
		// and all headers still IPv6's least MTU of 1280.
		InitialPacketSize:       wire.FullProbeSize,
		DisablePathMTUDiscovery: true,
		// Liveness is not QUIC's business here: the engine probes direct paths, the
		// roster tells who has gone, and the daemon asks a peer that does not
		// answer. Keepalives of QUIC's would look like data to the engine and wake
		// two idle peers for nothing.
		MaxIdleTimeout: idleTimeout,
		// The windows begin small, since a peer may hold many sessions, and
		// grow to a path of 1 Gbit/s and 130 ms.
		InitialStreamReceiveWindow:     256 << 10,
		InitialConnectionReceiveWindow: 512 << 10,
		MaxStreamReceiveWindow:         16 << 20,
		MaxConnectionReceiveWindow:     32 << 20,
		// A session needs a handful of streams, and a peer gone bad can have each take
		// 1.7 MiB for a thousand fragments with gaps between them. Fewer, and streams of
		// the future wait for each other; more is only for such a peer.
		MaxIncomingStreams: 8,
		// Nobody opens one, so nobody would ever read it.
		MaxIncomingUniStreams: -1,
	}
}
