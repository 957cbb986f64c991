// Package rendezvous is the coordinator: the one machine with a public address
// that peers log in to, and that introduces them to each other. It serves
// cmd/rendezvous, and tests and demos that need a whole one in their process.
//
//	           UDP :7700, :7701                TCP :7700, TLS 1.3
//	Login ──► Accept (endpoint, cookie)      Hello ──► Welcome, roster
//	relay frames, by session                 Talk  ──► Introduction to both
//	      │                                        │
//	   udp.go ──────► relay.go ◄─────────────── serve.go ──► hub.go
//	(stateless)    (who may relay           (connections)   (presence, roster)
//	                what to whom)                                │
//	                                                         state.go
//	                                 (members, names, invites, removals: on disk)
//
// It is not trusted: it sees who talks to whom, when, and how much, but neither
// content nor keys of sessions, and it cannot pretend to be a peer. It keeps no
// messages: what is relayed is forwarded or lost.
//
// Every limit on what strangers and members can make it spend is in limits.go.
// The door for programs that speak the original protocol is package classic.
package rendezvous

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/netip"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"peerd/internal/identity"
	"peerd/internal/invite"
	"peerd/internal/name"
	"peerd/internal/ration"
	"peerd/rendezvous/classic"
	"peerd/wire"
)

// Config says how a rendezvous runs. The zero value of every field but StateDir
// is usable.
type Config struct {
	// Listen is the TCP and UDP address of logins, ":7700" when empty. The UDP
	// port after it is used too. Port 0 chooses a free pair.
	Listen string
	// StateDir holds key, members and invites. It is created with mode 0700.
	StateDir string
	// Advertise is the HOST[:PORT] that invites name. When empty it is guessed.
	Advertise string
	// SecondAddresses are addresses of this host that peers are observed from too,
	// so that they learn more about their NATs: one of each family, or
	// NoSecondAddress. When empty, a second public IPv4 address is used if Listen
	// names no host and there is one.
	SecondAddresses []string
	// Circle is the circle's name, DefaultCircle when empty.
	Circle string
	// Open lets anybody become a member without an invite, as many as the limits of
	// open circles allow. Members see who else is there.
	Open bool
	// RelayRate is how many bytes per second one key may have relayed,
	// DefaultRelayRate when 0.
	RelayRate int
	// Metrics is the HOST:PORT of the HTTP service with /metrics and /healthz;
	// none when empty. Anything but a loopback address is refused unless
	// MetricsPublic says that it is meant.
	Metrics       string
	MetricsPublic bool
	// Classic is the IPv4 HOST:PORT of the door for the original protocol, UDP and
	// TCP; none when empty. Its users are not members of the circle, and nothing
	// they say is authenticated or encrypted.
	Classic string
	// Notify, if not nil, is told "READY=1", "WATCHDOG=1" and "STOPPING=1" as
	// in sd_notify(3). It must not block.
	Notify func(state string)
	// Logger gets what happens. No secret is ever logged.
	Logger zerolog.Logger
}

// Defaults of Config.
const (
	DefaultListen = ":7700"
	DefaultCircle = "home"
)

// Server is a rendezvous. Make one with Open.
type Server struct {
	config   Config
	log      zerolog.Logger
	identity *identity.Identity
	state    *state
	tls      *tls.Config
	started  time.Time

	*sockets
	addresses   addresses
	services    []*service    // admin, and metrics when wanted
	classic     *classic.Door // nil: not wanted
	controlPort uint16
	otherPort   uint16
	advertised  string
	metricsAddr netip.AddrPort

	cookies  *cookies
	bindings *ration.Ration
	connects *ration.Ration // control connections, by source
	halfOpen *halfOpen
	familiar *familiarSources
	turns    *turns // of handshakes
	quotas   *quotas
	backlog  backlog
	relay    *relayTable
	hub      *hub
	counters *counters

	refusals *ration.Ration // refused logins of strangers, by source
	open     *openCircle    // nil: only invites make members
	// admission is held by logins from the decision about them until the hub knows
	// them: together, but alone by one that may take another member's name. A removal
	// holds it alone, too.
	admission sync.RWMutex

	running sync.WaitGroup // every goroutine but Serve's own
}

// Open prepares a rendezvous: it reads or creates the state and binds the
// sockets. Peers are served from Serve on. Close a Server that is never served.
func Open(config Config) (*Server, error) {
	config, err := withDefaults(config)
	if err != nil {
		return nil, err
	}
	// The state before the key: a key without state means that the state was lost.
	state, err := openState(config.StateDir)
	if err != nil {
		return nil, err
	}
	self, err := state.loadKey(config.StateDir)
	if err != nil {
		return nil, errors.Join(err, state.close())
	}
	s, err := open(config, self, state)
	if err != nil {
		return nil, errors.Join(err, state.close())
	}
	return s, nil
}

func withDefaults(config Config) (_ Config, err error) {
	if config.Listen == "" {
		config.Listen = DefaultListen
	}
	if config.Circle == "" {
		config.Circle = DefaultCircle
	}
	if config.RelayRate == 0 {
		config.RelayRate = DefaultRelayRate
	}
	if config.Notify == nil {
		config.Notify = func(string) {}
	}
	if config.Circle, err = name.Normalize(config.Circle); err != nil {
		return config, hinted(fmt.Errorf("circle: %w", err), "choose another with --circle")
	}
	return config, nil
}

