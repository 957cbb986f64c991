package identity

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"net"
	"testing"

	"peerd/wire"
)

// A tampering is what a man in the middle makes of a ClientHello, so that the two
// sides speak something older or weaker than they could.
type tampering struct {
	name   string
	change func(hello []byte) []byte
}

var tamperings = []tampering{
	{"an older version of the protocol", func(hello []byte) []byte { return withALPN(hello, oldProtocol) }},
	{"another protocol of the same program", func(hello []byte) []byte { return withALPN(hello, wire.BulkProtocol) }},
	{"no version of the protocol", func(hello []byte) []byte {
		extension := alpnOf(hello)
		return bytes.Replace(hello, extension, append([]byte{0xfa, 0xfa}, extension[2:]...), 1)
	}},
	{"an older version of TLS", func(hello []byte) []byte {
		return bytes.Replace(hello, []byte{0, 43, 0, 3, 2, 3, 4}, []byte{0, 43, 0, 3, 2, 3, 3}, 1)
	}},
	{"the weaker key exchange", func(hello []byte) []byte {
		return bytes.ReplaceAll(hello, []byte{0x11, 0xec}, []byte{0xfa, 0xfa}) // without X25519MLKEM768
	}},
}

// oldProtocol is what some older release spoke.
const oldProtocol = "peerd-control/0"

// A protocolPair is the two sides of one of our protocols.
type protocolPair struct {
	name           string
	client, server *tls.Config
}

func everyProtocol(client, server *Identity) []protocolPair {
	session := server.AcceptTLS([]string{wire.SessionProtocol, wire.BulkProtocol}, func(wire.Key) bool { return true })
	return []protocolPair{
		{wire.ControlProtocol, client.ClientTLS(wire.ControlProtocol, server.Key()), server.ServerTLS(wire.ControlProtocol)},
		{wire.SessionProtocol, client.MutualTLS(wire.SessionProtocol, server.Key()), session},
		{wire.BulkProtocol, client.MutualTLS(wire.BulkProtocol, server.Key()), session},
	}
}

// willing is a server that would gladly speak anything, as those of older releases.
func willing(server *tls.Config) *tls.Config {
	server = server.Clone()
	server.MinVersion, server.VerifyConnection = tls.VersionTLS12, nil
	server.NextProtos = []string{oldProtocol, wire.BulkProtocol, wire.SessionProtocol, wire.ControlProtocol}
	return server
}

// The version is part of what both sides sign: nobody in the middle can change it,
// not even when the server would be content.
func TestT26NobodyInTheMiddleCanLowerAVersion(t *testing.T) {
	for _, protocol := range everyProtocol(generate(t), generate(t)) {
		for carrier, connect := range map[string]carrier{"TCP": overTCP, "QUIC": overQUIC} {
			t.Run(protocol.name+" over "+carrier, func(t *testing.T) {
				unchanged := &middle{change: bytes.Clone}
				if near, far := connect(t, protocol.client, protocol.server, unchanged); near != nil || far != nil {
					t.Fatalf("by itself the client ends with %v, the server with %v", near, far)
				}
				for _, c := range tamperings {
					for _, server := range []*tls.Config{protocol.server, willing(protocol.server)} {
						m := &middle{change: c.change}
						near, far := connect(t, protocol.client, server, m)
						if m.changed && (near == nil || far == nil) {
							t.Errorf("%s: the client ends with %v, the server with %v", c.name, near, far)
						}
						if !m.changed && (near != nil || far != nil) {
							t.Errorf("%s has changed nothing: %v, %v", c.name, near, far)
						}
					}
				}
			})
		}
	}
}

// A client of before ALPN, or of another release, gets no further than TLS.
func TestT26NoProtocolIsSpokenWithoutItsName(t *testing.T) {
	for _, protocol := range everyProtocol(generate(t), generate(t)) {
		for name, offered := range map[string][]string{
			"none at all": nil, "an older one": {oldProtocol}, "a newer one": {"peerd-control/2", "peerd/2", "peerd-bulk/2"},
		} {
			t.Run(protocol.name+"/"+name, func(t *testing.T) {
				client := protocol.client.Clone()
				client.NextProtos, client.VerifyConnection = offered, nil
				if near, far := handshake(t, client, protocol.server); far.err == nil {
					t.Errorf("the server is content, the client ends with %v", near.err)
				}
				server := protocol.server.Clone()
				server.NextProtos, server.VerifyConnection = offered, nil
				if near, far := handshake(t, protocol.client, server); near.err == nil {
					t.Errorf("the client is content, the server ends with %v", far.err)
				}
			})
		}
	}
}

// A middle passes on a ClientHello, changed, and then whatever comes.
type middle struct {
	change          func([]byte) []byte
	passed, changed bool
}

