package chaos

import (
	"crypto/rand"
	"fmt"
	"strings"
	"sync"
	"time"

	"peerd/peer/api"
	"peerd/wire"
)

// A Ledger is what a sender was told about its messages to one recipient, in the
// order in which it sent them. It is safe for concurrent use.
type Ledger struct {
	mu      sync.Mutex
	entries []entry
	places  map[string]int // an id's place in entries
}

type entry struct {
	id, text  string
	confirmed bool
}

// NewLedger returns an empty ledger.
func NewLedger() *Ledger { return &Ledger{places: make(map[string]int)} }

// Draft returns the next message to send, of at least size bytes, with an id for
// it. Messages are sent in the order of their drafts.
func (l *Ledger) Draft(size int) api.SendRequest {
	var random [10]byte
	rand.Read(random[:])
	id := wire.NewMessageID(time.Now(), random).String()
	l.mu.Lock()
	defer l.mu.Unlock()
	text := fmt.Sprintf("message %d ", len(l.entries)+1)
	text += strings.Repeat("x", max(0, size-len(text)))
	l.places[id] = len(l.entries)
	l.entries = append(l.entries, entry{id: id, text: text})
	return api.SendRequest{ID: id, Text: text}
}

// Confirm notes that the sender's daemon has said that the message is stored.
func (l *Ledger) Confirm(id string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.entries[l.places[id]].confirmed = true
}

// A Count is what became of messages.
type Count struct {
	Sent         int // handed to the sender's daemon
	Acknowledged int // said to be stored by it
	Delivered    int // in the recipient's history
	Lost         int // acknowledged, and not delivered as they were sent
	Repeated     int // delivered more than once: the surplus
	Disordered   int // shown after one that was sent later
}

// Broken reports whether the promise was broken.
func (c Count) Broken() bool { return c.Lost+c.Repeated+c.Disordered > 0 }

// Add adds what became of other messages.
func (c *Count) Add(other Count) {
	c.Sent += other.Sent
	c.Acknowledged += other.Acknowledged
	c.Delivered += other.Delivered
	c.Lost += other.Lost
	c.Repeated += other.Repeated
	c.Disordered += other.Disordered
}

func (c Count) String() string {
	return fmt.Sprintf("%d sent, %d acknowledged, %d delivered, %d lost, %d repeated, %d out of order",
		c.Sent, c.Acknowledged, c.Delivered, c.Lost, c.Repeated, c.Disordered)
}

// Audit compares the ledger with the recipient's history, in the order in which
// the recipient's user sees it. Messages that are in no ledger are passed over,
// so a history may hold those of several.
func (l *Ledger) Audit(history []api.Message) Count {
	l.mu.Lock()
	defer l.mu.Unlock()
	count := Count{Sent: len(l.entries)}
	intact := make([]bool, len(l.entries))
	times := make([]int, len(l.entries))
	last := -1
	for _, m := range history {
		place, ours := l.places[m.ID]
		if !ours {
			continue
		}
		if times[place]++; times[place] > 1 {
			count.Repeated++
			continue
		}
		count.Delivered++
		intact[place] = m.Text == l.entries[place].text
		if place < last {
			count.Disordered++
		}
		last = max(last, place)
	}
	for place, e := range l.entries {
		if e.confirmed {
			count.Acknowledged++
		}
		if (e.confirmed || times[place] > 0) && !intact[place] {
			count.Lost++
		}
	}
	return count
}
