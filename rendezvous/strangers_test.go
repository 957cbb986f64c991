package rendezvous

import (
	"crypto/rand"
	"crypto/tls"
	"io"
	"net"
	"testing"
	"time"

	"github.com/pion/stun/v3"

	"peerd/wire"
)

// Any standard STUN client learns its endpoint here.
func TestStandardSTUNClient(t *testing.T) {
	s := startServer(t)
	for _, p := range []port{mainPort, otherPort} {
		conn, err := net.Dial("udp4", udpAddr(s, p).String())
		if err != nil {
			t.Fatal(err)
		}
		client, err := stun.NewClient(conn)
		if err != nil {
			t.Fatal(err)
		}
		defer client.Close()
		request := stun.MustBuild(stun.TransactionID, stun.BindingRequest, stun.NewSoftware("somebody else"), stun.Fingerprint)
		err = client.Do(request, func(answer stun.Event) {
			var mapped stun.XORMappedAddress
			if answer.Error != nil {
				t.Error(answer.Error)
			} else if err := mapped.GetFrom(answer.Message); err != nil || mapped.String() != conn.LocalAddr().String() {
				t.Errorf("mapped to %v (%v), want %v", mapped, err, conn.LocalAddr())
			}
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

func TestAnswerComesFromTheOtherPortWhenAsked(t *testing.T) {
	s := startServer(t)
	c := newClient(t, s)
	for _, p := range []port{mainPort, otherPort} {
		question := wire.BindingRequest{TransactionID: wire.TransactionID{byte(p)}, Change: wire.Change{Port: true}}.Append(nil)
		if _, err := c.socket().WriteToUDPAddrPort(question, udpAddr(s, p)); err != nil {
			t.Fatal(err)
		}
		_ = c.socket().SetReadDeadline(time.Now().Add(hangGuard))
		buffer := make([]byte, 100)
		n, from, err := c.socket().ReadFromUDPAddrPort(buffer)
		if err != nil || from != udpAddr(s, otherPort-p) {
			t.Fatalf("asked at port %d: answer from %v, %v", p, from, err)
		}
		if response, err := wire.ParseBindingResponse(buffer[:n]); err != nil || response.TransactionID[0] != byte(p) {
			t.Errorf("answer %+v, %v", response, err)
		}
	}
}

func TestUnknownAttributesAreNamed(t *testing.T) {
	c := newClient(t, startServer(t))
	question := stun.MustBuild(stun.TransactionID, stun.BindingRequest,
		stun.RawAttribute{Type: 0x0031, Value: []byte("what")})
	answer := &stun.Message{Raw: c.ask(question.Raw, udpAddr(c.server, mainPort))}
	if err := answer.Decode(); err != nil {
		t.Fatal(err)
	}
	var code stun.ErrorCodeAttribute
	if err := code.GetFrom(answer); err != nil || code.Code != stun.CodeUnknownAttribute {
		t.Errorf("answered %v with code %v, %v", answer, code, err)
	}
}

// What is neither a login nor a Binding request gets no answer, and breaks nothing.
func TestGarbageDatagramsGetNoAnswer(t *testing.T) {
	s := startServer(t)
	c := newClient(t, s)
	login := wire.Login{TransactionID: wire.TransactionID{1}}.Append(nil)
	for size := range len(login) {
		if _, err := c.socket().WriteToUDPAddrPort(login[:size], udpAddr(s, mainPort)); err != nil {
			t.Fatal(err)
		}
	}
	for size := 1; size < 2000; size += 37 {
		garbage := make([]byte, size)
		_, _ = rand.Read(garbage)
		garbage[0] |= 0xc0 // never a STUN message, never a relay frame
		if _, err := c.socket().WriteToUDPAddrPort(garbage, udpAddr(s, mainPort)); err != nil {
			t.Fatal(err)
		}
	}
	c.observe(mainPort) // fails when another answer comes first
}

func TestGarbageOnTheControlPort(t *testing.T) {
	s := startServer(t)
	hello := func(c *client, frame []byte) {
		if err := c.dial(); err != nil {
			t.Fatal(err)
		}
		_, _ = c.conn.Write(frame)
	}
	t.Run("no TLS", func(t *testing.T) {
		conn, err := net.Dial("tcp", s.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		_, _ = conn.Write([]byte("GET / HTTP/1.1\r\n\r\n"))
		_ = conn.SetReadDeadline(time.Now().Add(hangGuard))
		if _, err := io.ReadAll(conn); err != nil {
			t.Errorf("the connection stays open: %v", err)
		}
	})
	t.Run("no client certificate", func(t *testing.T) {
		conn, err := tls.Dial("tcp", s.Addr().String(), &tls.Config{InsecureSkipVerify: true, NextProtos: []string{wire.ControlProtocol}})
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		_ = conn.SetReadDeadline(time.Now().Add(hangGuard))
		if _, err := conn.Read(make([]byte, 1)); err == nil || err == io.EOF {
			t.Errorf("it is not refused: %v", err)
		}
	})
	for _, c := range []struct {
		name  string
		frame []byte
	}{
		{"another frame first", []byte{byte(wire.KindPing), 0, 0, 0}},
		{"a hello that is none", []byte{byte(wire.KindHello), 0, 0, 3, 0xff, 0xff, 0xff}},
		{"a hello longer than any", []byte{byte(wire.KindHello), 0, 0xff, 0xff}},
	} {
		t.Run(c.name, func(t *testing.T) {
			client := newClient(t, s)
			hello(client, c.frame)
			if refused := await[wire.Refused](client); refused.Code != wire.RefusedMalformed {
				t.Errorf("refused with %v", refused.Code)
			}
			client.awaitEnd()
		})
	}
	t.Run("another version", func(t *testing.T) {
		client := newClient(t, s)
		frame, _ := wire.AppendFrame(nil, wire.Hello{Version: 99, Instance: client.instance})
		hello(client, frame)
		if refused := await[wire.Refused](client); refused.Code != wire.RefusedVersion {
			t.Errorf("refused with %v", refused.Code)
		}
	})
	t.Run("garbage after the login", func(t *testing.T) {
		client := join(t, s, "alice")
		_, _ = client.conn.Write([]byte{byte(wire.KindTalk), 0, 0, 1, 0xff})
		client.awaitEnd()
	})
	waitUntil(t, "nobody is half-open any more", func() bool { return s.halfOpen.len() == 0 })
}
