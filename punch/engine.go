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
type Engine struct {
	config  Config
	actions []Action // of the step under way

	transactions transactions
	checks       checks
	budget       budget
	monitor      monitor
	talk         talk

	// path is what UsePath last announced.
	path Path
	// lastSent is when application data last went out.
	lastSent time.Time
}

// New returns an engine that uses the relay until a direct path is proven.
func New(config Config) *Engine {
	return &Engine{
		config:       config,
		transactions: newTransactions(config.Seed),
		budget:       newBudget(),
		monitor:      monitor{keepalive: unknownKeepalive},
	}
}

// Step applies one event at time now, which must not run backwards, and
// returns what is to be done about it, in order.
func (e *Engine) Step(now time.Time, event Event) []Action {
	switch event := event.(type) {
	case Introduced:
		e.introduced(now, event)
	case Received:
		e.received(now, event)
	case Sent:
		e.sent(now)
	case Moved:
		e.moved(now)
	case Tick:
	}
	e.fireVolleys(now)
	e.watchPath(now)
	e.askAgain(now)
	e.announcePath()
	actions := e.actions
	e.actions = nil
	return actions
}

// Wake returns when to Step a Tick; the zero time means not before another
// event.
func (e *Engine) Wake() time.Time {
	return earliest(e.checks.wake(), e.monitorWake(), e.talkWake())
}

// Path returns the path in use, with its current RTT.
func (e *Engine) Path() Path {
	c := e.monitor.current
	if c == nil {
		return Path{}
	}
	return Path{Socket: c.socket, Direct: c.to, RTT: c.rtt, Doubtful: !e.monitor.doubtSince.IsZero()}
}

func (e *Engine) introduced(now time.Time, event Introduced) {
	start := event.FireAt
	if start.Before(now) {
		start = now
	}
	e.checks.replace(event.Candidates, e.monitor.current, start)
	e.monitor.keepalive = keepaliveInterval(event.Ours, event.Theirs)
	e.talk.introduced(start)
}

func (e *Engine) received(now time.Time, event Received) {
	if probe, err := wire.ParseProbe(event.Datagram, e.config.ReceiveKey); err == nil {
		e.probed(now, route{event.Socket, event.From}, probe)
		return
	}
	if reply, err := wire.ParseProbeReply(event.Datagram, e.config.ReceiveKey); err == nil {
		e.replied(now, route{event.Socket, event.From}, reply)
	}
}

// probed answers the peer's probe, and fires back at once where it came from:
// the peer's router has just been opened towards us (a triggered check,
// RFC 8445 section 7.3.1.4).
func (e *Engine) probed(now time.Time, from route, probe wire.Probe) {
	if probe.Session != e.config.Session {
		return
	}
	reply := wire.ProbeReply{TransactionID: probe.TransactionID, Session: probe.Session, Observed: from.to}
	e.act(SendDatagram{Socket: from.socket, To: from.to, Datagram: reply.Append(nil, e.config.SendKey)})

	c := e.checks.find(from)
	if c == nil {
		c = e.checks.addReflexive(from, e.monitor.current)
	}
	if c.validated || now.Sub(c.lastProbe) < triggeredSpacing {
		return
	}
	e.probe(now, c)
}

// replied takes the proof that a candidate works. A reply counts only from the
// very endpoint its probe went to: a copy from elsewhere proves nothing.
func (e *Engine) replied(now time.Time, from route, reply wire.ProbeReply) {
	sent, ok := e.transactions.end(reply.TransactionID, from)
	if !ok || reply.Session != e.config.Session {
		return
	}
	c := e.checks.find(from)
	if c == nil {
		return
	}
	c.answered(now, now.Sub(sent.at))
	e.choose(now, c)
}

// probe sends one probe to c unless the budget is spent.
func (e *Engine) probe(now time.Time, c *candidate) {
	c.lastProbe = now
	if !e.budget.take(now) {
		return
	}
	id := e.transactions.begin(c.route, now)
	if c.unansweredSince.IsZero() {
		c.unansweredSince = now
	}
	probe := wire.Probe{TransactionID: id, Session: e.config.Session}
	e.act(SendDatagram{Socket: c.socket, To: c.to, Datagram: probe.Append(nil, e.config.SendKey)})
}

func (e *Engine) act(action Action) { e.actions = append(e.actions, action) }

// earliest returns the earliest time that is not zero, or zero.
func earliest(times ...time.Time) time.Time {
	var first time.Time
	for _, t := range times {
		if !t.IsZero() && (first.IsZero() || t.Before(first)) {
			first = t
		}
	}
	return first
}
