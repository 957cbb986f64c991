package identity

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"math/big"
	"net"
	"strings"
	"testing"
	"time"

	"peerd/wire"
)

const testALPN = "peerd-test/1"

// handshake runs both sides over loopback, to the end of the first exchange of
// data: only then has each side heard the other's verdict. An in-memory pipe would
// not do: it has no buffer, so an alert waits for a flight nobody reads.
func handshake(t *testing.T, client, server *tls.Config) (clientSide, serverSide outcome) {
	t.Helper()
	near, far := connect(t)
	stop := time.AfterFunc(30*time.Second, func() { near.Close(); far.Close() }) // hang guard
	defer stop.Stop()

	done := make(chan outcome, 1)
	go func() { done <- exchange(tls.Server(far, server)) }()
	clientSide = exchange(tls.Client(near, client))
	return clientSide, <-done
}

func connect(t *testing.T) (near, far net.Conn) {
	t.Helper()
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	if near, err = net.Dial("tcp4", listener.Addr().String()); err != nil {
		t.Fatal(err)
	}
	if far, err = listener.Accept(); err != nil {
		t.Fatal(err)
	}
	return near, far
}

type outcome struct {
	state tls.ConnectionState
	err   error
}

func exchange(conn *tls.Conn) outcome {
	defer conn.NetConn().Close()
	if err := conn.Handshake(); err != nil {
		return outcome{err: err}
	}
	if _, err := conn.Write([]byte("x")); err != nil {
		return outcome{err: err}
	}
	_, err := conn.Read(make([]byte, 1))
	return outcome{state: conn.ConnectionState(), err: err}
}

func TestBothSidesLearnTheOthersKey(t *testing.T) {
	server, client := generate(t), generate(t)
	for _, test := range []struct {
		proves         string
		client, server *tls.Config
	}{
		{"control connection", client.ClientTLS(testALPN, server.Key()), server.ServerTLS(testALPN)},
		{"session between pinned peers", client.MutualTLS(testALPN, server.Key()), server.MutualTLS(testALPN, client.Key())},
		{"session with a listener that asks who dials", client.MutualTLS(testALPN, server.Key()),
			server.AcceptTLS([]string{testALPN}, func(key wire.Key) bool { return key == client.Key() })},
	} {
		t.Run(test.proves, func(t *testing.T) {
			near, far := handshake(t, test.client, test.server)
			if near.err != nil || far.err != nil {
				t.Fatal(near.err, far.err)
			}
			if got, err := PeerKey(near.state); err != nil || got != server.Key() {
				t.Errorf("the client met %s (%v), want %s", got, err, server.Key())
			}
			if got, err := PeerKey(far.state); err != nil || got != client.Key() {
				t.Errorf("the server met %s (%v), want %s", got, err, client.Key())
			}
			if near.state.Version != tls.VersionTLS13 || near.state.NegotiatedProtocol != testALPN {
				t.Errorf("agreed on version %x and protocol %q", near.state.Version, near.state.NegotiatedProtocol)
			}
		})
	}
}

// The key is the identity: no other key passes, whoever holds it.
func TestWrongKeyEndsTheHandshake(t *testing.T) {
	server, client, stranger := generate(t), generate(t), generate(t)
	for _, test := range []struct {
		proves         string
		client, server *tls.Config
		want           WrongKeyError
		atServer       bool
	}{
		{"another rendezvous at the pinned address", client.ClientTLS(testALPN, server.Key()), stranger.ServerTLS(testALPN),
			WrongKeyError{Want: server.Key(), Got: stranger.Key()}, false},
		{"the dialled peer is another", client.MutualTLS(testALPN, server.Key()), stranger.MutualTLS(testALPN, client.Key()),
			WrongKeyError{Want: server.Key(), Got: stranger.Key()}, false},
		{"the dialling peer is another", stranger.MutualTLS(testALPN, server.Key()), server.MutualTLS(testALPN, client.Key()),
			WrongKeyError{Want: client.Key(), Got: stranger.Key()}, true},
	} {
		t.Run(test.proves, func(t *testing.T) {
			near, far := handshake(t, test.client, test.server)
			refusing, refused := near, far
			if test.atServer {
				refusing, refused = far, near
			}
			wrong, ok := errors.AsType[*WrongKeyError](refusing.err)
			if !ok {
				t.Fatalf("got %v, want WrongKeyError", refusing.err)
			}
			if *wrong != test.want {
				t.Errorf("got %+v, want %+v", *wrong, test.want)
			}
			if refused.err == nil {
				t.Error("the refused side believes all is well")
			}
		})
	}
}

func TestKeyThatIsNotAllowedEndsTheHandshake(t *testing.T) {
	server, client := generate(t), generate(t)
	near, far := handshake(t, client.MutualTLS(testALPN, server.Key()),
		server.AcceptTLS([]string{testALPN}, func(wire.Key) bool { return false }))
	if !errors.Is(far.err, ErrKeyNotAllowed) {
		t.Errorf("the listener says %v, want ErrKeyNotAllowed", far.err)
	}
	if near.err == nil {
		t.Error("the refused peer believes all is well")
	}
}

