package natcheck

import (
	"time"

	"peerd/punch"
	"peerd/wire"
)

// unexpectedPatience is how much longer than a round trip is waited for what a
// NAT may filter: it is asked for several times, as all of it may be lost.
const unexpectedPatience = 500 * time.Millisecond

// measureFiltering asks for datagrams that the NAT may not expect, all of them
// from the rendezvous' other address: see the package comment.
func (m *measurement) measureFiltering() {
	other := m.otherAddress()
	if !other.IsValid() {
		m.gaps.add(Filtering, OneAddress)
		return
	}
	fromOtherPort, reason := m.hearsFromOtherPort(ask(other, wire.Change{}))
	if reason != "" {
		m.gaps.add(Filtering, reason)
		return
	}
	fromOtherAddress := fromOtherPort && m.hearsFromOtherAddress()
	if m.ctx.Err() != nil {
		m.gaps.add(Filtering, OutOfTime)
		return
	}
	m.filtering = punch.FilteringOf(fromOtherPort, fromOtherAddress)
}

// hearsFromOtherPort writes to the other address, which has to answer, and asks
// it to answer from its other port.
func (m *measurement) hearsFromOtherPort(opening *question) (heard bool, reason Reason) {
	s, err := openSpare(m.ctx, m.config)
	if err != nil {
		return false, Unsupported
	}
	defer s.close()
	if !s.ask(m.patience(), opening) {
		return false, m.silence(OtherAddressSilent)
	}
	return m.hears(s, ask(opening.to, wire.Change{Port: true})), ""
}

// hearsFromOtherAddress has a socket that has never written to the other address
// ask for an answer from there.
func (m *measurement) hearsFromOtherAddress() bool {
	s, err := openSpare(m.ctx, m.config)
	if err != nil {
		return false
	}
	defer s.close()
	return m.hears(s, ask(m.config.Server, wire.Change{Address: true, Port: true}))
}

// hears reports whether the answer to a question comes in, and from elsewhere:
// a server that does not know the change answers from where it was asked.
func (m *measurement) hears(s *spare, q *question) bool {
	return s.ask(2*m.config.RTT+unexpectedPatience, q) && q.from != q.to
}
