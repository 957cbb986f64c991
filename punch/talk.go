package punch

import "time"

// talkBackoff is the pause, after a search that brought no direct path, before
// asking for another introduction. One that failed seldom succeeds unchanged
// (97.6 % of the successes of a large study came at the first attempt,
// arXiv 2510.27500), and punching again and again looks like an attack to
// routers. The second pause makes the third attempt come 31 s after the first:
// Linux routers have then forgotten its traces, and routers that ban the source
// of an unexpected packet for half a minute have forgiven it.
var talkBackoff = [...]time.Duration{
	2 * time.Second,
	19 * time.Second,
	time.Minute,
	5 * time.Minute,
}

// interestedFor is how long after the last data a session still asks: a single
// message gets the three attempts of the first half minute. Longer would punch
// for peers that nobody talks to.
const interestedFor = time.Minute

// talk decides when to ask for a new introduction.
type talk struct {
	// at is when to ask again if the session is still on the relay; zero means
	// not at all.
	at time.Time
	// attempts is how many introductions there were since the last direct path.
	// Both sides count the same, whoever of them has asked.
	attempts int
}

// introduced plans the next attempt for when the search that begins at start
// has failed.
func (t *talk) introduced(start time.Time) {
	t.at = start.Add(searchLength + t.pause())
	t.attempts++
}

// succeeded forgets past failures.
func (t *talk) succeeded() { *t = talk{} }

func (t *talk) pause() time.Duration {
	return talkBackoff[min(t.attempts, len(talkBackoff)-1)]
}

// requestTalk asks for a new introduction now, and again when none comes.
func (e *Engine) requestTalk(now time.Time) {
	e.talk.at = now.Add(searchLength + e.talk.pause())
	e.reunion.asked(now)
	e.act(RequestTalk{})
}

// askAgain asks for another introduction when the pause is over, the relay is
// still in use, and there is data that would profit.
func (e *Engine) askAgain(now time.Time) {
	if at := e.talkWake(); !at.IsZero() && !at.After(now) {
		e.requestTalk(now)
	}
}

// talkWake returns when to ask again. A session that has long been idle does not
// ask: its next data does.
func (e *Engine) talkWake() time.Time {
	t := &e.talk
	if t.at.IsZero() || e.monitor.current != nil || t.at.After(e.lastSent.Add(interestedFor)) {
		return time.Time{}
	}
	return t.at
}
