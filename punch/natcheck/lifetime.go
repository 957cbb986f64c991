package natcheck

import (
	"context"
	"errors"
	"time"

	"peerd/wire"
)

const (
	// SettlingTime is how long a mapping is used before it is left idle. Linux
	// grants the longer of its two lifetimes only to flows that have had answers
	// for more than 2 s, as the flows have whose keepalives this is for.
	SettlingTime = 3 * time.Second
	// BanTime is how long a router that punishes surprises may ban the other
	// address of the rendezvous: after a mapping was found to be dead, and after a
	// Measure, there is no use in asking it again sooner.
	BanTime = 35 * time.Second
)

// ErrNoVerdict means that Survives could not tell: the other address did not
// answer, the outside endpoint changed, or the time was cut short.
var ErrNoVerdict = errors.New("no verdict on the lifetime of a mapping")

// Survives reports whether a mapping lives that carries nothing for the given
// time (RFC 5780 section 4.6): one spare socket opens it, and then is silent;
// another asks the rendezvous to answer there. It takes that time and some
// seconds, SettlingTime among them. Config.Accept must name an other address,
// the only one that is asked: see the package comment.
func Survives(ctx context.Context, config Config, idle, settling time.Duration) (alive bool, err error) {
	m := newMeasurement(ctx, config)
	silent, err := openSpare(ctx, config)
	if err != nil {
		return false, err
	}
	defer silent.close()
	mapped, ok := m.settle(silent, settling)
	if !ok || !sleep(ctx, idle) {
		return false, ErrNoVerdict
	}
	asking, err := openSpare(ctx, config)
	if err != nil {
		return false, err
	}
	defer asking.close()
	return m.answersAt(silent, asking, mapped)
}

// settle opens a mapping and uses it a second time, and returns its outside
// port.
func (m *measurement) settle(s *spare, settling time.Duration) (port uint16, ok bool) {
	first, second := ask(m.otherAddress(), wire.Change{}), ask(m.otherAddress(), wire.Change{})
	if !s.ask(m.patience(), first) || !sleep(m.ctx, settling) || !s.ask(m.patience(), second) {
		return 0, false
	}
	return first.observed().Port(), first.observed() == second.observed()
}

// answersAt has one socket ask for an answer at the port that another one has
// outside. It must come from where that one wrote to, and the network must work.
func (m *measurement) answersAt(silent, asking *spare, port uint16) (bool, error) {
	works := ask(m.otherAddress(), wire.Change{})
	if !asking.ask(m.patience(), works) {
		return false, ErrNoVerdict
	}
	redirected := ask(m.otherAddress(), wire.Change{})
	redirected.login.ResponsePort = port
	start := time.Now()
	for _, next := range append(repeats[:3:3], 2*m.config.RTT+unexpectedPatience) {
		asking.send(redirected)
		if silent.await(start.Add(next), redirected) {
			return true, nil
		}
	}
	if m.ctx.Err() != nil {
		return false, ErrNoVerdict
	}
	// A rendezvous that does not know the question answers where it was asked.
	if asking.await(time.Now().Add(time.Millisecond), redirected) {
		return false, ErrNoVerdict
	}
	return false, nil
}

// sleep waits, and reports whether it was not cut short.
func sleep(ctx context.Context, pause time.Duration) bool {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
