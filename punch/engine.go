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
	// Confined begins the session on the relay alone: see the event.
	Confined bool
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
	search       search
	reunion      reunion
	homes        homes
	quality      quality
	sockets      ownSockets
	ledger       []Attempt
	evidence     evidence
	draws        *draws
	// floodedAt is when a strategy last began that opens hundreds of flows.
	floodedAt time.Time

	// confined is set while the relay is the only way allowed.
	confined bool
	// cautious is set from the end of a path until a full probe is answered.
	cautious bool

	// path is what UsePath last announced.
	path Path
	// lastSent is when application data last went out.
	lastSent time.Time
}

// New returns an engine that uses the relay until a direct path is proven.
func New(config Config) *Engine {
	draws := &draws{seed: config.Seed}
	return &Engine{
		config:       config,
		transactions: newTransactions(draws),
		budget:       newBudget(),
		draws:        draws,
		monitor:      monitor{keepalive: unknownKeepalive},
		confined:     config.Confined,
	}
}

// Step applies one event at time now, which must not run backwards, and
// returns what is to be done about it, in order.
func (e *Engine) Step(now time.Time, event Event) []Action {
	switch event := event.(type) {
	case Introduced:
		e.introduced(now, event)
	case Confined:
		e.confine()
	case Received:
		e.received(now, event)
	case Observed:
		e.observed(now, event)
	case Connected:
		e.connected(now, event.Socket)
	case SocketLost:
		e.socketLost(now, event.Socket)
	case Strayed:
		e.strayed(now, event)
	case Sent:
		e.sent(now)
	case Moved:
		e.moved(now)
	case Tick:
	}
	e.meetAgain(now)
	e.fireVolleys(now)
	e.runSearch(now)
	e.watchPath(now)
	e.weigh(now)
	e.askAgain(now)
	e.announcePath()
	actions := e.actions
	e.actions = nil
	return actions
}

// Wake returns when to Step a Tick; the zero time means not before another
// event.
func (e *Engine) Wake() time.Time {
	return earliest(e.checks.wake(), e.searchWake(), e.monitorWake(), e.talkWake(), e.reunion.slot, e.relayProbeAt())
}

// Path returns the path in use, with its current RTT.
func (e *Engine) Path() Path {
	c := e.monitor.current
	switch {
	case c == nil:
		return Path{}
	case e.quality.avoiding:
		return Path{Lossy: true}
	}
	return Path{Socket: c.socket, TCP: c.tcp, Direct: c.to, RTT: c.rtt, Doubtful: !e.monitor.doubtSince.IsZero()}
}

func (e *Engine) introduced(now time.Time, in Introduced) {
	e.reunion, e.confined = reunion{}, false
	if in.FireAt.Before(now) {
		in.FireAt = now
	}
	e.monitor.keepalive = keepaliveInterval(in.Ours, in.Theirs)
	if e.search.joins(now, in) {
		e.joinSearch(now, in)
		return
	}
	e.beginSearch(now, in)
}

func (e *Engine) received(now time.Time, event Received) {
	if e.confined && (route{event.Socket, event.From}) != overRelay {
		return
	}
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
	if !e.sockets.isOpen(from.socket) {
		return
	}
	e.reply(from, probe)
	if from == overRelay {
		return
	}
	e.heardFrom(now, from).Heard++
	e.checkTheirReport(from)
	c := e.checks.find(from)
	if c == nil {
		c = e.checks.addReflexive(from, e.monitor.current)
	}
	if c.validated || now.Sub(c.lastProbe) < triggeredSpacing {
		return
	}
	e.probe(now, c)
}

func (e *Engine) reply(to route, probe wire.Probe) {
	reply := wire.ProbeReply{TransactionID: probe.TransactionID, Session: probe.Session, Observed: to.to}
	if to == overRelay {
		reply.Observed = nowhere
	}
	e.act(SendDatagram{Socket: to.socket, To: to.to, Datagram: reply.Append(nil, e.config.SendKey)})
}

// replied takes the proof that a candidate works. A reply counts only from the
// very endpoint its probe went to: a copy from elsewhere proves nothing.
func (e *Engine) replied(now time.Time, from route, reply wire.ProbeReply) {
	sent, ok := e.transactions.end(reply.TransactionID, from)
	if !ok || reply.Session != e.config.Session {
		return
	}
	if from == overRelay {
		e.quality.relay.answered(reply.TransactionID)
		return
	}
	if e.quality.way == from {
		e.quality.direct.answered(reply.TransactionID)
	}
	e.checkOurReport(from, reply.Observed)
	entry := e.heardFrom(now, from)
	entry.Replies++
	entry.RTT = now.Sub(sent.at)
	c := e.checks.find(from)
	if c == nil { // one of many that a strategy has probed
		c = e.checks.addReflexive(from, e.monitor.current)
	}
	if e.mustProveMore(now, c, sent.full) {
		return
	}
	c.answered(now, entry.RTT)
	e.homes.add(from.to.Addr())
	e.choose(now, c)
}

// heardFrom notes that something authentic has come in, and returns the line of
// the ledger it belongs to.
func (e *Engine) heardFrom(now time.Time, from route) *Attempt {
	if socket := e.sockets.find(from.socket); socket != nil {
		socket.heard = now
	}
	e.search.heard = e.search.heard || from.to.Addr() == e.search.target.Addr()
	return e.entryOf(from)
}

// strayed probes an endpoint that data seems to come from: the peer's router
// may have given it another port, and has just been opened from inside.
func (e *Engine) strayed(now time.Time, event Strayed) {
	way := route{event.Socket, event.From}
	if e.monitor.current == nil || way.to.Addr() != e.monitor.current.to.Addr() || e.checks.find(way) != nil {
		return
	}
	c := e.checks.addReflexive(way, e.monitor.current)
	c.carriesData = true
	e.probe(now, c)
}

// probe sends one probe to c unless the budget is spent.
func (e *Engine) probe(now time.Time, c *candidate) { e.probeWithTTL(now, c, 0) }

func (e *Engine) probeWithTTL(now time.Time, c *candidate, ttl int) {
	c.lastProbe = now
	if !e.budget.take(now) {
		return
	}
	if c.unansweredSince.IsZero() {
		c.unansweredSince = now
	}
	c.owesFull = e.wantsFull(now, c)
	e.sendProbe(now, c.route, c.owesFull, ttl)
	e.entryOf(c.route).count(now, ttl)
}

// open sends a strategy's probe, or its opener. It is paid for by the strategy's
// own limits.
func (e *Engine) open(now time.Time, way route, ttl int) {
	e.sendProbe(now, way, false, ttl)
	e.entryOf(way).count(now, ttl)
}

func (e *Engine) sendProbe(now time.Time, way route, full bool, ttl int) {
	if !e.sockets.isOpen(way.socket) {
		return // lost meanwhile
	}
	id := e.transactions.begin(way, full, now)
	e.measured(way, id, now)
	probe := wire.Probe{TransactionID: id, Session: e.config.Session, Full: full}
	e.act(SendDatagram{Socket: way.socket, To: way.to, Datagram: probe.Append(nil, e.config.SendKey), TTL: ttl})
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
