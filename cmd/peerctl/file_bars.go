package main

import (
	"os"
	"slices"
	"sync"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"
	"golang.org/x/term"

	"peerd/internal/printable"
	"peerd/peer/api"
)

// transferView shows transfers while they move: bars on a terminal, a line for each
// change of state elsewhere, rows with --json.
type transferView struct {
	app       *app
	mu        sync.Mutex // held to write transfers, and by the bars, which draw in goroutines of their own, to read
	transfers []api.Transfer
	goal      transferGoal
	bars      *mpb.Progress // nil where there are none
	bar       []*mpb.Bar    // of each transfer
}

func (a *app) newTransferView(transfers []api.Transfer, goal transferGoal) *transferView {
	v := &transferView{app: a, transfers: transfers, goal: goal}
	file, ok := a.err.(*os.File)
	if a.json || !ok || !term.IsTerminal(int(file.Fd())) {
		return v
	}
	v.bars = mpb.New(mpb.WithOutput(file), mpb.WithAutoRefresh())
	for i, t := range transfers {
		v.bar = append(v.bar, v.newBar(i, t))
	}
	return v
}

// newBar draws: holiday.zip  running 15%  12.1 MB / 80.0 MB [===>    ]  9.1 MB/s
func (v *transferView) newBar(i int, first api.Transfer) *mpb.Bar {
	began := time.Now()
	state := func(decor.Statistics) string {
		v.mu.Lock()
		defer v.mu.Unlock()
		return v.app.transferState(v.transfers[i])
	}
	count := func(s decor.Statistics) string { return byteCount(s.Current) + " / " + byteCount(first.Size) }
	rate := func(s decor.Statistics) string {
		return byteCount(int64(float64(s.Current-first.Moved)/time.Since(began).Seconds())) + "/s"
	}
	bar := v.bars.New(max(first.Size, 1), mpb.BarStyle().Lbound("[").Filler("=").Tip(">").Padding(" ").Rbound("]"),
		mpb.PrependDecorators(
			decor.Name(printable.Line(first.Name), decor.WCSyncSpaceR),
			decor.Any(state, decor.WCSyncSpaceR),
			decor.Any(count, decor.WCSyncSpace),
		),
		mpb.AppendDecorators(decor.OnComplete(decor.Any(rate, decor.WCSyncSpace), "")),
	)
	bar.SetCurrent(first.Moved)
	return bar
}

// update takes news of a transfer, and reports whether it is one of ours and has
// changed. Where one has got to in the end is not the view's to show.
func (v *transferView) update(t api.Transfer) (changed bool, err error) {
	i := slices.IndexFunc(v.transfers, func(known api.Transfer) bool { return known.ID == t.ID })
	if i < 0 {
		return false, nil
	}
	before := v.transfers[i]
	changed = before.State != t.State || before.Reason != t.Reason || before.Moved != t.Moved
	v.mu.Lock()
	v.transfers[i] = t
	v.mu.Unlock()
	switch {
	case !changed:
	case v.bars != nil:
		v.bar[i].SetCurrent(t.Moved)
	case v.goal.reached(t.State):
	case v.app.json:
		err = v.app.row(t)
	case before.State != t.State:
		v.app.say(printable.Line(t.Name) + v.app.text.Colon + v.app.transferState(t))
	}
	return changed, err
}

// reached reports whether every transfer has reached the goal.
func (v *transferView) reached() bool {
	return !slices.ContainsFunc(v.transfers, func(t api.Transfer) bool { return !v.goal.reached(t.State) })
}

// close leaves the bars as they are.
func (v *transferView) close() {
	if v.bars == nil {
		return
	}
	for _, bar := range v.bar {
		bar.Abort(false)
	}
	v.bars.Wait()
}
