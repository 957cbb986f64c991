package rendezvous

import (
	"crypto/rand"
	"encoding/binary"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"peerd/roster"
	"peerd/wire"
)

// hub knows who is logged in and what the roster says. Safe for concurrent use.
//
// Locks are taken in this order: Server.admission, hub.mu, then connection.mu,
// relayTable.mu or halfOpen.mu, then outbox.mu. Nothing blocks while one is held, but
// for the disk under the first.
type hub struct {
	log      zerolog.Logger
	circle   string
	cookies  *cookies
	relay    *relayTable
	counters *counters
	changed  chan struct{} // holds a token while the roster has news to push

	mu     sync.Mutex
	online map[wire.Key]*connection
	table  *roster.Table
	whole  wholeRoster            // lags behind table
	seen   map[wire.Key]time.Time // logouts that are not on disk yet
}

// newHub returns a hub whose roster holds the given members, all offline.
func newHub(config Config, cookies *cookies, relay *relayTable, counters *counters, members map[wire.Key]member) *hub {
	h := &hub{
		log: config.Logger, circle: config.Circle, cookies: cookies, relay: relay, counters: counters,
		changed: make(chan struct{}, 1),
		online:  map[wire.Key]*connection{},
		table:   roster.NewTable(newEpoch()),
		seen:    map[wire.Key]time.Time{},
	}
	for key, m := range members {
		if m.Name == "" {
			continue // it has to choose one before others hear of it
		}
		h.table.Put(wire.Row{Key: key, Name: m.Name, Since: m.lastSeen()})
	}
	return h
}

// newEpoch draws the epoch of this start's roster, since its versions begin anew.
func newEpoch() uint64 {
	var random [8]byte
	_, _ = rand.Read(random[:]) // never fails
	return max(1, binary.BigEndian.Uint64(random[:]))
}
