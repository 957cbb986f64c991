package peer

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"slices"
	"sync"
	"time"

	"peerd/internal/identity"
	"peerd/peer/control"
	"peerd/wire"
)

const (
	// loginTimeout bounds one attempt to connect and be welcomed.
	loginTimeout = 10 * time.Second
	// firstPause and longestPause bound the time between attempts: it doubles
	// from one to the other, and each is drawn at random from the upper half, so
	// that a restarted rendezvous is not met by everybody at once.
	firstPause   = 200 * time.Millisecond
	longestPause = 15 * time.Second
	// refusedPause is the time between attempts after a refusal: it takes a
	// person to change the answer.
	refusedPause = time.Minute
	// steadyAfter is how long a connection must have lasted for the next attempts
	// to begin with firstPause again. A rendezvous that welcomes us and hangs up, or
	// says what makes us hang up, would otherwise be asked several times a second,
	// for ever.
	steadyAfter = 2 * time.Second
	// longestAbsence is how long a goodbye keeps us away at most. A rendezvous says
	// seconds; one gone bad could send its circle home for a day (wire.MaxReturnIn),
	// with all that waits.
	longestAbsence = 10 * time.Minute
)

// errPolicyChanged ends a login during which the user has changed who may learn where we
// are.
var errPolicyChanged = errors.New("the policy of introductions changed during the login")

// errGoodbye ends a connection that the rendezvous said goodbye on.
type errGoodbye struct {
	reason   string
	returnIn time.Duration
}

func (e errGoodbye) Error() string { return "rendezvous said goodbye: " + e.reason }

// stayLoggedIn logs in, again and again, until the daemon closes.
func (d *Daemon) stayLoggedIn() {
	pause := firstPause
	for d.ctx.Err() == nil {
		began := time.Now()
		welcomed, err := d.login()
		if welcomed && time.Since(began) >= steadyAfter {
			pause = firstPause
		}
		if d.ctx.Err() != nil {
			return
		}
		if d.adoptDefaultName(err) {
			continue
		}
		d.logOffline(err)
		d.online.failed(err)
		wait := pauseAfter(err, pause)
		pause = longer(pause)
		if d.awaitRedial(wait, err) {
			pause = firstPause
		}
	}
}

// logOffline notes why we are offline. Until we were online once, AwaitOnline
// tells it to the user; then the log has to, if it takes a person to mend.
func (d *Daemon) logOffline(err error) {
	event := d.log.Info()
	if _, wrongKey := errors.AsType[*identity.WrongKeyError](err); d.online.once() && (wrongKey || isRefusal(err)) {
		event = d.log.Warn()
	}
	event.Err(err).Msg("offline")
}

// isRefusal reports whether the rendezvous does not want us, or we must not want
// it, and it takes a person to change that.
func isRefusal(err error) bool {
	if _, incompatible := errors.AsType[*control.IncompatibleError](err); incompatible {
		return true
	}
	refused, ok := errors.AsType[wire.Refused](err)
	return ok && refused.Code != wire.RefusedBusy
}

// pauseAfter returns how long to wait after a connection ended with err.
func pauseAfter(err error, pause time.Duration) time.Duration {
	if bye, ok := errors.AsType[errGoodbye](err); ok {
		pause = max(pause, min(bye.returnIn, longestAbsence))
	}
	if isRefusal(err) {
		pause = refusedPause
	}
	return pause/2 + rand.N(pause/2+1)
}

// longer returns the pause after one that brought nothing.
func longer(pause time.Duration) time.Duration { return min(2*pause, longestPause) }

// login lives through one connection to the rendezvous. It reports whether we
// were welcomed on it, and why it ended.
func (d *Daemon) login() (welcomed bool, err error) {
	ctx, cancel := context.WithTimeout(d.ctx, loginTimeout)
	defer cancel()
	target := d.startDialling(cancel)
	defer d.wentOffline()

	server, err := d.resolveServer(ctx, target.Address)
	if err != nil {
		return false, err
	}
	observing, stopObserving := context.WithCancel(d.ctx)
	defer stopObserving()
	d.group.Go(func() { d.observe(observing, server) })

	connection, err := d.dial(ctx, server, target)
	if err != nil {
		return false, err
	}
	defer d.endWith(connection)()
	inTime := context.AfterFunc(ctx, func() { connection.Drop(context.Cause(ctx)) })
	defer inTime()

	hello, err := d.hello(target)
	if err != nil {
		return false, err
	}
	welcome, err := connection.Login(hello)
	if err != nil {
		return false, fmt.Errorf("log in%s: %w", as(target.Name), tooOldToWithhold(err, hello))
	}
	if !inTime() {
		return false, context.Cause(ctx)
	}
	if err := d.welcomed(connection, hello, welcome); err != nil {
		return false, err
	}
	return true, d.serveControl(connection)
}

// dial connects to the control service. TCP repeats itself ever more slowly while
// nothing gets through; we begin anew when the rendezvous answers by UDP again.
func (d *Daemon) dial(ctx context.Context, server netip.AddrPort, target membership) (*control.Conn, error) {
	waiting, stopWaiting := context.WithCancel(ctx)
	var returning sync.WaitGroup
	defer returning.Wait()
	defer stopWaiting()
	returning.Go(func() {
		if d.awaitReturn(waiting, server) {
			d.redial()
		}
	})
	return control.Dial(ctx, server.String(), d.self.ClientTLS(wire.ControlProtocol, target.Server))
}

// as names the name we ask for, if we do.
func as(name string) string {
	if name == "" {
		return ""
	}
	return fmt.Sprintf(" as %q", name)
}

