package peer

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"crypto/tls"
	"encoding/binary"
	"io"
	"net"
	"sync"
	"testing"

	"github.com/quic-go/quic-go"

	"peerd/internal/identity"
	"peerd/punch/socket"
	"peerd/wire"
)

// TestT23RecordedSessionHasEphemeralKeysOnly records the QUIC connections of sessions
// and of files, as a relay could, and reads in the recording what anybody can: which
// keys both sides agree with. What the private keys of both identities are worth on
// such a recording, package identity's tests show.
func TestT23RecordedSessionHasEphemeralKeysOnly(t *testing.T) {
	for name, use := range map[string]struct {
		protocol string
		config   *quic.Config
	}{
		"session": {wire.SessionProtocol, socket.QUICConfig()},
		"files":   {wire.BulkProtocol, bulkConfig()},
	} {
		t.Run(name, func(t *testing.T) {
			if use.config.Allow0RTT || use.config.Tracer != nil || use.config.TokenStore != nil {
				t.Error("the configuration allows 0-RTT, traces, or keeps tokens")
			}
			cache := &tickets{}
			for range 2 { // what could be resumed would be the second time
				relayed := recordSession(t, use.protocol, use.config, cache)
				hello, answer := relayed.hellos(t)
				for side, extensions := range map[string]map[uint16]bool{"dialling": hello, "accepting": answer} {
					if !extensions[51] || extensions[41] || extensions[42] {
						t.Errorf("the %s side's hello has the extensions %v, want a key share and neither a pre-shared key nor early data", side, extensions)
					}
				}
				if bytes.Contains(bytes.Join(relayed.all, nil), []byte(relayedCanary)) {
					t.Error("what was said is in the recording in clear")
				}
			}
			if cache.given != 0 {
				t.Errorf("%d tickets were given out", cache.given)
			}
		})
	}
}

const relayedCanary = "canary: said over a relay that records"

// tickets counts the sessions that could be resumed.
type tickets struct{ given int }

func (c *tickets) Get(string) (*tls.ClientSessionState, bool) { return nil, false }
func (c *tickets) Put(_ string, state *tls.ClientSessionState) {
	if state != nil {
		c.given++
	}
}

// recording is a socket of the dialling side that keeps every datagram.
type recording struct {
	net.PacketConn
	mu             sync.Mutex
	out, back, all [][]byte
}

func (r *recording) WriteTo(b []byte, to net.Addr) (int, error) {
	r.mu.Lock()
	r.out, r.all = append(r.out, bytes.Clone(b)), append(r.all, bytes.Clone(b))
	r.mu.Unlock()
	return r.PacketConn.WriteTo(b, to)
}

func (r *recording) ReadFrom(b []byte) (int, net.Addr, error) {
	n, from, err := r.PacketConn.ReadFrom(b)
	r.mu.Lock()
	r.back, r.all = append(r.back, bytes.Clone(b[:n])), append(r.all, bytes.Clone(b[:n]))
	r.mu.Unlock()
	return n, from, err
}

