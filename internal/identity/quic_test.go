package identity

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"testing"
	"time"

	"github.com/quic-go/quic-go"
)

// dialQUIC runs one handshake over loopback and returns what each side made of it.
func dialQUIC(t *testing.T, client, server *tls.Config) (clientErr, serverErr error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second) // hang guard
	defer cancel()
	socket, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer socket.Close()
	transport := &quic.Transport{Conn: socket}
	defer transport.Close()
	listener, err := transport.Listen(server, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()

	conn, err := quic.DialAddr(ctx, listener.Addr().String(), client, nil)
	if err != nil {
		return err, nil
	}
	defer conn.CloseWithError(0, "")
	accepted, err := listener.Accept(ctx)
	if err != nil {
		return nil, err
	}
	return nil, accepted.CloseWithError(0, "")
}

func TestQUICSessionBetweenPinnedPeers(t *testing.T) {
	a, b := generate(t), generate(t)
	clientErr, serverErr := dialQUIC(t, a.MutualTLS(testALPN, b.Key()), b.MutualTLS(testALPN, a.Key()))
	if clientErr != nil || serverErr != nil {
		t.Error(clientErr, serverErr)
	}
}

func TestQUICTellsTheCallerThatTheKeyIsWrong(t *testing.T) {
	a, b, stranger := generate(t), generate(t), generate(t)
	clientErr, _ := dialQUIC(t, a.MutualTLS(testALPN, b.Key()), stranger.MutualTLS(testALPN, a.Key()))
	if wrong, ok := errors.AsType[*WrongKeyError](clientErr); !ok || wrong.Got != stranger.Key() {
		t.Errorf("got %v, want WrongKeyError with the stranger's key", clientErr)
	}
}
