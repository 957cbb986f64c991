package socket

import (
	"strings"
	"testing"

	"github.com/rs/zerolog"
)

// TestSmallReceiveBufferIsLogged proves that the operator can learn of a small
// buffer, by asking for details, and of nothing where there is room.
func TestSmallReceiveBufferIsLogged(t *testing.T) {
	var log strings.Builder
	s, err := Listen(Config{Listen: "127.0.0.1:0", Logger: zerolog.New(&log).Level(zerolog.DebugLevel)})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	const small = 64 << 10
	if err := s.conn.SetReadBuffer(small); err != nil {
		t.Fatal(err)
	}
	if granted, err := receiveBuffer(s.conn); err != nil || granted != small {
		t.Fatalf("the buffer is said to hold %d bytes (%v), want %d", granted, err, small)
	}
	log.Reset()
	s.logReceiveBuffer()
	if !strings.Contains(log.String(), `"level":"debug","granted":65536,"wanted":7340032`) {
		t.Errorf("logged %q", log.String())
	}
}
