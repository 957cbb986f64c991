package identity

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdh"
	"crypto/hkdf"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/tls"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"hash"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"peerd/wire"
)

// eachUse are the configurations of all connections there are, from an honest client
// and an honest server.
func eachUse(client, server *Identity) map[string]struct{ client, server *tls.Config } {
	return map[string]struct{ client, server *tls.Config }{
		"control connection": {client.ClientTLS(testALPN, server.Key()), server.ServerTLS(testALPN)},
		"session":            {client.MutualTLS(testALPN, server.Key()), server.AcceptTLS([]string{testALPN}, func(wire.Key) bool { return true })},
		"pinned both ways":   {client.MutualTLS(testALPN, server.Key()), server.MutualTLS(testALPN, client.Key())},
	}
}

// TestT23RecordingAndBothIdentitiesOpenNothing records connections and then steals the
// private keys of both sides. The thief computes every secret that two key pairs give,
// with each other and with the ephemeral keys that were on the wire, and tries it.
func TestT23RecordingAndBothIdentitiesOpenNothing(t *testing.T) {
	client, server := generate(t), generate(t)
	for name, use := range eachUse(client, server) {
		t.Run(name, func(t *testing.T) {
			var keys bytes.Buffer
			use.client.KeyLogWriter = &keys // the control: with the ephemeral secret the thief succeeds
			tape := record(t, use.client, use.server)
			hello, answer := readHello(t, tape.fromClient), readHello(t, tape.fromServer)
			for side, h := range map[string]helloMessage{"client": hello, "server": answer} {
				if h.extensions[keyShare] == nil {
					t.Errorf("the %s's hello has no ephemeral key", side)
				}
				for _, extension := range []uint16{preSharedKey, earlyData} {
					if h.extensions[extension] != nil {
						t.Errorf("the %s's hello has extension %d: what is resumed has no ephemeral key of its own", side, extension)
					}
				}
			}
			if version := answer.extensions[supportedVersions]; !bytes.Equal(version, []byte{3, 4}) {
				t.Errorf("agreed on version %x, want TLS 1.3", version)
			}
			if bytes.Contains(tape.fromClient, []byte(canary)) || bytes.Contains(tape.fromServer, []byte(canary)) {
				t.Error("what was said is in the recording in clear")
			}
			suite := cipherSuite(t, answer.suite)
			transcript := slices.Concat(hello.message, answer.message)
			record := firstEncrypted(t, tape.fromServer)
			logged := loggedSecret(t, keys.String(), "SERVER_HANDSHAKE_TRAFFIC_SECRET")
			if !suite.opens(logged, record) {
				t.Fatal("the attack fails with the true secret, so it proves nothing")
			}
			for what, secret := range thiefsSecrets(t, client, server, hello, answer) {
				if suite.opens(suite.serverSecret(secret, transcript), record) {
					t.Errorf("%s opens the recording", what)
				}
			}
		})
	}
}

// The thief's key schedule is checked against RFC 8448 section 3.
func TestThiefKnowsTheKeyScheduleOfTLS(t *testing.T) {
	aes128 := suite{sha256.New, 16}
	shared, _ := hex.DecodeString("8bd4054fb55b9d63fdfbacf9f04b9f0d35e6d63f537563efd46272900f89492d")
	if got, want := hex.EncodeToString(aes128.handshakeSecret(shared)), "1dc826e93606aa6fdc0aadc12f741b01046aa6b99f691ed221a9f0ca043fbeac"; got != want {
		t.Errorf("handshake secret %s, want %s", got, want)
	}
}

const canary = "canary: said between two who trust each other"

// Extensions of TLS 1.3's hellos, RFC 8446 section 4.2.
const (
	preSharedKey      = 41
	earlyData         = 42
	supportedVersions = 43
	keyShare          = 51
)

// tape is all that was on the wire.
type tape struct{ fromClient, fromServer []byte }