// startDialling notes that a login is under way, which abort ends.
func (d *Daemon) startDialling(abort context.CancelFunc) membership {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.dialling = abort
	d.log.Debug().Str("rendezvous", d.membership.Address).Msg("dialling")
	return d.membership
}

func (d *Daemon) wentOffline() {
	d.sawOnline()
	d.mu.Lock()
	defer d.mu.Unlock()
	d.dialling, d.control = nil, nil
	d.roster.DropPartial()
	d.classic.offline(time.Now())
}

// endWith logs out when the daemon closes and its sessions have ended. The function it
// returns closes the connection when it has ended for another reason.
func (d *Daemon) endWith(connection *control.Conn) (ended func()) {
	done := make(chan struct{})
	d.group.Go(func() {
		select {
		case <-d.ctx.Done():
			d.awaitDeparture()
			connection.Logout("shutting down")
		case <-done:
			connection.Close()
		}
	})
	return func() { close(done) }
}

// resolveServer finds the address of the rendezvous.
func (d *Daemon) resolveServer(ctx context.Context, address string) (netip.AddrPort, error) {
	server, err := resolve(ctx, address)
	if err == nil {
		d.mu.Lock()
		d.server = server
		d.mu.Unlock()
	}
	return server, err
}

// resolve finds an address and port by name.
func resolve(ctx context.Context, address string) (netip.AddrPort, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return netip.AddrPort{}, fmt.Errorf("rendezvous address %q: %w", address, err)
	}
	number, err := net.DefaultResolver.LookupPort(ctx, "tcp", port)
	if err != nil {
		return netip.AddrPort{}, fmt.Errorf("rendezvous address %q: %w", address, err)
	}
	addresses, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	if err != nil {
		return netip.AddrPort{}, fmt.Errorf("find rendezvous %s: %w", host, err)
	}
	return netip.AddrPortFrom(preferred(addresses, hasRoute), uint16(number)), nil
}

// preferred chooses the address to log in to. UDP through IPv4 routers is what
// has to be punched, so it is an IPv4 address, unless only another is routed:
// a host may have IPv6 alone.
func preferred(addresses []netip.Addr, routed func(netip.Addr) bool) netip.Addr {
	var inOrder []netip.Addr
	for _, address := range addresses {
		inOrder = append(inOrder, address.Unmap())
	}
	slices.SortStableFunc(inOrder, func(a, b netip.Addr) int { return a.BitLen() - b.BitLen() })
	if i := slices.IndexFunc(inOrder, routed); i >= 0 {
		return inOrder[i]
	}
	return inOrder[0]
}

// hasRoute reports whether this host can send to address. Connecting a UDP
// socket asks the routing table and sends nothing.
func hasRoute(address netip.Addr) bool {
	conn, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(netip.AddrPortFrom(address, 9)))
	if err != nil {
		return false
	}
	conn.Close()
	return true
}

// hello says who and where we are.
func (d *Daemon) hello(target membership) (wire.Hello, error) {
	prekey, err := d.currentPrekey(d.ctx, time.Now())
	if err != nil {
		return wire.Hello{}, err
	}
	d.prekeys.tell(prekey.ID)
	candidates, report := d.whereabouts()
	d.mu.Lock()
	defer d.mu.Unlock()
	hello := wire.Hello{
		Name:          target.Name,
		Token:         target.token.Reveal(),
		Certificate:   target.Certificate,
		Instance:      d.instance,
		Candidates:    candidates,
		NAT:           report,
		Prekey:        prekey,
		RosterEpoch:   d.roster.Epoch(),
		RosterVersion: d.roster.Version(),
		Classic:       d.config.Classic,
		Requires:      d.requiredLocked(),
		Withhold:      d.withholdsLocked(),
	}
	hello.Version = wire.VersionFor(hello.Requires)
	return hello, nil
}

// welcomed takes a connection into use.
func (d *Daemon) welcomed(connection *control.Conn, hello wire.Hello, welcome wire.Welcome) error {
	if err := d.confirmMembership(welcome); err != nil {
		return err
	}
	d.socket.SetTCPSource(connection.LocalAddr())
	d.classic.begin()
	if !d.takeControl(connection, hello) {
		return errPolicyChanged
	}
	d.log.Info().Str("name", welcome.Name).Str("circle", welcome.Circle).Msg("online")
	d.sendEndpoints() // what was observed while Hello was under way
	d.online.succeeded()
	d.announceOnline()
	d.rejoinSessions()
	d.wakeAll()
	return nil
}

// takeControl makes a connection the one we are logged in on, unless the rendezvous was
// not asked on it for what the policy needs by now.
func (d *Daemon) takeControl(connection *control.Conn, hello wire.Hello) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !slices.Equal(hello.Requires, d.requiredLocked()) {
		return false
	}
	d.control, d.dialling = connection, nil
	return true
}

// serveControl handles what the rendezvous says until the connection ends.
func (d *Daemon) serveControl(connection *control.Conn) error {
	for {
		m, err := connection.Receive()
		if err != nil {
			return err
		}
		switch m := m.(type) {
		case wire.Snapshot:
			err = d.applySnapshot(m)
		case wire.Delta:
			err = d.applyDelta(m)
		case wire.Introduction:
			d.introduced(m)
		case wire.TalkRefused:
			d.talkRefused(m)
		case wire.Envelope:
			d.receiveEnvelope(m)
		case wire.Relay:
			d.socket.DeliverRelayed(m.Session, m.Payload)
		case wire.ClassicUsers:
			d.applyClassicUsers(m)
		case wire.Goodbye:
			err = errGoodbye{reason: m.Reason, returnIn: m.ReturnIn}
		}
		if err != nil {
			return err
		}
	}
}
