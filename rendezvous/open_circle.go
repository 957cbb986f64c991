package rendezvous

import (
	"net/netip"
	"time"

	"golang.org/x/time/rate"

	"peerd/internal/ration"
	"peerd/wire"
)

// openCircle lets strangers become members without an invite, though not many at once.
// A nil one belongs to a closed circle, which lets nobody. Safe for concurrent use.
type openCircle struct {
	perSource *ration.Ration
	inAll     *rate.Limiter
}

// newOpenCircle returns nil unless open is set.
func newOpenCircle(open bool) *openCircle {
	if !open {
		return nil
	}
	return &openCircle{
		perSource: ration.New(joinRate, joinBurst),
		inAll:     rate.NewLimiter(joinRateInAll, joinBurstInAll),
	}
}

// mayJoin returns the question whether one more stranger from source may become a
// member now, which counts as one when the answer is yes; nil in a closed circle.
func (o *openCircle) mayJoin(source netip.Prefix) func(now time.Time) error {
	if o == nil {
		return nil
	}
	return func(now time.Time) error {
		switch {
		case !o.perSource.Take(source, now):
			return wire.Refused{Code: wire.RefusedBusy, Detail: "too many have joined from your network lately: wait some minutes, or join with an invite"}
		case !o.inAll.AllowN(now, 1):
			return wire.Refused{Code: wire.RefusedBusy, Detail: "too many have joined lately: wait some minutes, or join with an invite"}
		}
		return nil
	}
}
