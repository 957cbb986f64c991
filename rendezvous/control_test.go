package rendezvous

import (
	"bytes"
	"net"
	"syscall"
	"testing"
	"testing/synctest"

	"github.com/rs/zerolog"
)

// exhausted is the listener of a process that is out of file descriptors until it is
// closed.
type exhausted struct {
	net.Listener
	attempts int // until then
}

func (l *exhausted) Accept() (net.Conn, error) {
	if l.attempts--; l.attempts < 0 {
		return nil, net.ErrClosed
	}
	return nil, syscall.EMFILE
}

// Whoever takes all our file descriptors does not get our log to grow as well, and the
// operator reads why nobody can log in.
func TestOutOfFileDescriptorsIsSaidOnceAMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		s := &Server{sockets: &sockets{tcp: &exhausted{attempts: 3 * 60 * 20}}, log: zerolog.New(&log)} // three minutes
		s.acceptControl()
		if lines := bytes.Count(log.Bytes(), []byte(syscall.EMFILE.Error())); lines < 2 || lines > 4 {
			t.Errorf("%d lines in three minutes, want one each:\n%s", lines, &log)
		}
	})
}
