//go:build linux

package flood

import (
	"context"
	"fmt"
	"net/netip"
	"sync"
	"time"
)

const (
	// idleMembers is how many members are logged in all the time.
	idleMembers = 200
	// honestRate is how many logins are measured per second.
	honestRate = 10
	// honestKeys is how many members they are, in turn: nobody logs in more often
	// than every few seconds.
	honestKeys = 40
	// loginBound is how long a login may take before it counts as failed.
	loginBound = 10 * time.Second
)

// logIn measures logins of members, UDP and control connection beside each other,
// as peerd makes them. Every other one comes from an address that nobody has ever seen.
func logIn(ctx context.Context, at aim) (play, error) {
	members, err := newMembers(ctx, at, "honest", honestKeys, netip.PrefixFrom(honest4.Addr(), 32))
	return func(ctx context.Context, _ aim) (report, error) { return measureLogins(ctx, members), nil }, err
}

func measureLogins(ctx context.Context, members []*member) report {
	r := report{What: "logins"}
	var mu sync.Mutex
	var logins sync.WaitGroup
	for i := 0; wait(ctx, time.Second/honestRate); i++ {
		source := honest4.Addr()
		if i%2 == 1 {
			source = pick(honest4)
		}
		m := *members[i%len(members)]
		logins.Go(func() {
			took, err := m.fullLogin(source)
			mu.Lock()
			defer mu.Unlock()
			if r.Done++; err != nil {
				r.Failed, r.Note = r.Failed+1, err.Error()
				return
			}
			r.Took = append(r.Took, took)
		})
	}
	logins.Wait()
	return r
}

// fullLogin logs m in by UDP and TCP and out again, and returns how long the
// slower of them took.
func (m *member) fullLogin(source netip.Addr) (time.Duration, error) {
	ctx, cancel := context.WithTimeout(context.Background(), loginBound)
	defer cancel()
	begun := time.Now()
	observed := make(chan error, 1)
	go func() {
		_, err := m.observe(ctx, source)
		observed <- err
	}()
	failed := m.login(ctx, source)
	if err := <-observed; err != nil {
		failed = err
	}
	took := time.Since(begun)
	m.hangUp()
	if m.udp != nil {
		_ = m.udp.Close()
	}
	return took, failed
}

// idle logs members in that only listen, and reports how many of them were logged
// out meanwhile.
func idle(ctx context.Context, at aim) (play, error) {
	var lost lostMembers
	for i := range idleMembers {
		m, err := newMember(at, fmt.Sprintf("idle%d", i))
		if err != nil {
			return nil, err
		}
		if err := m.login(ctx, honest4.Addr().Next()); err != nil {
			return nil, fmt.Errorf("log in %s: %w", m.name, err)
		}
		go func() { lost.add(m.listen(ignore)) }() // until the process ends
	}
	return func(ctx context.Context, _ aim) (report, error) {
		before, _ := lost.now()
		<-ctx.Done()
		after, why := lost.now()
		return report{Done: idleMembers, What: "members", Failed: after - before, Note: why}, nil
	}, nil
}

// lostMembers counts those whose connection has ended.
type lostMembers struct {
	mu    sync.Mutex
	count int
	why   string // the last one's
}

func (l *lostMembers) add(why error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.count++
	l.why = why.Error()
}

func (l *lostMembers) now() (count int, why string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.count, l.why
}
