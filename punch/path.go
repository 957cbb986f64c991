package punch

import (
	"net/netip"
	"time"
)

// A Path is a way to the peer. The zero Path is the relay.
type Path struct {
	// Socket is the one that data to Direct leaves from.
	Socket SocketID
	// TCP is set when Socket is a TCP connection.
	TCP bool
	// Direct is the peer's endpoint; the zero AddrPort means the relay.
	Direct netip.AddrPort
	// RTT of the direct path, measured by its probes; zero for the relay.
	RTT time.Duration
	// Doubtful is set while the direct path has not answered lately: data then
	// goes both ways, direct and relay, and QUIC drops the duplicates.
	Doubtful bool
	// Lossy is set while the relay is used though there is a direct path: that
	// loses too much.
	Lossy bool
}

// IsDirect reports whether data goes to the peer without the relay.
func (p Path) IsDirect() bool { return p.Direct.IsValid() }