// record runs a connection on which both sides say the canary.
func record(t *testing.T, client, server *tls.Config) tape {
	t.Helper()
	near, far := connect(t)
	tapped := &tappedConn{Conn: near}
	done := make(chan error, 1)
	go func() { done <- say(tls.Server(far, server)) }()
	if err := errors.Join(say(tls.Client(tapped, client)), <-done); err != nil {
		t.Fatal(err)
	}
	return tape{fromClient: tapped.written.Bytes(), fromServer: tapped.read.Bytes()}
}

func say(conn *tls.Conn) error {
	defer conn.NetConn().Close()
	if _, err := conn.Write([]byte(canary)); err != nil {
		return err
	}
	_, err := io.ReadFull(conn, make([]byte, len(canary)))
	return err
}

type tappedConn struct {
	net.Conn
	mu            sync.Mutex
	written, read bytes.Buffer
}

func (c *tappedConn) Write(b []byte) (int, error) {
	c.mu.Lock()
	c.written.Write(b)
	c.mu.Unlock()
	return c.Conn.Write(b)
}

func (c *tappedConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	c.mu.Lock()
	c.read.Write(b[:n])
	c.mu.Unlock()
	return n, err
}

// helloMessage is a ClientHello or ServerHello.
type helloMessage struct {
	message    []byte // with its header, as it is in the transcript
	suite      uint16 // of a ServerHello
	extensions map[uint16][]byte
}

// readHello reads the first handshake message of a stream of records.
func readHello(t *testing.T, stream []byte) helloMessage {
	t.Helper()
	if len(stream) < 9 || stream[0] != 22 {
		t.Fatal("the stream does not begin with a handshake record")
	}
	message := stream[5 : 5+binary.BigEndian.Uint16(stream[3:])]
	h := helloMessage{message: message, extensions: make(map[uint16][]byte)}
	rest := message[4+2+32:]
	rest = rest[1+int(rest[0]):] // session id
	if message[0] == 1 {
		rest = rest[2+int(binary.BigEndian.Uint16(rest)):] // suites
		rest = rest[1+int(rest[0]):]                       // compressions
	} else {
		h.suite = binary.BigEndian.Uint16(rest)
		rest = rest[3:]
	}
	for rest = rest[2:]; len(rest) >= 4; {
		size := int(binary.BigEndian.Uint16(rest[2:]))
		h.extensions[binary.BigEndian.Uint16(rest)] = rest[4 : 4+size]
		rest = rest[4+size:]
	}
	return h
}

// firstEncrypted returns the first record of application data, with its header.
func firstEncrypted(t *testing.T, stream []byte) []byte {
	t.Helper()
	for len(stream) >= 5 {
		record := stream[:5+binary.BigEndian.Uint16(stream[3:])]
		if record[0] == 23 {
			return record
		}
		stream = stream[len(record):]
	}
	t.Fatal("nothing encrypted was recorded")
	return nil
}

// thiefsSecrets are the shared secrets that the private keys of both sides give.
func thiefsSecrets(t *testing.T, client, server *Identity, hello, answer helloMessage) map[string][]byte {
	t.Helper()
	between, err := client.agree(server.Key())
	if err != nil {
		t.Fatal(err)
	}
	secrets := map[string][]byte{"no secret": make([]byte, 32), "the secret of both identities": between}
	// The X25519 share is the last 32 bytes of either's last share, also in the hybrid.
	for what, pair := range map[string]struct {
		thief *Identity
		share []byte
	}{
		"the client's identity with the server's ephemeral key": {client, answer.extensions[keyShare]},
		"the server's identity with the client's ephemeral key": {server, hello.extensions[keyShare]},
	} {
		digest := sha512.Sum512(pair.thief.secret.private.Seed())
		private, err := ecdh.X25519().NewPrivateKey(digest[:32])
		if err != nil {
			t.Fatal(err)
		}
		public, err := ecdh.X25519().NewPublicKey(pair.share[len(pair.share)-32:])
		if err != nil {
			t.Fatal(err)
		}
		if secrets[what], err = private.ECDH(public); err != nil {
			t.Fatal(err)
		}
	}
	for what, secret := range secrets {
		secrets[what+", after an ML-KEM secret of zeros"] = append(make([]byte, 32), secret...)
	}
	return secrets
}