// Each row is a client that an honest server must turn away.
func TestServerTurnsAway(t *testing.T) {
	server, client := generate(t), generate(t)
	with := func(change func(*tls.Config)) *tls.Config {
		config := client.ClientTLS(testALPN, server.Key())
		change(config)
		return config
	}
	for _, test := range []struct {
		proves string
		client *tls.Config
		says   string
	}{
		{"a client without a certificate", with(func(c *tls.Config) { c.Certificates = nil }), "didn't provide a certificate"},
		{"a client with two certificates", with(func(c *tls.Config) {
			der := c.Certificates[0].Certificate[0]
			c.Certificates[0].Certificate = [][]byte{der, der}
		}), "2 certificates"},
		{"a client with another kind of key", with(func(c *tls.Config) {
			c.Certificates = []tls.Certificate{ellipticCurveCertificate(t)}
		}), "want Ed25519"},
		{"a client that shows a certificate but not its key", with(func(c *tls.Config) {
			c.Certificates[0].PrivateKey = generate(t).secret.private
		}), "invalid signature"},
		{"a client that stops at TLS 1.2", with(func(c *tls.Config) {
			c.MinVersion, c.MaxVersion = tls.VersionTLS12, tls.VersionTLS12
		}), "unsupported versions"},
		{"a client of another protocol", with(func(c *tls.Config) { c.NextProtos = []string{"h2"} }), "unsupported application protocols"},
		{"a client that names no protocol", with(func(c *tls.Config) {
			c.NextProtos = nil
			c.VerifyConnection = nil
		}), "does not speak"},
	} {
		t.Run(test.proves, func(t *testing.T) {
			_, far := handshake(t, test.client, server.ServerTLS(testALPN))
			if far.err == nil || !strings.Contains(far.err.Error(), test.says) {
				t.Errorf("the server says %v, want %q", far.err, test.says)
			}
		})
	}
}

func TestCertificateDatesAreNotLookedAt(t *testing.T) {
	server, client := generate(t), generate(t)
	for proves, now := range map[string]time.Time{
		"a clock that has lost its battery": time.Unix(-1, 0),
		"a clock ten thousand years ahead":  time.Date(12026, 1, 1, 0, 0, 0, 0, time.UTC),
	} {
		t.Run(proves, func(t *testing.T) {
			serverConfig, clientConfig := server.ServerTLS(testALPN), client.ClientTLS(testALPN, server.Key())
			serverConfig.Time = func() time.Time { return now }
			clientConfig.Time = func() time.Time { return now }
			if near, far := handshake(t, clientConfig, serverConfig); near.err != nil || far.err != nil {
				t.Error(near.err, far.err)
			}
		})
	}
}

// A ticket would let a thief of today's memory read tomorrow's connection, and
// would skip the proof of the key.
func TestT23NoConnectionIsResumed(t *testing.T) {
	for name, use := range eachUse(generate(t), generate(t)) {
		t.Run(name, func(t *testing.T) {
			cache := &countingCache{}
			use.client.SessionTicketsDisabled = false
			use.client.ClientSessionCache = cache
			for range 2 {
				near, far := handshake(t, use.client, use.server)
				if near.err != nil || far.err != nil {
					t.Fatal(near.err, far.err)
				}
				if near.state.DidResume || far.state.DidResume {
					t.Error("the connection was resumed")
				}
			}
			if cache.tickets != 0 {
				t.Errorf("the server gave out %d tickets", cache.tickets)
			}
		})
	}
}

type countingCache struct{ tickets int }

func (c *countingCache) Get(string) (*tls.ClientSessionState, bool) { return nil, false }
func (c *countingCache) Put(_ string, state *tls.ClientSessionState) {
	if state != nil {
		c.tickets++
	}
}

func TestT23EphemeralKeyExchangeOfEachUse(t *testing.T) {
	server, client := generate(t), generate(t)
	for _, test := range []struct {
		proves         string
		client, server *tls.Config
		want           tls.CurveID
	}{
		{"control connections withstand a later quantum computer",
			client.ClientTLS(testALPN, server.Key()), server.ServerTLS(testALPN), tls.X25519MLKEM768},
		{"sessions keep the handshake small",
			client.MutualTLS(testALPN, server.Key()), server.MutualTLS(testALPN, client.Key()), tls.X25519},
	} {
		t.Run(test.proves, func(t *testing.T) {
			near, far := handshake(t, test.client, test.server)
			if near.err != nil || far.err != nil {
				t.Fatal(near.err, far.err)
			}
			if near.state.CurveID != test.want {
				t.Errorf("key exchange %s, want %s", near.state.CurveID, test.want)
			}
		})
	}
}

// A second kind of key would be a second way to be somebody (CVE-2023-39533).
func TestT07KeyOfAnotherTypeIsRefused(t *testing.T) {
	server, client := generate(t), generate(t)
	for name, use := range eachUse(client, server) {
		t.Run(name, func(t *testing.T) {
			honest := use.server.Certificates
			use.server.Certificates = []tls.Certificate{ellipticCurveCertificate(t)}
			if near, _ := handshake(t, use.client, use.server); near.err == nil || !strings.Contains(near.err.Error(), "want Ed25519") {
				t.Errorf("the client says %v of a server with another kind of key", near.err)
			}
			use.server.Certificates = honest
			use.client.Certificates = []tls.Certificate{ellipticCurveCertificate(t)}
			if _, far := handshake(t, use.client, use.server); far.err == nil || !strings.Contains(far.err.Error(), "want Ed25519") {
				t.Errorf("the server says %v of a client with another kind of key", far.err)
			}
		})
	}
}

func TestPeerKeyOfAWeakKeyIsRefused(t *testing.T) {
	weak := make(ed25519.PublicKey, ed25519.PublicKeySize)
	weak[0] = 1
	state := tls.ConnectionState{PeerCertificates: []*x509.Certificate{{PublicKey: weak}}}
	if _, err := PeerKey(state); !errors.Is(err, ErrWeakKey) {
		t.Errorf("got %v, want ErrWeakKey: anybody can sign for this key", err)
	}
}

func ellipticCurveCertificate(t *testing.T) tls.Certificate {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: notBefore, NotAfter: notAfter}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: private}
}
