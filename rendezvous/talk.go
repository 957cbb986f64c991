package rendezvous

import (
	"time"

	"peerd/wire"
)

// talk introduces c and the peer it wants to talk to, or tells c why not.
func (h *hub) talk(c *connection, m wire.Talk, now time.Time) {
	h.counters.talks.Add(1)
	if !isPrediction(m.Candidates) {
		h.learnEndpoints(c, m.Candidates, m.NAT, now)
	}
	callee, code := h.callee(c, m, now)
	if code != 0 {
		h.counters.talksRefused.Add(1)
		h.log.Debug().Str("name", c.name).Stringer("to", m.To).Stringer("code", code).Msg("talk refused")
		_ = c.send(wire.TalkRefused{To: m.To, Code: code})
		return
	}
	if !h.introduce(c, callee, m) {
		h.counters.talksRefused.Add(1)
		_ = c.send(wire.TalkRefused{To: m.To, Code: wire.TalkRefusedBusy})
	}
}

// callee returns whom a Talk is for, or why there is nobody.
func (h *hub) callee(c *connection, m wire.Talk, now time.Time) (*connection, wire.TalkRefusedCode) {
	if !c.quota.allowTalk(now) || !c.quota.allowRelay(now, len(m.Sealed)) {
		return nil, wire.TalkRefusedBusy
	}
	h.mu.Lock()
	callee := h.online[m.To]
	_, member := h.table.Row(m.To)
	h.mu.Unlock()
	switch {
	case !member || m.To == c.key:
		return nil, wire.TalkRefusedUnknownPeer
	case callee == nil:
		return nil, wire.TalkRefusedOffline
	case !h.relay.open(sessionOf(c, callee), c, callee, now):
		return nil, wire.TalkRefusedBusy
	}
	return callee, 0
}

// introduce tells both peers of a session about each other. The callee, whose
// introduction also brings the message, is told first. It reports false, and
// neither is told, when too much waits for the callee already.
func (h *hub) introduce(caller, callee *connection, m wire.Talk) bool {
	callerIn, calleeIn := fireIn(caller.rtt(), callee.rtt())
	toCallee, toCaller := introduction(caller, callee), introduction(callee, caller)
	toCallee.FireIn, toCallee.Sealed = calleeIn, m.Sealed
	toCaller.FireIn, toCaller.Caller = callerIn, true
	h.relay.consent(caller, toCallee.Session, m.Withhold)
	shown := h.relay.bothConsent(caller, toCallee.Session)
	if shown {
		showEndpoints(caller, callee, &toCaller, &toCallee, m.Candidates)
	}
	if !callee.offer(toCallee) {
		return false
	}
	_ = caller.send(toCaller)
	h.log.Debug().Str("name", caller.name).Str("to", callee.name).Bool("shown", shown).
		Dur("caller_fire_in", callerIn).Dur("callee_fire_in", calleeIn).Msg("introduction")
	return true
}

// introduction says to the other peer of their session who peer is, but not where.
func introduction(peer, other *connection) wire.Introduction {
	return wire.Introduction{Session: sessionOf(peer, other), Peer: peer.key, Instance: peer.instance}
}

// showEndpoints adds where the peers are; the caller's, with what it has claimed in
// this talk alone.
func showEndpoints(caller, callee *connection, toCaller, toCallee *wire.Introduction, claimed []wire.Candidate) {
	toCaller.Candidates, toCaller.NAT = callee.reachableAt()
	toCallee.Candidates, toCallee.NAT = caller.reachableAt()
	toCallee.Candidates = withPredicted(toCallee.Candidates, caller.predicted(claimed))
	if !isObserved(toCallee.Candidates) || !isObserved(toCaller.Candidates) {
		toCallee.Candidates = withTCP(toCallee.Candidates, caller.remote)
		toCaller.Candidates = withTCP(toCaller.Candidates, callee.remote)
	}
}

func sessionOf(a, b *connection) wire.SessionID {
	return wire.DeriveSessionID(a.key, a.instance, b.key, b.instance)
}
