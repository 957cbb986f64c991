package peer

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/netip"
	"sync"
	"time"

	"github.com/quic-go/quic-go"
	"github.com/rs/zerolog"

	"peerd/internal/identity"
	"peerd/internal/invite"
	"peerd/internal/netwatch"
	"peerd/peer/api"
	"peerd/peer/control"
	"peerd/peer/store"
	"peerd/peer/transfer/disk"
	"peerd/punch"
	"peerd/punch/socket"
	"peerd/roster"
	"peerd/wire"
)

// Config is what a Daemon needs.
type Config struct {
	// StateDir holds the identity, the messages and the membership. One daemon
	// at a time uses it.
	StateDir string
	// Downloads is the folder for files of peers; empty takes "downloads" in the
	// state directory. It is made when the first file comes.
	Downloads string
	// DiskReserve is how many bytes files of peers leave free on that disk. A
	// transfer that would take more is refused, or waits.
	DiskReserve int64
	// DiskSpace tells how many bytes are free on the disk of a folder, and how many it
	// holds; disk.Free when nil.
	DiskSpace func(dir string) (free, size uint64, err error)
	// Listen is the UDP address to send from, ":0" for any port.
	Listen string
	// Name is the name to ask for; empty keeps the one bound to our key.
	Name string
	// DefaultName is the name to ask for when Name is empty and the rendezvous
	// has none bound to our key.
	DefaultName string
	// Invite joins its circle; nil stays in the circle joined before. One state
	// directory is for one circle: see OtherCircleError.
	Invite *invite.Invite
	// PortMapper is portmap.Keep, or nil: then routers are asked neither for a port
	// nor whether they would map one. A socket on loopback is never mapped.
	PortMapper PortMapper
	// Introduce says who may learn where we are, from now on and at later starts;
	// empty keeps what was said last, at first api.IntroduceCircle.
	Introduce api.Introduce
	// Classic takes part in the classic protocol, in which nothing is encrypted and
	// nobody proves who he is. Its users are told our name and address.
	Classic bool
	Logger  zerolog.Logger
}

var _ api.Backend = (*Daemon)(nil)

// Daemon is a running peer. All methods may be called concurrently.
type Daemon struct {
	config Config
	log    zerolog.Logger
	// lies is log for what a rendezvous gone bad could have us write down without
	// end, and suspicions another one for keys under the names of contacts, which no
	// other lie is to push out.
	lies, suspicions zerolog.Logger

	self     *identity.Identity
	instance wire.Instance
	store    *store.Store
	socket   *socket.Socket
	listener *quic.Listener

	events     api.Hub
	waiters    waiters
	online     onlineGate
	roaming    roaming
	classifier classifier
	classic    *classic
	files      files
	prekeys    prekeys
	// envelopes wait to be opened, and opening is held while one is.
	envelopes chan receivedEnvelope
	opening   sync.Mutex

	// cancel ends every goroutine of group.
	ctx    context.Context
	cancel context.CancelFunc
	group  sync.WaitGroup
	// accepting is the goroutine that accepts sessions, until the listener is closed.
	accepting sync.WaitGroup
	// departed ends when our peers have been told that we close, and lets us log out.
	departed  context.Context
	letLogout context.CancelFunc

	// backingUp is held while a backup is made: there is one copy at a time.
	backingUp sync.Mutex

	// pinning is held while contacts, or the policy of introductions, change, on disk
	// and then in memory. It is taken before mu.
	pinning sync.Mutex

	// consenting is held while the rendezvous is told where we are and to whom it may show
	// it, so that what was decided upon before a change does not come after it. It is
	// taken before mu.
	consenting sync.Mutex
	// remap holds a signal while the policy may have changed whether routers are to
	// forward our port.
	remap chan struct{}

	// grouping is held while groups are read anew. It is taken before mu.
	grouping sync.Mutex

	mu sync.Mutex // guards what follows
	// membership says which rendezvous to log in to.
	membership membership
	// introduce says who may learn where we are.
	introduce api.Introduce
	// server is the address of the rendezvous, as last resolved.
	server netip.AddrPort
	// dialling aborts the login under way; nil when there is none.
	dialling context.CancelFunc
	// control is the connection we are logged in on; nil while we are offline.
	control *control.Conn
	// observation is how the rendezvous sees our socket.
	observation observation
	// mappings are what our router forwards to our socket.
	mappings mappings
	roster   *roster.Copy
	// rosterUnsaved is set when the store has missed a change of the roster.
	rosterUnsaved bool
	contacts      contacts
	// suspects are those of the roster. They follow from it and the contacts, but to look
	// at every name takes too long to do at every introduction.
	suspects map[wire.Key]bool
	// groups are all that the store knows of.
	groups map[wire.GroupID]wire.Group
	// conversations has an entry for every peer there was reason to talk to.
	conversations map[wire.Key]*conversation
	// sessions finds a conversation by the session's id. Every entry's
	// conversation holds that session.
	sessions map[wire.SessionID]*session
}