// loggedSecret reads a line of the key log, the format of NSS.
func loggedSecret(t *testing.T, log, label string) []byte {
	t.Helper()
	for line := range strings.Lines(log) {
		if fields := strings.Fields(line); len(fields) == 3 && fields[0] == label {
			secret, err := hex.DecodeString(fields[2])
			if err != nil {
				t.Fatal(err)
			}
			return secret
		}
	}
	t.Fatalf("the key log has no %s", label)
	return nil
}

// suite is a cipher suite with AES-GCM.
type suite struct {
	hash    func() hash.Hash
	keySize int
}

func cipherSuite(t *testing.T, id uint16) suite {
	t.Helper()
	switch id {
	case tls.TLS_AES_128_GCM_SHA256:
		return suite{sha256.New, 16}
	case tls.TLS_AES_256_GCM_SHA384:
		return suite{sha512.New384, 32}
	}
	t.Fatalf("the thief does not know the cipher suite %s", tls.CipherSuiteName(id))
	return suite{}
}

// label is HKDF-Expand-Label of RFC 8446 section 7.1.
func (s suite) label(secret []byte, label string, context []byte, size int) []byte {
	info := binary.BigEndian.AppendUint16(nil, uint16(size))
	info = append(info, byte(len("tls13 "+label)))
	info = append(info, "tls13 "+label...)
	info = append(append(info, byte(len(context))), context...)
	out, err := hkdf.Expand(s.hash, secret, string(info), size)
	if err != nil {
		panic(err) // of a size that is no size
	}
	return out
}

func (s suite) sum(message []byte) []byte {
	h := s.hash()
	h.Write(message)
	return h.Sum(nil)
}

// handshakeSecret follows from the shared secret, without a pre-shared key.
func (s suite) handshakeSecret(shared []byte) []byte {
	size := s.hash().Size()
	early, err := hkdf.Extract(s.hash, make([]byte, size), nil)
	if err != nil {
		panic(err)
	}
	handshake, err := hkdf.Extract(s.hash, shared, s.label(early, "derived", s.sum(nil), size))
	if err != nil {
		panic(err)
	}
	return handshake
}

func (s suite) serverSecret(shared, transcript []byte) []byte {
	return s.label(s.handshakeSecret(shared), "s hs traffic", s.sum(transcript), s.hash().Size())
}

// opens reports whether a traffic secret opens the first record under it.
func (s suite) opens(secret, record []byte) bool {
	block, err := aes.NewCipher(s.label(secret, "key", nil, s.keySize))
	if err != nil {
		panic(err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		panic(err)
	}
	_, err = aead.Open(nil, s.label(secret, "iv", nil, 12), record[5:], record[:5])
	return err == nil
}

// TestT23NoKeyIsWrittenDown asks for key logs as other programs do.
func TestT23NoKeyIsWrittenDown(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("SSLKEYLOGFILE", filepath.Join(dir, "keys"))
	t.Setenv("QLOGDIR", dir)
	client, server := generate(t), generate(t)
	for name, use := range eachUse(client, server) {
		if use.client.KeyLogWriter != nil || use.server.KeyLogWriter != nil {
			t.Errorf("%s: keys are logged", name)
		}
		record(t, use.client, use.server)
	}
	if clientErr, serverErr := dialQUIC(t, client.MutualTLS(testALPN, server.Key()), server.MutualTLS(testALPN, client.Key())); clientErr != nil || serverErr != nil {
		t.Fatal(clientErr, serverErr)
	}
	if written, err := os.ReadDir(dir); err != nil || len(written) > 0 {
		t.Errorf("the environment had %v written (%v)", written, err)
	}
}
