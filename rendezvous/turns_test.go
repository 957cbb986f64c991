package rendezvous

import (
	"testing"
	"testing/synctest"

	"peerd/wire"
)

// waits has a stranger of a standing wait for its turn, until the end of the test at
// the latest, and reports its name when it has one.
func waits(t *turns, served chan<- string, name string, standing standing) *stranger {
	s := &stranger{standing: standing, pushedOut: make(chan struct{})}
	go func() {
		if t.take(s) == nil {
			served <- name
		} else {
			served <- name + " gave up"
		}
	}()
	synctest.Wait()
	return s
}

func TestT13HandshakesTakeTurns(t *testing.T) {
	expect := func(t *testing.T, served <-chan string, want string) {
		t.Helper()
		synctest.Wait()
		select {
		case got := <-served:
			if got != want {
				t.Errorf("%s, want %s", got, want)
			}
		default:
			if want != "" {
				t.Errorf("nobody, want %s", want)
			}
		}
	}
	t.Run("so many at a time, the familiar first, the excessive last, else the oldest", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			line, served := newTurns(2), make(chan string, 10)
			waits(line, served, "first", spoken)
			waits(line, served, "second", spoken)
			expect(t, served, "first")
			expect(t, served, "second")
			waits(line, served, "excessive", excessive)
			waits(line, served, "older", spoken)
			waits(line, served, "newer", spoken)
			waits(line, served, "familiar", familiar)
			expect(t, served, "")
			for _, want := range []string{"familiar", "older", "newer", "excessive"} {
				line.end()
				expect(t, served, want)
			}
		})
	})
	t.Run("who is pushed out or too late takes no turn", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			line, served := newTurns(1), make(chan string, 10)
			waits(line, served, "first", spoken)
			expect(t, served, "first")
			pushed := waits(line, served, "pushed out", spoken)
			waits(line, served, "late", spoken)
			close(pushed.pushedOut)
			expect(t, served, "pushed out gave up")
			if got := <-served; got != "late gave up" { // after helloTimeout
				t.Error(got)
			}
			line.end()
			waits(line, served, "next", spoken)
			expect(t, served, "next")
		})
	})
}

// Whatever becomes of a handshake, its turn ends.
func TestT13TurnsComeBack(t *testing.T) {
	s := startServer(t)
	for range 3 {
		c := newClient(t, s)
		if code, err := c.refusal(helloOfAStranger()); code == 0 || err != nil {
			t.Fatalf("refused with %v, %v", code, err)
		}
	}
	join(t, s, "alice")
	waitUntil(t, "all turns are free", func() bool {
		s.turns.mu.Lock()
		defer s.turns.mu.Unlock()
		return s.turns.free == handshakesAtATime()
	})
}

func helloOfAStranger() wire.Hello { return wire.Hello{Name: "mallory", Token: make([]byte, 16)} }
