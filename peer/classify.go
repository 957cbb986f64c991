package peer

import (
	"context"
	"net"
	"net/netip"
	"slices"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"peerd/internal/addressscope"
	"peerd/punch/natcheck"
	"peerd/wire"
)

// classifier sees to it that one classification of our network is under way at
// a time: two would disturb each other.
type classifier struct {
	// allowance bounds those that nobody waits for.
	allowance *rate.Limiter

	mu      sync.Mutex
	current *classification // nil: none
}

func newClassifier() classifier {
	return classifier{allowance: rate.NewLimiter(rate.Every(measureEvery), measureBurst)}
}

// classification is one measurement of the NATs in front of us.
type classification struct {
	address netip.Addr // that the rendezvous observes us at: another one is another network
	cancel  context.CancelFunc
	done    chan struct{}
	result  natcheck.Result // once done
}

// askable is the other address of the rendezvous, as it names it, if it can be one:
// it reaches as far as the first. A rendezvous gone bad would otherwise have us send
// logins into our own network, or to services of this host.
func askable(server, other netip.Addr) netip.Addr {
	scope := addressscope.Of(other.Unmap())
	if scope == addressscope.None || scope != addressscope.Of(server.Unmap()) {
		return netip.Addr{}
	}
	return other
}

// natcheckConfig has the spare sockets leave from where our main socket does.
func (d *Daemon) natcheckConfig(server netip.AddrPort, accept wire.Accept, rtt time.Duration) natcheck.Config {
	accept.OtherAddr = askable(server.Addr(), accept.OtherAddr)
	config := natcheck.Config{Server: server, Accept: accept, RTT: rtt, AskRouters: d.config.PortMapper != nil}
	if bound := d.socket.Addr().Addr(); !bound.IsUnspecified() {
		config.Listen = func() (*net.UDPConn, error) {
			return net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.AddrPortFrom(bound, 0)))
		}
	}
	return config
}

// classify measures the NATs in front of us, and tells the rendezvous, and with
// it our peers, as soon as there is something to tell. A caller who comes while
// this network is being measured gets that result.
func (d *Daemon) classify(config natcheck.Config) natcheck.Result {
	ctx, cancel := context.WithCancel(d.ctx)
	defer cancel()
	own := &classification{address: config.Accept.Observed.Addr(), cancel: cancel, done: make(chan struct{})}
	before := d.classifier.begin(own)
	if before != nil {
		<-before.done
		if before.address == own.address {
			return before.result
		}
	}
	defer d.classifier.end(own)
	config.Basics = func(result natcheck.Result) { d.classified(ctx, own.address, result) }
	own.result = natcheck.Measure(ctx, config)
	d.classified(ctx, own.address, own.result)
	return own.result
}

// begin makes own the classification under way, unless there is one of the same
// network. It returns the one that was under way before, which the caller waits
// for; that of another network is cancelled.
func (c *classifier) begin(own *classification) (before *classification) {
	c.mu.Lock()
	defer c.mu.Unlock()
	before = c.current
	if before != nil && before.address == own.address {
		return before
	}
	if before != nil {
		before.cancel()
	}
	c.current = own
	return before
}

func (c *classifier) end(own *classification) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.current == own {
		c.current = nil
	}
	close(own.done)
}

// classified takes a result into use, unless we are in another network by now.
func (d *Daemon) classified(ctx context.Context, address netip.Addr, result natcheck.Result) {
	d.mu.Lock()
	if ctx.Err() != nil || d.observation.accept.Observed.Addr() != address {
		d.mu.Unlock()
		return
	}
	report := completed(result, d.observation.report)
	changed := d.observation.report != report
	d.observation.report = report
	d.observation.taken = result.Taken
	if result.OpenerTTL != 0 {
		d.observation.openerTTL = result.OpenerTTL
	}
	d.mu.Unlock()
	signal(d.classic.changed)
	if changed {
		d.log.Info().Stringer("mapping", report.Mapping).Stringer("filtering", report.Filtering).
			Stringer("allocation", report.Allocation).Int("step", result.Step).Int("opener_ttl", result.OpenerTTL).
			Msg("NAT classified")
		d.sendEndpoints()
	}
}

// completed is a report in which what was not measured this time is as it was
// before, in the same network. Without the other address of the rendezvous, which
// a router may have banned meanwhile, ADM looks like EIM.
func completed(result natcheck.Result, before wire.NATReport) wire.NATReport {
	report := result.Report
	unsure := slices.ContainsFunc(result.NotMeasured, func(gap natcheck.Gap) bool { return gap.Aspect == natcheck.Mapping })
	if report.Mapping == wire.MappingUnknown || unsure && report.Mapping == wire.MappingEIM && before.Mapping == wire.MappingADM {
		report.Mapping = before.Mapping
	}
	if report.Filtering == wire.FilteringUnknown {
		report.Filtering = before.Filtering
	}
	if report.Allocation == wire.AllocationUnknown && report.Mapping != wire.MappingNone {
		report.Allocation, report.FirstPort, report.LastPort = before.Allocation, before.FirstPort, before.LastPort
	}
	if report.Lifetime == 0 {
		report.Lifetime = before.Lifetime
	}
	return report
}
