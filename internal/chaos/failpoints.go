//go:build linux

package chaos

import (
	"errors"
	"fmt"
	"math/rand/v2"

	"peerd/internal/failpoint"
)

// A target is a failpoint as one side passes it.
type target struct {
	point failpoint.Point
	side  side
	load  load
	most  int // the point is passed up to so often before it kills
}

// targets returns every failpoint on every side that passes it.
func targets() []target {
	all := []target{
		{failpoint.TalkSealed, sender, strangers, 1},
		{failpoint.TalkSent, sender, strangers, 1},
		{failpoint.EnvelopeOpened, recipient, strangers, 1},
		{failpoint.SealedReceiptBefore, recipient, strangers, 1},
		{failpoint.SealedReceiptAfter, recipient, strangers, 1},
	}
	for _, point := range []failpoint.Point{
		failpoint.AcceptBefore, failpoint.AcceptAfter, failpoint.SendBefore, failpoint.SendAfter,
		failpoint.MarkSentBefore, failpoint.MarkSentAfter, failpoint.DeliveredBefore, failpoint.DeliveredAfter,
		failpoint.SeenBefore, failpoint.SeenAfter,
	} {
		all = append(all, target{point, sender, conversing, 5})
	}
	for _, point := range []failpoint.Point{
		failpoint.ReceiveBefore, failpoint.ReceiveAfter, failpoint.NotifyBefore, failpoint.NotifyAfter,
		failpoint.ReceiptBefore, failpoint.ReceiptAfter, failpoint.ReadMarkBefore, failpoint.ReadMarkAfter,
		failpoint.ReadAnnouncedAfter,
	} {
		all = append(all, target{point, recipient, conversing, 5})
	}
	for _, either := range []side{sender, recipient} {
		all = append(all,
			target{failpoint.StoreOperation, either, conversing, 20},
			target{failpoint.StoreCommitBefore, either, conversing, 20},
			target{failpoint.StoreCommitAfter, either, conversing, 20},
			target{failpoint.StoreCloseBefore, either, leaving, 1},
			target{failpoint.StoreCloseAfter, either, leaving, 1},
		)
	}
	return all
}

// play kills a fresh pair's sender or recipient at the target, so many times.
func (t target) play(c *circle, number, times int) (Row, error) {
	row := Row{Fault: fmt.Sprintf("kill -9 of the %s at %s", t.side, t.point), Bar: resumeBarText}
	p, err := newPair(c, number)
	if err != nil {
		return row, err
	}
	defer p.kill()
	victim := p.victim(t.side)
	for range times {
		f := fuse{t.point, 1 + rand.IntN(t.most)}
		resumed, err := p.strike(victim, t.load, func() error { return victim.start(f) }, untouched)
		if err != nil {
			return row, fmt.Errorf("%s %d times: %w", row.Fault, f.count, err)
		}
		if err := p.note(&row, resumed); err != nil || row.Broken() {
			return row, err
		}
	}
	return row, nil
}

// playFailpoints kills a peer at every failpoint, so many times at each.
func playFailpoints(lab *Lab) ([]Row, error) {
	const workers = 8
	c, err := lab.circle("failpoints")
	if err != nil {
		return nil, err
	}
	defer c.kill()
	all := targets()
	rows := make([]Row, len(all))
	errs := make([]error, len(all))
	inParallel(workers, len(all), func(i int) {
		rows[i], errs[i] = all[i].play(c, i, lab.Times)
		lab.Progress("%s: %d times, %v, resumed after: %s", rows[i].Fault, rows[i].Injected, rows[i].Count, resumedAfter(rows[i].Resume))
	})
	var ofSender, ofRecipient []Row
	for i, t := range all {
		if t.side == sender {
			ofSender = append(ofSender, rows[i])
		} else {
			ofRecipient = append(ofRecipient, rows[i])
		}
	}
	return []Row{
		sum(fmt.Sprintf("kill -9 of the sender at %d failpoints", len(ofSender)), resumeBar, ofSender),
		sum(fmt.Sprintf("kill -9 of the recipient at %d failpoints", len(ofRecipient)), resumeBar, ofRecipient),
	}, errors.Join(errs...)
}