// Start opens the state directory and starts the daemon: it logs in, and goes
// on trying for as long as it runs. Without a circle to log in to it returns
// ErrNoCircle, with an invite to a second one an *OtherCircleError, to a member
// without its key ErrKeyLost, and when another daemon uses the directory a
// *store.InUseError.
func Start(config Config) (*Daemon, error) {
	opened, err := store.Open(config.StateDir)
	if err != nil {
		return nil, err
	}
	d, err := open(config, opened)
	if err != nil {
		return nil, errors.Join(err, opened.Close())
	}
	d.resumeFiles()
	d.reviewAllSuspects()
	d.group.Go(d.stayLoggedIn)
	d.group.Go(func() { netwatch.Watch(d.ctx, d.log, d.networkChanged) })
	d.group.Go(d.keepMapped)
	d.group.Go(d.keepSightings)
	d.group.Go(d.keepPrekeys)
	d.accepting.Go(d.acceptSessions)
	d.group.Go(d.openEnvelopes)
	d.group.Go(d.tellDamage)
	if config.Classic {
		d.group.Go(d.takeTalks)
		d.group.Go(d.keepOpen)
	}
	d.wakePending()
	return d, nil
}

// open makes a daemon that does not run yet.
func open(config Config, opened *store.Store) (*Daemon, error) {
	self, err := loadKey(config.StateDir, opened)
	if err != nil {
		return nil, err
	}
	if config.DiskSpace == nil {
		config.DiskSpace = disk.Free
	}
	d := &Daemon{
		config:        config,
		log:           config.Logger,
		lies:          seldom(config.Logger),
		suspicions:    seldom(config.Logger),
		self:          self,
		store:         opened,
		waiters:       newWaiters(),
		online:        newOnlineGate(),
		roaming:       newRoaming(),
		classifier:    newClassifier(),
		files:         newFiles(),
		envelopes:     make(chan receivedEnvelope, envelopeQueue),
		remap:         make(chan struct{}, 1),
		suspects:      make(map[wire.Key]bool),
		conversations: make(map[wire.Key]*conversation),
		sessions:      make(map[wire.SessionID]*session),
	}
	rand.Read(d.instance[:])
	d.ctx, d.cancel = context.WithCancel(context.Background())
	d.departed, d.letLogout = context.WithCancel(context.Background())
	if d.membership, err = d.loadMembership(); err != nil {
		return nil, err
	}
	if d.introduce, err = d.loadIntroduce(); err != nil {
		return nil, err
	}
	if d.roster, err = d.loadRoster(); err != nil {
		return nil, err
	}
	if d.contacts, err = d.loadContacts(); err != nil {
		return nil, err
	}
	if err := d.reloadGroups(); err != nil {
		return nil, err
	}
	if d.classic, err = d.newClassic(); err != nil {
		return nil, err
	}
	if err := d.openSocket(); err != nil {
		return nil, err
	}
	return d, nil
}

// seldom returns a logger that writes ten lines a minute at most.
func seldom(log zerolog.Logger) zerolog.Logger {
	return log.Sample(&zerolog.BurstSampler{Burst: 10, Period: time.Minute})
}

// openSocket opens the UDP socket and the QUIC listener on it.
func (d *Daemon) openSocket() error {
	var err error
	d.socket, err = socket.Listen(socket.Config{
		Listen:         d.config.Listen,
		Logger:         d.log,
		Observed:       d.observed,
		PathChanged:    d.pathChanged,
		TalkWanted:     d.talkWanted,
		RelayByControl: d.relayByControl,
		Classic:        d.classicCallback(),
	})
	if err != nil {
		return err
	}
	tls := d.self.AcceptTLS([]string{wire.SessionProtocol, wire.BulkProtocol}, d.isSessionPeer)
	d.listener, err = d.socket.Transport().Listen(tls, socket.QUICConfig())
	if err != nil {
		return errors.Join(fmt.Errorf("listen for sessions: %w", err), d.socket.Close())
	}
	return nil
}

// Key returns our own key.
func (d *Daemon) Key() wire.Key { return d.self.Key() }

// Close ends all sessions, logs out, waits for everything the daemon started,
// and closes the state directory. Messages not yet delivered stay queued in it.
func (d *Daemon) Close() error {
	d.socket.Depart() // connections end with the context
	d.mu.Lock()
	d.cancel()
	d.mu.Unlock()
	err := d.depart()
	d.group.Wait()
	d.closeSessions() // opened by an introduction that was on its way
	return errors.Join(err, d.socket.Close(), d.store.Close())
}

// spawn runs f on a goroutine that Close waits for, unless the daemon is
// closing already.
func (d *Daemon) spawn(f func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.ctx.Err() == nil {
		d.group.Go(f)
	}
}

// relayByControl sends a session's datagram inside the control connection, or
// drops it: QUIC repeats what matters, but for the last packets, which wait for room.
func (d *Daemon) relayByControl(session wire.SessionID, payload []byte) {
	relay := wire.Relay{Session: session, Payload: payload}
	switch c := d.currentControl(); {
	case c == nil:
	case d.ctx.Err() != nil:
		_ = c.Send(relay)
	default:
		c.TrySend(relay)
	}
}

func (d *Daemon) currentControl() *control.Conn {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.control
}

// pathChanged tells subscribers about a session's new path.
func (d *Daemon) pathChanged(id wire.SessionID, path punch.Path) {
	if s := d.session(id); s != nil {
		d.log.Debug().Stringer("peer", s.peer).Stringer("endpoint", path.Direct).Bool("doubtful", path.Doubtful).Msg("path")
		if path.Doubtful || !path.IsDirect() {
			s.checkSoon()
			signal(d.roaming.doubts)
		} else if s.unanswered.Load() {
			s.checkSoon() // it works again: what got lost is to be repeated now
		}
		d.publishPath(s.peer)
	}
}

func (d *Daemon) session(id wire.SessionID) *session {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.sessions[id]
}