func open(config Config, self *identity.Identity, state *state) (_ *Server, err error) {
	members, err := state.members()
	if err != nil {
		return nil, err
	}
	var found addresses
	sockets, err := listen(config.Listen, func(s *sockets) (err error) {
		found, err = s.openSecond(config)
		return err
	})
	if err != nil {
		return nil, err
	}
	s := &Server{
		config: config, log: config.Logger, identity: self, state: state, started: time.Now(),
		tls:     self.ServerTLS(wire.ControlProtocol),
		sockets: sockets, addresses: found, controlPort: sockets.mainPort(), otherPort: sockets.mainPort() + 1,
		cookies: newCookies(), bindings: ration.New(bindingRate, bindingBurst),
		connects: ration.New(connectRate, connectBurst), halfOpen: newHalfOpen(), familiar: newFamiliarSources(),
		turns:    newTurns(handshakesAtATime()),
		refusals: ration.New(refusedRate, refusedBurst), open: newOpenCircle(config.Open),
		quotas: newQuotas(config.RelayRate), relay: newRelayTable(), counters: new(counters),
	}
	s.tls.GetConfigForClient = s.awaitTurn
	s.hub = newHub(config, s.cookies, s.relay, s.counters, members)
	if err = s.openClassic(); err == nil {
		err = s.openServices()
	}
	if err != nil {
		s.closeListeners()
		return nil, err
	}
	return s, nil
}

// openServices prepares what serves the operator.
func (s *Server) openServices() (err error) {
	s.advertised = advertise(s.config.Advertise, s.Addr())
	sample, err := invite.New(s.advertised, s.config.Circle, s.Key())
	if err != nil { // now, not when the first invite is wanted
		return hinted(err, "see --advertise and --circle")
	}
	s.advertised = sample.Address
	if err = s.state.keepSettings(settings{Advertise: s.advertised, Circle: s.config.Circle, Open: s.config.Open}); err != nil {
		return err
	}
	if err = s.openAdmin(); err != nil || s.config.Metrics == "" {
		return err
	}
	return s.openMetrics()
}

func (s *Server) closeListeners() {
	s.sockets.close()
	for _, service := range s.services {
		service.close()
	}
	if s.classic != nil {
		_ = s.classic.Close()
	}
}

// Serve serves peers until ctx ends, then says goodbye to them and waits for
// everything it started. It returns nil after such a shutdown. Call it once.
func (s *Server) Serve(ctx context.Context) error {
	working, stop := context.WithCancel(context.Background())
	defer stop()
	for _, socket := range s.udp {
		s.running.Go(func() { s.readDatagrams(socket) })
	}
	for _, service := range s.services {
		s.running.Go(service.serve)
	}
	if s.classic != nil {
		s.running.Go(s.classic.Serve)
	}
	s.running.Go(s.acceptControl)
	s.running.Go(func() { s.hub.pushRoster(working) })
	s.running.Go(func() { s.keepAlive(working) })
	if s.config.Open {
		s.log.Warn().Str("join", s.OpenInvite().String()).Msg("the circle is open: anybody may join without an invite")
	}
	s.config.Notify("READY=1")
	s.log.Info().Stringer("addr", s.Addr()).Str("advertise", s.advertised).
		Strs("second_addresses", s.SecondAddresses()).Stringer("key", s.Key()).Msg("ready")

	<-ctx.Done()
	s.config.Notify("STOPPING=1")
	s.sayGoodbye()
	stop()
	return s.Close()
}

// Close ends everything at once, without a goodbye, and releases the state
// directory. Serve does it itself.
func (s *Server) Close() error {
	s.closeListeners()
	s.halfOpen.shut()
	for _, c := range s.hub.connections() {
		_ = c.conn.NetConn().Close()
	}
	s.running.Wait()
	return errors.Join(s.state.keepSeen(s.hub.takeSeen()), s.state.close())
}

// Addr returns the address that Listen bound, UDP and TCP alike.
func (s *Server) Addr() netip.AddrPort { return addrOf(s.tcp.Addr()) }

// Key returns the key that peers pin.
func (s *Server) Key() wire.Key { return s.identity.Key() }

// FirstStart reports whether nobody was ever invited: print an invite.
func (s *Server) FirstStart() bool { return s.isUninvited() && !s.hadAnother() }

// StateLost reports whether there was another state file once, with members and
// invites, and nobody has been invited since.
func (s *Server) StateLost() bool { return s.isUninvited() && s.hadAnother() }

func (s *Server) isUninvited() bool {
	invites, err := s.stopped().Invites()
	return err == nil && len(invites) == 0
}

func (s *Server) hadAnother() bool {
	begun, err := s.state.origin()
	return err == nil && begun.Lost
}

// Advertised returns the HOST:PORT that invites name.
func (s *Server) Advertised() string { return s.advertised }

// SecondAddresses returns the further addresses that peers are observed from.
func (s *Server) SecondAddresses() (texts []string) {
	for _, addr := range s.addresses.seconds() {
		texts = append(texts, addr.String())
	}
	return texts
}

// CreateInvite makes an invite for the given number of peers. The returned
// secret is the only copy there will ever be.
func (s *Server) CreateInvite(uses int, life time.Duration) (invite.Invite, error) {
	secret, _, err := s.stopped().newInvite(uses, life)
	return secret, err
}

// IsOpen reports whether anybody may join.
func (s *Server) IsOpen() bool { return s.config.Open }

// OpenInvite returns the address at which anybody may join while the circle is open.
// It is not a secret.
func (s *Server) OpenInvite() invite.Invite {
	return invite.Invite{Address: s.advertised, Circle: s.config.Circle, Server: s.Key()}
}