func (m *middle) pass(message []byte) []byte {
	if m.passed {
		return message
	}
	hello := m.change(message)
	m.passed, m.changed = true, !bytes.Equal(hello, message)
	return hello
}

// A carrier brings two sides together through a man in the middle, and returns what
// each made of it.
type carrier func(t *testing.T, client, server *tls.Config, m *middle) (clientEnd, serverEnd error)

// tamperedConn is the way out of a TLS client: its first write is one record, with the
// ClientHello.
type tamperedConn struct {
	net.Conn
	middle *middle
}

func (c tamperedConn) Write(b []byte) (int, error) {
	if c.middle.passed {
		return c.Conn.Write(b)
	}
	const recordHeader = 5
	fragment := c.middle.pass(b[recordHeader:])
	record := binary.BigEndian.AppendUint16(bytes.Clone(b[:recordHeader-2]), uint16(len(fragment)))
	if _, err := c.Conn.Write(append(record, fragment...)); err != nil {
		return 0, err
	}
	return len(b), nil
}

func overTCP(t *testing.T, client, server *tls.Config, m *middle) (clientEnd, serverEnd error) {
	near, far := connect(t)
	done := make(chan error, 1)
	go func() { done <- exchange(tls.Server(far, server)).err }()
	clientEnd = exchange(tls.Client(tamperedConn{near, m}, client)).err
	return clientEnd, <-done
}

// overQUIC carries the messages of TLS as QUIC does, each of its level by itself.
func overQUIC(t *testing.T, client, server *tls.Config, m *middle) (clientEnd, serverEnd error) {
	server = server.Clone()
	server.MinVersion = tls.VersionTLS13 // QUIC has no other
	near, far := tls.QUICClient(&tls.QUICConfig{TLSConfig: client}), tls.QUICServer(&tls.QUICConfig{TLSConfig: server})
	defer near.Close()
	defer far.Close()
	for _, side := range []*tls.QUICConn{near, far} {
		side.SetTransportParameters([]byte{})
		if err := side.Start(context.Background()); err != nil {
			t.Fatal(err)
		}
	}
	nearDone, farDone := false, false
	for range 8 { // flights there and back
		var err error
		if nearDone, err = deliver(near, far, m.pass, nearDone); err != nil {
			return errUnfinished, err
		}
		if farDone, err = deliver(far, near, bytes.Clone, farDone); err != nil {
			return err, errUnfinished
		}
		if nearDone && farDone {
			return nil, nil
		}
	}
	return errUnfinished, errUnfinished
}

// errUnfinished is the end of a side that waits for ever.
var errUnfinished = errors.New("the handshake does not end")

// deliver passes on what one side has to say, and reports whether its handshake is
// done. An error is the other side's.
func deliver(from, to *tls.QUICConn, pass func([]byte) []byte, done bool) (bool, error) {
	for {
		switch event := from.NextEvent(); event.Kind {
		case tls.QUICNoEvent:
			return done, nil
		case tls.QUICHandshakeDone:
			done = true
		case tls.QUICWriteData:
			if err := to.HandleData(event.Level, pass(event.Data)); err != nil {
				return done, err
			}
		}
	}
}

// withALPN returns a ClientHello that offers one protocol, another one.
func withALPN(hello []byte, protocol string) []byte {
	before := alpnOf(hello)
	if len(before) == 0 {
		return hello
	}
	list := append([]byte{byte(len(protocol))}, protocol...)
	extension := binary.BigEndian.AppendUint16([]byte{0, 16}, uint16(2+len(list)))
	extension = append(binary.BigEndian.AppendUint16(extension, uint16(len(list))), list...)
	more := len(extension) - len(before)

	changed := bytes.Replace(hello, before, extension, 1)
	binary.BigEndian.PutUint16(changed[2:], uint16(int(binary.BigEndian.Uint16(hello[2:]))+more)) // of the message
	at := extensionsAt(hello)
	binary.BigEndian.PutUint16(changed[at:], uint16(int(binary.BigEndian.Uint16(hello[at:]))+more)) // of the extensions
	return changed
}

// alpnOf returns the extension of a ClientHello that names protocols (RFC 7301); nil
// if there is none.
func alpnOf(hello []byte) []byte {
	for rest := hello[extensionsAt(hello)+2:]; len(rest) >= 4; {
		size := 4 + int(binary.BigEndian.Uint16(rest[2:]))
		if binary.BigEndian.Uint16(rest) == 16 {
			return rest[:size]
		}
		rest = rest[size:]
	}
	return nil
}

// extensionsAt returns where the length of a ClientHello's extensions is (RFC 8446
// section 4.1.2).
func extensionsAt(hello []byte) int {
	at := 4 + 2 + 32
	at += 1 + int(hello[at])                           // session id
	at += 2 + int(binary.BigEndian.Uint16(hello[at:])) // cipher suites
	return at + 1 + int(hello[at])                     // compression methods
}
