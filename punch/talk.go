package punch

import "time"

// talkBackoff is the pause before asking for another introduction when the
// last one brought no direct path. A failed volley seldom succeeds unchanged
// (97.6 % of the successes of a large study came at the first attempt,
// arXiv 2510.27500), and punching again and again looks like an attack to
// routers.
var talkBackoff = [...]time.Duration{
	5 * time.Second,
	15 * time.Second,
	time.Minute,
	5 * time.Minute,
}

// talk decides when to ask for a new introduction.
type talk struct {
	// at is when to ask again if the session is still on the relay; zero means
	// not at all.
	at time.Time
	// attempts since the last direct path, an index into talkBackoff that
	// stops at its end.
	attempts int
}

// introduced plans the next attempt for when this volley has failed.
func (t *talk) introduced(start time.Time) {
	t.at = start.Add(volleyLength + t.pause())
}

// succeeded forgets past failures.
func (t *talk) succeeded() { *t = talk{} }

func (t *talk) pause() time.Duration {
	return talkBackoff[min(t.attempts, len(talkBackoff)-1)]
}

// requestTalk asks for a new introduction now.
func (e *Engine) requestTalk(now time.Time) {
	e.talk.at = now.Add(e.talk.pause())
	e.talk.attempts++
	e.act(RequestTalk{})
}

// askAgain asks for another introduction when the pause is over, the relay is
// still in use, and there is data that would profit.
func (e *Engine) askAgain(now time.Time) {
	if at := e.talkWake(); !at.IsZero() && !at.After(now) {
		e.requestTalk(now)
	}
}

// talkWake returns when to ask again. An idle session does not ask: its next
// data does.
func (e *Engine) talkWake() time.Time {
	t := &e.talk
	if t.at.IsZero() || e.monitor.current != nil || t.at.After(e.lastSent.Add(activeFor)) {
		return time.Time{}
	}
	return t.at
}
