//go:build linux

package flood

import (
	"context"
	"fmt"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"peerd/wire"
)

// untilEnd plays a member's flood: again and again as a new login of it, when the
// rendezvous ends one.
func untilEnd(ctx context.Context, flood func(ctx context.Context) error) {
	for ctx.Err() == nil {
		if flood(ctx) != nil {
			wait(ctx, 100*time.Millisecond)
		}
	}
}

// talkToAll has a member talk to everybody in turn as fast as the rendezvous reads,
// with the largest envelope there is.
func talkToAll(ctx context.Context, at aim) (report, error) {
	sent := 0
	m, err := newMember(at, "talker")
	if err != nil {
		return report{}, err
	}
	untilEnd(ctx, func(ctx context.Context) error {
		if err := m.login(ctx, pick(one4)); err != nil {
			return err
		}
		defer m.hangUp()
		defer context.AfterFunc(ctx, m.hangUp)()
		if err := m.meet(idleMembers); err != nil {
			return err
		}
		defer m.attend()()
		sealed := noise(nil, wire.MaxSealed)
		for {
			if err := m.send(wire.Talk{To: m.met[sent%len(m.met)], Sealed: sealed}); err != nil {
				return err
			}
			sent++
		}
	})
	return report{Done: sent, What: "talks"}, nil
}

// talkToOne is talkToAll with one victim.
func talkToOne(ctx context.Context, at aim) (report, error) {
	sent := 0
	untilEnd(ctx, func(ctx context.Context) error {
		victim, err := loggedIn(ctx, at, "victim")
		if err != nil {
			return err
		}
		m, err := loggedIn(ctx, at, "talker")
		if err != nil {
			return err
		}
		defer victim.hangUp()
		defer context.AfterFunc(ctx, m.hangUp)()
		defer m.attend()()
		sealed := noise(nil, wire.MaxSealed)
		for {
			if err := m.send(wire.Talk{To: victim.self.Key(), Sealed: sealed}); err != nil {
				return err
			}
			sent++
		}
	})
	return report{Done: sent, What: "talks"}, nil
}

// changeRoster has two members change the roster as fast as they can: one logs in
// and out with a new instance each time, one publishes prekeys and endpoints.
func changeRoster(ctx context.Context, at aim) (report, error) {
	var changes atomic.Int64
	var floods sync.WaitGroup
	floods.Go(func() { loginAndOut(ctx, at, &changes) })
	floods.Go(func() { publish(ctx, at, &changes) })
	floods.Wait()
	return report{Done: int(changes.Load()), What: "changes"}, nil
}

func loginAndOut(ctx context.Context, at aim, changes *atomic.Int64) {
	m, err := newMember(at, "restless")
	if err != nil {
		return
	}
	for ctx.Err() == nil {
		if m.login(ctx, pick(one4)) == nil {
			changes.Add(1)
			m.hangUp()
		}
	}
}

func publish(ctx context.Context, at aim, changes *atomic.Int64) {
	untilEnd(ctx, func(ctx context.Context) error {
		m, err := loggedIn(ctx, at, "publisher")
		if err != nil {
			return err
		}
		defer m.hangUp()
		defer context.AfterFunc(ctx, m.hangUp)()
		defer m.attend()()
		var prekeys []wire.Message
		for range 64 {
			prekey, err := m.prekey()
			if err != nil {
				return err
			}
			local := wire.Candidate{Kind: wire.CandidateLocal, Endpoint: netip.AddrPortFrom(pick(attackers4), 1)}
			prekeys = append(prekeys, wire.Prekey{Prekey: prekey}, wire.Endpoints{Candidates: []wire.Candidate{local}})
		}
		for {
			if err := m.send(prekeys...); err != nil {
				return err
			}
			changes.Add(int64(len(prekeys)))
		}
	})
}

// relayTooMuch has two members relay to each other as much as they can send: one
// over UDP, one in its control connection.
func relayTooMuch(ctx context.Context, at aim) (report, error) {
	var frames atomic.Int64
	untilEnd(ctx, func(ctx context.Context) error {
		a, b, session, err := introduce(ctx, at)
		if err != nil {
			return err
		}
		defer a.hangUp()
		defer context.AfterFunc(ctx, a.hangUp)()
		var floods sync.WaitGroup
		defer floods.Wait()
		floods.Go(func() {
			defer b.hangUp()
			datagram := noise(wire.AppendRelayHeader(nil, session), wire.MaxRelayedDatagram)
			for ctx.Err() == nil {
				if _, err := a.udp.WriteToUDPAddrPort(datagram, at.v4); err != nil {
					return
				}
				frames.Add(1)
			}
		})
		defer a.attend()()
		for {
			if err := b.send(wire.Relay{Session: session, Payload: noise(nil, wire.MaxRelayedDatagram)}); err != nil {
				return err
			}
			frames.Add(1)
		}
	})
	return report{Done: int(frames.Load()), What: "frames"}, nil
}

// introduce makes two members that may relay to each other, the first over UDP.
func introduce(ctx context.Context, at aim) (a, b *member, session wire.SessionID, err error) {
	if b, err = loggedIn(ctx, at, "relayed"); err != nil {
		return nil, nil, session, err
	}
	if a, err = newMember(at, "relayer-"+b.name[len("relayed-"):]); err != nil {
		return nil, nil, session, err
	}
	source := pick(one4)
	candidate, err := a.observe(ctx, source)
	if err != nil {
		return nil, nil, session, err
	}
	if err := a.login(ctx, source, candidate); err != nil {
		return nil, nil, session, err
	}
	if err := a.send(wire.Talk{To: b.self.Key(), Candidates: []wire.Candidate{candidate}}); err != nil {
		return nil, nil, session, err
	}
	for {
		message, err := a.receive()
		if err != nil {
			return nil, nil, session, err
		}
		if introduction, ok := message.(wire.Introduction); ok {
			return a, b, introduction.Session, nil
		}
	}
}

// neverRead has members ask as much as they can and read none of the answers.
func neverRead(ctx context.Context, at aim) (report, error) {
	var asked atomic.Int64
	var members sync.WaitGroup
	for i := range 20 {
		members.Go(func() {
			m, err := newMember(at, fmt.Sprintf("deaf%d-%x", i, noise(nil, 3)))
			if err != nil {
				return
			}
			untilEnd(ctx, func(ctx context.Context) error {
				if err := m.login(ctx, pick(one4)); err != nil {
					return err
				}
				defer m.hangUp()
				defer context.AfterFunc(ctx, m.hangUp)()
				for {
					if err := m.send(wire.Ping{Nonce: 1}, wire.Talk{To: m.self.Key()}, wire.Endpoints{}); err != nil {
						return err
					}
					asked.Add(3)
				}
			})
		})
	}
	members.Wait()
	return report{Done: int(asked.Load()), What: "questions"}, nil
}