// recordSession has two peers say the canary to each other.
func recordSession(t *testing.T, protocol string, config *quic.Config, cache tls.ClientSessionCache) *recording {
	t.Helper()
	alice, bob := newIdentity(t), newIdentity(t)
	far, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	near, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	relayed := &recording{PacketConn: near}
	accepting, dialling := &quic.Transport{Conn: far}, &quic.Transport{Conn: relayed}
	defer far.Close()
	defer near.Close()
	defer accepting.Close()
	defer dialling.Close()
	listener, err := accepting.Listen(bob.AcceptTLS([]string{protocol}, func(wire.Key) bool { return true }), socket.QUICConfig())
	if err != nil {
		t.Fatal(err)
	}
	ours := alice.MutualTLS(protocol, bob.Key())
	ours.SessionTicketsDisabled, ours.ClientSessionCache = false, cache
	connection, err := dialling.Dial(t.Context(), far.LocalAddr(), ours, config)
	if err != nil {
		t.Fatal(err)
	}
	accepted, err := listener.Accept(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	asking, err := connection.OpenStream()
	if err != nil {
		t.Fatal(err)
	}
	sayCanary(t, asking)
	answering, err := accepted.AcceptStream(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	sayCanary(t, answering)
	if _, err := io.ReadFull(asking, make([]byte, len(relayedCanary))); err != nil {
		t.Fatal(err)
	}
	if state := connection.ConnectionState(); state.Used0RTT || state.TLS.DidResume || state.TLS.Version != tls.VersionTLS13 || state.TLS.CurveID != tls.X25519 {
		t.Errorf("used 0-RTT: %t, resumed: %t, TLS %x, key exchange %s", state.Used0RTT, state.TLS.DidResume, state.TLS.Version, state.TLS.CurveID)
	}
	return relayed
}

func sayCanary(t *testing.T, stream *quic.Stream) {
	t.Helper()
	if _, err := stream.Write([]byte(relayedCanary)); err != nil {
		t.Fatal(err)
	}
}

func newIdentity(t *testing.T) *identity.Identity {
	t.Helper()
	self, err := identity.Generate()
	if err != nil {
		t.Fatal(err)
	}
	return self
}

// hellos returns which extensions the ClientHello and the ServerHello have. Anybody can
// read them: the keys of QUIC's first packets follow from a connection id on the wire
// (RFC 9001 section 5.2).
func (r *recording) hellos(t *testing.T) (client, server map[uint16]bool) {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	first := r.out[0]
	salt := []byte{0x38, 0x76, 0x2c, 0xf7, 0xf5, 0x59, 0x34, 0xb3, 0x4d, 0x17, 0x9a, 0xe6, 0xa4, 0xc8, 0x0c, 0xad, 0xcc, 0xbb, 0x7f, 0x0a}
	initial, err := hkdf.Extract(sha256.New, first[6:6+first[5]], salt)
	if err != nil {
		t.Fatal(err)
	}
	return extensions(t, cryptoStream(t, r.out, expand(initial, "client in", 32))),
		extensions(t, cryptoStream(t, r.back, expand(initial, "server in", 32)))
}

// expand is HKDF-Expand-Label without a context.
func expand(secret []byte, label string, size int) []byte {
	info := binary.BigEndian.AppendUint16(nil, uint16(size))
	info = append(append(info, byte(len(label)+6)), "tls13 "+label...)
	out, err := hkdf.Expand(sha256.New, secret, string(append(info, 0)), size)
	if err != nil {
		panic(err) // of a size that is no size
	}
	return out
}

// cryptoStream puts together the CRYPTO frames of the Initial packets among datagrams.
func cryptoStream(t *testing.T, datagrams [][]byte, secret []byte) []byte {
	t.Helper()
	stream := make([]byte, 4096)
	for _, datagram := range datagrams {
		for len(datagram) > 7 && datagram[0]&0xf0 == 0xc0 { // Initial, in a long header
			rest := openInitial(t, datagram, secret, func(frames []byte) { takeCrypto(t, frames, stream) })
			datagram = rest
		}
	}
	return stream
}

// openInitial decrypts the Initial packet that begins a datagram, and returns what
// follows it.
func openInitial(t *testing.T, packet, secret []byte, take func(frames []byte)) (rest []byte) {
	t.Helper()
	at := 6 + int(packet[5])
	at += 1 + int(packet[at])
	token, n := varint(packet[at:])
	at += n + int(token)
	size, n := varint(packet[at:])
	at += n
	end := at + int(size)
	protection, err := aes.NewCipher(expand(secret, "quic hp", 16))
	if err != nil {
		t.Fatal(err)
	}
	var mask [16]byte
	protection.Encrypt(mask[:], packet[at+4:at+20])
	header := bytes.Clone(packet[:at+4])
	header[0] ^= mask[0] & 0x0f
	numberSize := int(header[0]&3) + 1
	nonce := expand(secret, "quic iv", 12)
	header = header[:at+numberSize]
	for i := range numberSize {
		header[at+i] ^= mask[1+i]
		nonce[12-numberSize+i] ^= header[at+i]
	}
	block, err := aes.NewCipher(expand(secret, "quic key", 16))
	if err != nil {
		t.Fatal(err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		t.Fatal(err)
	}
	frames, err := aead.Open(nil, nonce, packet[at+numberSize:end], header)
	if err != nil {
		t.Fatalf("open an Initial packet: %v", err)
	}
	take(frames)
	return packet[end:]
}

// takeCrypto copies CRYPTO frames to their places in stream.
func takeCrypto(t *testing.T, frames, stream []byte) {
	t.Helper()
	for len(frames) > 0 {
		kind := frames[0]
		frames = frames[1:]
		switch kind {
		case 0, 1: // padding, ping
		case 6:
			offset, n := varint(frames)
			size, m := varint(frames[n:])
			frames = frames[n+m:]
			copy(stream[offset:], frames[:size])
			frames = frames[size:]
		case 2: // acknowledgement
			for range 2 {
				_, n := varint(frames)
				frames = frames[n:]
			}
			ranges, n := varint(frames)
			frames = frames[n:]
			for range 1 + 2*ranges {
				_, n := varint(frames)
				frames = frames[n:]
			}
		default:
			return // a connection's end
		}
	}
}

func varint(b []byte) (value uint64, size int) {
	size = 1 << (b[0] >> 6)
	value = uint64(b[0] & 0x3f)
	for _, octet := range b[1:size] {
		value = value<<8 | uint64(octet)
	}
	return value, size
}

// extensions lists those of the hello that begins a stream of handshake messages.
func extensions(t *testing.T, stream []byte) map[uint16]bool {
	t.Helper()
	rest := stream[4+2+32:]
	rest = rest[1+int(rest[0]):] // session id
	switch stream[0] {
	case 1:
		rest = rest[2+int(binary.BigEndian.Uint16(rest)):] // suites
		rest = rest[1+int(rest[0]):]                       // compressions
	case 2:
		rest = rest[3:]
	default:
		t.Fatalf("the stream begins with message %d, want a hello", stream[0])
	}
	end := 2 + int(binary.BigEndian.Uint16(rest))
	found := make(map[uint16]bool)
	for rest = rest[2:end]; len(rest) >= 4; rest = rest[4+int(binary.BigEndian.Uint16(rest[2:])):] {
		found[binary.BigEndian.Uint16(rest)] = true
	}
	return found
}
