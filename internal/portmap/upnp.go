package portmap

import (
	"context"
	"net/netip"
	"time"

	"github.com/rs/zerolog"
)

// firstSearchPause is how long to wait after the first failed attempt; every
// further wait is twice as long.
const firstSearchPause = 2 * time.Second

// A device is what upnp needs of an [igd].
type device interface {
	add(ctx context.Context, wanted uint16, lifetime time.Duration) (grant, error)
}

// upnp keeps one mapping by UPnP. Unlike PCP and NAT-PMP it has no packets to
// time, only requests to make in order.
type upnp struct {
	discover func(ctx context.Context) (device, error)
	wanted   uint16 // external port to ask for
	lifetime time.Duration
	random   func() float64
	log      zerolog.Logger
	report   func(external netip.AddrPort, lifetime time.Duration)

	device  device // nil: to be discovered
	held    grant  // zero: none
	expires time.Time
	failed  int // attempts in a row
}

// keep maps, renews, and removes the mapping when ctx ends. Any announcement of
// the router is a reason to renew at once: they carry nothing for UPnP, but
// come when a router has started.
func (u *upnp) keep(ctx context.Context, announcements <-chan []byte) {
	for ctx.Err() == nil {
		asked := time.Now()
		pause := u.renew(ctx)
		u.wait(ctx, pause, announcements, asked.Add(refreshSpacing))
		u.expire(time.Now())
	}
	u.remove(ctx)
}

// renew makes one attempt and returns how long to wait for the next.
func (u *upnp) renew(ctx context.Context) time.Duration {
	got, err := u.attempt(ctx)
	if err != nil {
		if ctx.Err() == nil {
			u.log.Debug().Err(err).Msg("router makes no port mapping")
		}
		u.device = nil // it may have moved
		u.failed++
		return u.untilExpiry(backoff(firstSearchPause, u.failed-1, u.random()))
	}
	u.failed = 0
	u.wanted = got.external.Port()
	before := u.held.external
	u.held, u.expires = got, time.Now().Add(u.lifetime)
	if got.external != before {
		u.report(got.external, got.lifetime)
	}
	return renewal(u.lifetime, u.random())
}

func (u *upnp) attempt(ctx context.Context) (grant, error) {
	if u.device == nil {
		device, err := u.discover(ctx)
		if err != nil {
			return grant{}, err
		}
		u.device = device
	}
	return u.device.add(ctx, u.wanted, u.lifetime)
}

// untilExpiry shortens a pause that would outlast the mapping.
func (u *upnp) untilExpiry(pause time.Duration) time.Duration {
	if u.held.external.IsValid() {
		return max(0, min(pause, time.Until(u.expires)))
	}
	return pause
}

// wait ends after pause, or when the router announces something, but then not
// before earliest.
func (u *upnp) wait(ctx context.Context, pause time.Duration, announcements <-chan []byte, earliest time.Time) {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	case <-announcements:
		timer.Reset(max(0, time.Until(earliest)))
		select {
		case <-ctx.Done():
		case <-timer.C:
		}
	}
}

// expire drops a mapping that could not be renewed in its lifetime. Nor is a
// permanent one believed in for longer: its router does not answer.
func (u *upnp) expire(now time.Time) {
	if u.held.external.IsValid() && !now.Before(u.expires) {
		u.held = grant{}
		u.report(netip.AddrPort{}, 0)
	}
}

// remove ends the mapping, if there is one, within removalTime.
func (u *upnp) remove(ctx context.Context) {
	if !u.held.external.IsValid() {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), removalTime)
	defer cancel()
	if err := u.held.remove(ctx); err != nil {
		u.log.Debug().Err(err).Msg("cannot remove the port mapping")
	}
	u.held = grant{}
	u.report(netip.AddrPort{}, 0)
}
