package natcheck

import (
	"sync"
	"time"

	"peerd/punch"
	"peerd/wire"
)

const (
	// firstBurst is how many sockets show how the NAT gives out ports, all at
	// once. One or two lost answers leave enough of them.
	firstBurst = 8
	// secondBurst is how many more are needed when the ports may be from a block:
	// 24 samples cover 92 % of a block on average.
	secondBurst = 16
	// driftWindow is the time between two looks at a NAT that counts: shorter,
	// and a few flows per second go unseen.
	driftWindow = 250 * time.Millisecond
)

// burst are questions from a socket each, in the order in which they were sent.
type burst struct {
	spares    []*spare
	questions []*question
}

// sendBurst opens the sockets first, so that the logins leave within a
// millisecond: whatever else opens flows at the router hardly gets in between.
func (m *measurement) sendBurst(count int) *burst {
	b := &burst{}
	for range count {
		s, err := openSpare(m.ctx, m.config)
		if err != nil {
			break // fewer samples
		}
		b.spares = append(b.spares, s)
	}
	for _, s := range b.spares {
		q := ask(m.config.Server, wire.Change{})
		s.send(q)
		b.questions = append(b.questions, q)
	}
	return b
}

// collect waits for the answers and closes the sockets. Nothing is repeated,
// since a login that is repeated opens its flow at another moment.
func (b *burst) collect(patience time.Duration) (samples []punch.Sample) {
	deadline := time.Now().Add(patience)
	var answers sync.WaitGroup
	for i, s := range b.spares {
		answers.Go(func() {
			defer s.close()
			s.await(deadline, b.questions[i])
		})
	}
	answers.Wait()
	for i, q := range b.questions {
		if q.answered() {
			samples = append(samples, punch.Sample{Local: b.spares[i].local.Port(), Observed: q.observed()})
		}
	}
	return samples
}

// measureAllocation judges by the first burst, or by both when that does not
// tell: too many answers were lost, or the ports may be from a block.
func (m *measurement) measureAllocation(first *burst) {
	samples := first.collect(m.patience())
	m.allocated = punch.AllocationOf(samples)
	if m.allocated.Kind == wire.AllocationUnknown && len(samples) > 0 {
		more := m.sendBurst(secondBurst).collect(m.patience())
		if m.allocated = punch.AllocationOf(append(samples, more...)); len(samples) < punch.LeastSamples {
			m.allocated = punch.AllocationOf(more)
		}
		samples = append(samples, more...)
	}
	for _, sample := range samples {
		m.taken = append(m.taken, sample.Observed.Port())
	}
	switch {
	case len(samples) < punch.LeastSamples:
		m.gaps.add(Allocation, NoAnswer)
	case m.allocated.Kind == wire.AllocationUnknown:
		m.gaps.add(Allocation, Ambiguous)
	}
}

// measureDrift looks at a NAT that counts twice, some time apart, while nothing
// else of ours opens flows.
func (m *measurement) measureDrift() {
	if m.allocated.Kind != wire.AllocationSequential {
		return
	}
	before := m.sendBurst(1)
	beforeSamples := before.collect(m.patience())
	sleep(m.ctx, driftWindow)
	after := m.sendBurst(1)
	afterSamples := after.collect(m.patience())
	if len(beforeSamples) == 0 || len(afterSamples) == 0 {
		m.gaps.add(Drift, m.silence(NoAnswer))
		return
	}
	elapsed := after.questions[0].sentAt.Sub(before.questions[0].sentAt)
	perSecond, ok := punch.Drift(beforeSamples[0].Observed, afterSamples[0].Observed, m.allocated.Step, elapsed)
	if !ok {
		m.gaps.add(Drift, Ambiguous)
	}
	m.drift = perSecond
}

// silence is the reason for an answer that is missing: the given one, unless we
// ran out of time.
func (m *measurement) silence(reason Reason) Reason {
	if m.ctx.Err() != nil {
		return OutOfTime
	}
	return reason
}
