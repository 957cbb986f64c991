package rendezvous

import (
	"crypto/tls"
	"errors"
	"slices"
	"sync"
	"time"
)

// errNoTurn ends a handshake that a flood of others did not let begin.
var errNoTurn = errors.New("too many handshakes at the same time")

// turns lets few handshakes at a time use the processor. Signing, verifying and key
// exchange cost us some hundred microseconds, and a stranger who repeats somebody
// else's ClientHello nothing.
//
//	ClientHello ──► turn? ── no ──► waits: the highest standing first, then the oldest
//	                ▲ │ yes
//	its next flight │ ▼
//	                └─ our flight: the turn ends
//
// Not more than maxHalfOpen can wait, so an honest stranger's turn comes within half
// a second even when all others are a flood. Safe for concurrent use.
type turns struct {
	mu      sync.Mutex
	free    int
	waiting [standings][]*stranger // the oldest first
}

func newTurns(atATime int) *turns { return &turns{free: atATime} }

// take waits for a turn, which the caller must end. It fails when s is pushed out
// meanwhile, or has no time left.
func (t *turns) take(s *stranger) error {
	t.mu.Lock()
	if t.free > 0 {
		t.free--
		t.mu.Unlock()
		return nil
	}
	s.turn = make(chan struct{})
	t.waiting[s.standing] = append(t.waiting[s.standing], s)
	t.mu.Unlock()

	late := time.NewTimer(helloTimeout)
	defer late.Stop()
	select {
	case <-s.turn:
		return nil
	case <-s.pushedOut:
	case <-late.C:
	}
	if !t.withdraw(s) {
		t.end() // it was given a turn at the same moment
	}
	return errNoTurn
}

// withdraw takes s out of the line, and reports whether it was in it.
func (t *turns) withdraw(s *stranger) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	line := &t.waiting[s.standing]
	i := slices.Index(*line, s)
	if i >= 0 {
		*line = slices.Delete(*line, i, i+1)
	}
	return i >= 0
}

// end gives a turn to the next.
func (t *turns) end() {
	t.mu.Lock()
	defer t.mu.Unlock()
	for r := standings - 1; r >= 0; r-- {
		line := t.waiting[r]
		if len(line) == 0 {
			continue
		}
		next := line[0]
		t.waiting[r] = line[1:]
		close(next.turn)
		return
	}
	t.free++
}

// awaitTurn is what TLS calls when a stranger has said a whole ClientHello, before
// anything expensive.
func (s *Server) awaitTurn(hello *tls.ClientHelloInfo) (*tls.Config, error) {
	g, ok := hello.Conn.(*gate)
	if !ok || g.stranger == nil {
		return nil, errNoTurn // no connection of ours comes here
	}
	g.stranger.rise(spoken)
	g.turns = s.turns
	return nil, g.takeTurn() // the configuration is right as it is
}
