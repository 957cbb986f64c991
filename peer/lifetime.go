package peer

import (
	"context"
	"encoding/json"
	"fmt"
	"net/netip"
	"time"

	"peerd/internal/netwatch"
	"peerd/punch"
	"peerd/punch/natcheck"
	"peerd/wire"
)

const (
	// lifetimesSetting is the name under which the lifetimes of all networks are
	// kept.
	lifetimesSetting = "mapping lifetimes"
	// maxLifetimes is how many networks are remembered: home, work, and where
	// somebody travels. The one measured longest ago gives way.
	maxLifetimes = 16
	// lifetimeAge is when a lifetime is measured again: providers replace routers.
	lifetimeAge = 30 * 24 * time.Hour
	// lifetimeFailures is how many tries without a verdict end the search until the
	// next login: whoever closes the other address keeps it closed.
	lifetimeFailures = 3
)

// knownLifetime is what is known of one network.
type knownLifetime struct {
	punch.LifetimeSearch
	At time.Time
}

// lifetimes are what is known of the networks we have been in, by place.
type lifetimes map[string]knownLifetime

// in returns what is known of a place and not outdated.
func (l lifetimes) in(place string, now time.Time) punch.LifetimeSearch {
	known := l[place]
	if now.Sub(known.At) > lifetimeAge {
		return punch.LifetimeSearch{}
	}
	return known.LifetimeSearch
}

// learn notes what is known of a place, and forgets the oldest of too many.
func (l lifetimes) learn(place string, search punch.LifetimeSearch, now time.Time) {
	l[place] = knownLifetime{search, now}
	for len(l) > maxLifetimes {
		oldest := place
		for other, known := range l {
			if known.At.Before(l[oldest].At) {
				oldest = other
			}
		}
		delete(l, oldest)
	}
}

// place names the network we are in: by our public address and our gateway.
func (d *Daemon) place() string {
	d.mu.Lock()
	observed := d.observation.accept.Observed.Addr()
	d.mu.Unlock()
	var gateway netip.Addr
	if routes := netwatch.Look().Routes; len(routes) > 0 {
		gateway = routes[0].Gateway
	}
	return fmt.Sprintf("%v by %v", observed, gateway)
}

// beginLearning measures how long the mappings of this network live that carry
// nothing, until stop, ctx, or the answer.
func (d *Daemon) beginLearning(ctx context.Context, server netip.AddrPort) (stop context.CancelFunc) {
	ctx, stop = context.WithCancel(ctx)
	d.spawn(func() { d.learnLifetime(ctx, server) })
	return stop
}

// learnLifetime tries one idle time after the other, with pauses in which a
// router's ban of the other address ends: it takes some minutes, a few packets
// each, once in every network.
func (d *Daemon) learnLifetime(ctx context.Context, server netip.AddrPort) {
	for failures := 0; failures < lifetimeFailures; {
		select {
		case <-time.After(natcheck.BanTime):
		case <-ctx.Done():
			return
		}
		place := d.place()
		search := d.loadLifetimes().in(place, time.Now())
		idle, wanted := search.Next()
		config, possible := d.lifetimeConfig(server)
		if !wanted || !possible {
			return
		}
		alive, err := natcheck.Survives(ctx, config, idle, natcheck.SettlingTime)
		if err != nil {
			failures++ // lost packets, or a rendezvous that restarts
			continue
		}
		d.learned(ctx, place, search.Tried(idle, alive))
	}
}

// lifetimeConfig says whom to ask; false when there is nobody, or nothing to
// find out.
func (d *Daemon) lifetimeConfig(server netip.AddrPort) (config natcheck.Config, possible bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	seen := d.observation
	config = d.natcheckConfig(server, seen.accept, seen.rtt)
	return config, config.Accept.OtherAddr.IsValid() && seen.report.Mapping != wire.MappingNone
}

// learned keeps the news about a place, and uses it.
func (d *Daemon) learned(ctx context.Context, place string, search punch.LifetimeSearch) {
	known := d.loadLifetimes()
	known.learn(place, search, time.Now())
	text, err := json.Marshal(known)
	if err == nil {
		err = d.store.SetSetting(ctx, lifetimesSetting, string(text))
	}
	if err != nil && ctx.Err() == nil {
		d.log.Warn().Err(err).Msg("keep the lifetime of mappings")
	}
	d.log.Info().Dur("lived", search.Lived).Dur("died", search.Died).Msg("mapping lifetime measured")
	d.useLifetime(place, search)
}

// recallLifetime uses what was found out in an earlier visit to this network.
func (d *Daemon) recallLifetime() {
	place := d.place()
	d.useLifetime(place, d.loadLifetimes().in(place, time.Now()))
}

// useLifetime puts the lifetime into our report if we are in that place still.
func (d *Daemon) useLifetime(place string, search punch.LifetimeSearch) {
	if search.Lived == 0 || d.place() != place {
		return
	}
	d.mu.Lock()
	changed := d.observation.report.Lifetime != search.Lived
	d.observation.report.Lifetime = search.Lived
	d.mu.Unlock()
	if changed {
		d.sendEndpoints()
	}
}

// loadLifetimes reads what is known. What cannot be read is measured again.
func (d *Daemon) loadLifetimes() lifetimes {
	known := lifetimes{}
	text, ok, err := d.store.Setting(d.ctx, lifetimesSetting)
	if err == nil && ok {
		err = json.Unmarshal([]byte(text), &known)
	}
	if err != nil && d.ctx.Err() == nil {
		d.log.Warn().Err(err).Msg("read the lifetimes of mappings")
	}
	if known == nil { // the text was "null"
		known = lifetimes{}
	}
	return known
}

// lifetimeGap says why the lifetime is not known: false if it is.
func (d *Daemon) lifetimeGap() (gap natcheck.Gap, missing bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	seen := d.observation
	switch {
	case seen.report.Lifetime != 0 || seen.report.Mapping == wire.MappingNone:
		return natcheck.Gap{}, false
	case !seen.accept.Observed.IsValid():
		return natcheck.Gap{Aspect: natcheck.Lifetime, Reason: natcheck.NoAnswer}, true
	case !seen.accept.OtherAddr.IsValid():
		return natcheck.Gap{Aspect: natcheck.Lifetime, Reason: natcheck.OneAddress}, true
	}
	return natcheck.Gap{Aspect: natcheck.Lifetime, Reason: natcheck.Pending}, true
}
