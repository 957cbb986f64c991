package punch

import (
	"time"

	"peerd/wire"
)

// Config is what an Engine needs to know of its session.
type Config struct {
	Session wire.SessionID
	// SendKey authenticates our probes and our replies, ReceiveKey the peer's.
	SendKey, ReceiveKey wire.ProbeKey
	// Seed makes transaction ids unpredictable; draw it at random.
	Seed [16]byte
}

// Engine is the traversal engine of one session. It is not safe for concurrent
// use: its driver serialises events.
type Engine struct{}

// New returns an engine that uses the relay until it is introduced.
func New(config Config) *Engine { return &Engine{} }

// Step applies one event at time now, which must not run backwards, and
// returns what is to be done about it, in order.
func (e *Engine) Step(now time.Time, event Event) []Action { return nil }

// Wake returns when to Step a Tick; the zero time means not before another event.
func (e *Engine) Wake() time.Time { return time.Time{} }

// Path returns the path in use.
func (e *Engine) Path() Path { return Path{} }
