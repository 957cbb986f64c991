package punch

import (
	"net/netip"
	"slices"
	"time"

	"peerd/wire"
)

const (
	// meetingSockets is how many sockets a sequential NAT is given towards the
	// peer's port in the first round, and twice that in the others: the promised
	// port lies in the middle, so that other traffic may have taken half as many
	// since the samples.
	meetingSockets = 24
	// maxMeetingSockets bounds those of a block. A block of 512 is filled.
	maxMeetingSockets = 640
	// meetingRounds is how often ports are promised, and meetingPause how long a
	// round may take. A block is full after one round.
	meetingRounds = 4
	meetingPause  = 900 * time.Millisecond
	// meetingShots is how often each socket probes. The first shots find the
	// peer's router closed if it is later than we; the pause between shots is
	// longer than the two can be apart.
	meetingShots     = 3
	meetingShotPause = 60 * time.Millisecond
)

// meetingPort is for two NATs that both pick a port for each destination, but
// can be made to pick a certain one: each peer promises the other a port, and
// opens sockets towards the port it was promised until one of them sits on the
// port it has promised. All of a side's sockets go to the same port, so that
// whichever of them sits there is the right one.
//
//	we ── samples ─▶ rendezvous: 7001, 7002, 7003   promise 7016
//	we ── talk {7016} ─▶ peer         we ◀── talk {9000} ── peer
//	we: 24 sockets ─▶ :9000           peer: 24 sockets ─▶ :7016
//	our ports 7006 … 7029             its ports 8990 … 9013
//	            7016 ◀─────────────────▶ 9000
type meetingPort struct {
	in      Introduced
	target  netip.AddrPort // the peer's address, with any port
	draws   *draws
	due     time.Time // of the next promise; zero: no more
	rounds  int
	samples observations
	// promised is our port of this round, theirs the peer's; zero until known.
	promised, theirs netip.AddrPort
	// met is set once the sockets of this round are being opened.
	met bool
	row meetingRow
}

// meetingRow are the sockets of one round.
type meetingRow struct {
	target netip.AddrPort // names the line of the ledger
	to     netip.AddrPort
	ids    []SocketID
	left   int // still to be opened
	opened int // probes sent in this shot
	shot   int
	due    time.Time // zero: all shots are fired
}

func newMeetingPort(now time.Time, in Introduced, target netip.AddrPort, draws *draws) *meetingPort {
	return &meetingPort{in: in, target: anyPort(target.Addr()), draws: draws, due: now}
}

func (m *meetingPort) run(e *Engine, now time.Time) {
	m.samples.askAgain(e, now)
	if !m.due.IsZero() && !m.due.After(now) {
		m.promise(e, now)
	}
	m.row.run(e, now)
}

func (m *meetingPort) wake() time.Time {
	return earliest(m.due, m.samples.wake(), m.row.due)
}

// promise begins a round: a look at where our NAT's ports are.
func (m *meetingPort) promise(e *Engine, now time.Time) {
	m.due = time.Time{}
	if m.rounds++; m.rounds < meetingRounds && classOf(m.in.Ours) == classSequential {
		m.due = now.Add(meetingPause)
	}
	m.promised, m.samples, m.met = netip.AddrPort{}, observations{}, false
	m.samples.ask(e, now, StrategyMeetingPort, m.target)
	if classOf(m.in.Ours) == classSequential {
		m.samples.ask(e, now, StrategyMeetingPort, m.target)
		m.samples.ask(e, now, StrategyMeetingPort, m.target)
	}
}

// observed tells the peer our port once the samples are complete.
func (m *meetingPort) observed(e *Engine, now time.Time, event Observed) {
	if !m.samples.take(event) {
		return
	}
	m.promised = m.choose(m.samples.endpoints())
	if m.promised.IsValid() {
		e.act(RequestTalk{Predicted: []netip.AddrPort{m.promised}})
		m.fill(now)
	}
}

// choose returns the port that we can come to sit on.
func (m *meetingPort) choose(samples []netip.AddrPort) netip.AddrPort {
	addr := samples[0].Addr()
	if classOf(m.in.Ours) == classBlock {
		return m.chooseInBlock(samples[0])
	}
	before, last := int(samples[1].Port()), int(samples[2].Port())
	step := greatestCommonDivisor(before-int(samples[0].Port()), last-before)
	if last < before {
		step = -step
	}
	port := last + step*m.sockets()/2
	if step == 0 || max(step, -step) > largestGap || port < firstSprayPort || port > 0xffff {
		return netip.AddrPort{}
	}
	return netip.AddrPortFrom(addr, uint16(port))
}

// chooseInBlock returns a port of our block that nothing sits on, as far as we
// know.
func (m *meetingPort) chooseInBlock(sample netip.AddrPort) netip.AddrPort {
	taken := append(slices.Clone(m.in.Taken), sample.Port())
	for _, port := range m.draws.ports(int(m.in.Ours.FirstPort), int(m.in.Ours.LastPort), len(taken)+1) {
		if !slices.Contains(taken, port) {
			return netip.AddrPortFrom(sample.Addr(), port)
		}
	}
	return netip.AddrPort{}
}

// introduced takes the port the peer has promised. If ours of the last round is
// used up, the peer has begun another round, and so do we.
func (m *meetingPort) introduced(e *Engine, now time.Time, in Introduced) {
	promised := ofKind(in.Candidates, wire.CandidatePredicted)
	if len(promised) == 0 || promised[0] == m.theirs {
		return
	}
	m.theirs = promised[0]
	if m.met && classOf(m.in.Ours) == classSequential && m.rounds < meetingRounds {
		m.promise(e, now)
	}
	m.fill(now)
}

// fill opens the sockets once both promises are made.
func (m *meetingPort) fill(now time.Time) {
	if !m.promised.IsValid() || !m.theirs.IsValid() || m.row.to == m.theirs {
		return
	}
	m.met = true
	m.row = meetingRow{target: m.target, to: m.theirs, left: m.sockets(), due: now}
}

// sockets is how many are opened in this round.
func (m *meetingPort) sockets() int {
	switch {
	case classOf(m.in.Ours) == classBlock:
		return min(blockSize(m.in.Ours), maxMeetingSockets)
	case m.rounds > 1:
		return 2 * meetingSockets
	}
	return meetingSockets
}

// blockSize estimates the size of a block from the samples that its ends were
// seen in: the block is a little larger. What does not fit any more, the NAT
// drops.
func blockSize(r wire.NATReport) int { return portsOfBlock(r) * 6 / 5 }

func (r *meetingRow) run(e *Engine, now time.Time) {
	if r.due.IsZero() || r.due.After(now) {
		return
	}
	for range socketsAtOnce {
		if r.left > 0 {
			r.left--
			r.ids = append(r.ids, e.openSocket(StrategyMeetingPort, r.target))
		}
		if r.opened == len(r.ids) {
			break
		}
		e.open(now, route{r.ids[r.opened], r.to}, 0)
		r.opened++
	}
	r.due = now.Add(socketPause)
	if r.left == 0 && r.opened == len(r.ids) {
		r.nextShot(now)
	}
}

// nextShot begins to probe from all the sockets again.
func (r *meetingRow) nextShot(now time.Time) {
	r.shot, r.opened = r.shot+1, 0
	r.due = now.Add(meetingShotPause)
	if r.shot == meetingShots {
		r.due = time.Time{}
	}
}
