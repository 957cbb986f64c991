package portmap

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	mathrand "math/rand/v2"
	"net"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/rs/zerolog"
)

// gatewayInterval is how often the routing table is looked at. Longer means
// that a laptop in another home goes without mapping for longer.
const gatewayInterval = 30 * time.Second

// Config says what to map.
type Config struct {
	// Port is the UDP port of ours that the router shall forward to. It is also
	// the external port that is asked for; the router may choose another.
	Port uint16
	// Protocols are the ones to try; empty means all.
	Protocols []Protocol
	// Lifetime is what mappings are asked for, in whole seconds; zero means ten
	// minutes. They are renewed after half of it.
	Lifetime time.Duration
	// Doubts tells, with each value, that the network is another one, or that a
	// router may have lost the mappings: then they are asked at once, but not
	// more often than every five seconds. Nil: they are asked in time only.
	Doubts <-chan struct{}
	// Logger is told at debug what the routers refuse.
	Logger zerolog.Logger
}

// Keep asks the gateway of every interface that is behind a NAT to forward
// config.Port, by every protocol in parallel. It renews the mappings, looks for
// new gateways, and removes the mappings when ctx ends, for which it takes at
// most about a second. Then it returns nil; an error means that config is wrong.
//
// report is called with each change of an external endpoint, for each gateway
// and protocol on its own, one call at a time; every endpoint that was reported
// is reported as lost in the end. It must not block. A router that offers
// several protocols is reported with the same endpoint for each.
func Keep(ctx context.Context, config Config, report func(Mapping)) error {
	k, err := newKeeper(config, report)
	if err != nil {
		return err
	}
	var announcements sync.WaitGroup
	defer announcements.Wait()
	if conn, err := listenAnnouncements(); err != nil {
		config.Logger.Debug().Err(err).Msg("cannot hear routers that announce a restart")
	} else {
		announcements.Go(func() { k.audience.hear(ctx, conn) })
	}
	k.keep(ctx)
	return nil
}

// A keeper keeps mappings at whatever gateways there are.
type keeper struct {
	config   Config
	gateways func() ([]gateway, error)
	dial     func(context.Context, gateway) (net.Conn, error)
	audience audience

	reporting sync.Mutex
	report    func(Mapping)
}

func newKeeper(config Config, report func(Mapping)) (*keeper, error) {
	if config.Port == 0 {
		return nil, errors.New("port mapping: port 0 cannot be mapped: give the port that the socket is bound to")
	}
	all := []Protocol{PCP, NATPMP, UPnP}
	for _, p := range config.Protocols {
		if !slices.Contains(all, p) {
			return nil, fmt.Errorf("port mapping: unknown protocol %q: use %q, %q or %q", p, PCP, NATPMP, UPnP)
		}
	}
	if config.Lifetime < 0 || config.Lifetime%time.Second != 0 {
		return nil, fmt.Errorf("port mapping: lifetime %v is not a number of seconds", config.Lifetime)
	}
	if len(config.Protocols) == 0 {
		config.Protocols = all
	}
	if config.Lifetime == 0 {
		config.Lifetime = defaultLifetime
	}
	return &keeper{config: config, gateways: findGateways, dial: dialGateway, report: report}, nil
}

// keep follows the gateways as they come and go.
func (k *keeper) keep(ctx context.Context) {
	var running sync.WaitGroup
	defer running.Wait()
	leave := make(map[gateway]context.CancelFunc)
	ticker := time.NewTicker(gatewayInterval)
	defer ticker.Stop()
	var present []gateway
	for ctx.Err() == nil {
		if found, err := k.gateways(); err != nil { // those we know may well be there still
			k.config.Logger.Debug().Err(err).Msg("cannot find the home router")
		} else {
			present = behindNAT(found)
		}
		for g, stop := range leave {
			if !slices.Contains(present, g) {
				stop()
				delete(leave, g)
			}
		}
		for _, g := range present {
			if leave[g] == nil {
				at, stop := context.WithCancel(ctx)
				leave[g] = stop
				k.start(at, &running, g)
			}
		}
		select {
		case <-ticker.C:
		case <-k.config.Doubts:
			k.audience.doubt()
		case <-ctx.Done():
		}
	}
	for _, stop := range leave {
		stop()
	}
}

// start keeps a mapping at one gateway by each protocol until ctx ends.
func (k *keeper) start(ctx context.Context, running *sync.WaitGroup, g gateway) {
	for _, protocol := range k.config.Protocols {
		running.Go(func() {
			announcements, leave := k.audience.join(g.address)
			defer leave()
			log := k.config.Logger.With().Str("protocol", string(protocol)).Stringer("gateway", g.address).Logger()
			report := func(external netip.AddrPort, lifetime time.Duration) {
				k.tell(Mapping{External: external, Protocol: protocol, Lifetime: lifetime, Gateway: g.address})
			}
			switch protocol {
			case UPnP:
				k.newUPnP(g, log, report).keep(ctx, announcements)
			default:
				k.keepLease(ctx, protocol, g, announcements, log, report)
			}
		})
	}
}

func (k *keeper) keepLease(
	ctx context.Context, protocol Protocol, g gateway, announcements <-chan []byte, log zerolog.Logger,
	report func(netip.AddrPort, time.Duration),
) {
	conn := k.connect(ctx, g, log)
	if conn == nil {
		return
	}
	var d dialect = natpmp{port: k.config.Port}
	if protocol == PCP {
		d = newPCP(g.local, k.config.Port)
	}
	keepLease(ctx, newLease(d, k.config.Port, k.config.Lifetime, mathrand.Float64), conn, announcements, log, report)
}

// connect opens the socket of one lease. What keeps it from that, such as too many open
// files, may pass: it tries again until ctx ends, and then returns nil.
func (k *keeper) connect(ctx context.Context, g gateway, log zerolog.Logger) net.Conn {
	for ctx.Err() == nil {
		conn, err := k.dial(ctx, g)
		if err == nil {
			return conn
		}
		log.Debug().Err(err).Msg("cannot ask the home router")
		select {
		case <-time.After(gatewayInterval):
		case <-ctx.Done():
		}
	}
	return nil
}

// newPCP draws the nonce that others would have to know to touch our mapping.
func newPCP(client netip.Addr, port uint16) pcp {
	p := pcp{client: client, port: port}
	_, _ = rand.Read(p.nonce[:]) // never fails
	return p
}

func (k *keeper) newUPnP(g gateway, log zerolog.Logger, report func(netip.AddrPort, time.Duration)) *upnp {
	return &upnp{
		discover: func(ctx context.Context) (device, error) {
			d, err := discoverIGD(ctx, g, k.config.Port)
			if err != nil {
				return nil, err // not a device that holds a nil
			}
			return d, nil
		},
		wanted:   k.config.Port,
		lifetime: k.config.Lifetime,
		random:   mathrand.Float64,
		log:      log,
		report:   report,
	}
}

// tell reports m, one at a time.
func (k *keeper) tell(m Mapping) {
	k.reporting.Lock()
	defer k.reporting.Unlock()
	k.report(m)
}
