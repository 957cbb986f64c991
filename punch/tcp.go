package punch

import (
	"net/netip"
	"time"

	"peerd/wire"
)

// tcpOpen connects to the peer over TCP, from both sides at once, when one of
// the two has no UDP. The rendezvous names the endpoint: that of the peer's
// control connection, whose port both reuse.
type tcpOpen struct {
	to     netip.AddrPort
	fireAt time.Time
	socket SocketID // 0: not yet begun
}

// planTCP returns the strategy if the rendezvous has named an endpoint for it.
func planTCP(in Introduced) []strategy {
	for _, to := range ofKind(in.Candidates, wire.CandidateTCP) {
		return []strategy{&tcpOpen{to: to, fireAt: in.FireAt}}
	}
	return nil
}

func (t *tcpOpen) run(e *Engine, now time.Time) {
	if t.socket != 0 || t.fireAt.After(now) {
		return
	}
	t.socket = e.openSocket(StrategyTCP, t.to)
	e.act(ConnectTCP{Socket: t.socket, To: t.to})
	e.entry(StrategyTCP, t.to).Kind = wire.CandidateTCP
}

func (t *tcpOpen) wake() time.Time {
	if t.socket != 0 {
		return time.Time{}
	}
	return t.fireAt
}

// connected begins to check who is at the other end.
func (e *Engine) connected(now time.Time, id SocketID) {
	for _, strategy := range e.search.strategies {
		if t, ok := strategy.(*tcpOpen); ok && t.socket == id {
			c := e.checks.addReflexive(route{id, t.to}, e.monitor.current)
			c.kind, c.tcp = wire.CandidateTCP, true
			c.volley = volley{start: now}
		}
	}
}
