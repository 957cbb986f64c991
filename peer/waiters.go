package peer

import (
	"crypto/rand"
	"encoding/binary"
	"sync"

	"peerd/peer/api"
	"peerd/peer/store"
	"peerd/wire"
)

// waiters are the callers that wait for a message to change its state or for
// a pong to come back.
type waiters struct {
	mu       sync.Mutex
	messages map[wire.MessageID]map[chan store.Message]struct{}
	pongs    map[uint64]chan struct{}
}

func newWaiters() waiters {
	return waiters{
		messages: make(map[wire.MessageID]map[chan store.Message]struct{}),
		pongs:    make(map[uint64]chan struct{}),
	}
}

// awaitMessage returns a channel that receives what message was told last, and a
// function that ends the waiting.
func (w *waiters) awaitMessage(id wire.MessageID) (changed <-chan store.Message, forget func()) {
	signal := make(chan store.Message, 1)
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.messages[id] == nil {
		w.messages[id] = make(map[chan store.Message]struct{})
	}
	w.messages[id][signal] = struct{}{}
	return signal, func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		delete(w.messages[id], signal)
		if len(w.messages[id]) == 0 {
			delete(w.messages, id)
		}
	}
}

// message says that a message, or one of its copies, has changed to m; to the zero
// Message when it is gone.
func (w *waiters) message(id wire.MessageID, m store.Message) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for signal := range w.messages[id] {
		news := m
		select {
		case before := <-signal: // it has not looked since the last change
			news = further(before, m)
		default:
		}
		signal <- news
	}
}

// further returns what is known of a message of which before was known and now is
// told: word of changes that are close together comes in any order.
func further(before, now store.Message) store.Message {
	if before.Row == now.Row && api.State(before.State).Reached(api.State(now.State)) {
		return before
	}
	return now
}

// awaitPong draws a nonce and returns a channel that is closed when its pong
// comes back, and a function that ends the waiting.
func (w *waiters) awaitPong() (nonce uint64, answered <-chan struct{}, forget func()) {
	var random [8]byte
	rand.Read(random[:])
	nonce = binary.BigEndian.Uint64(random[:])
	signal := make(chan struct{})
	w.mu.Lock()
	defer w.mu.Unlock()
	w.pongs[nonce] = signal
	return nonce, signal, func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		delete(w.pongs, nonce)
	}
}

// pong says that a pong has come back.
func (w *waiters) pong(nonce uint64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if signal, ok := w.pongs[nonce]; ok {
		close(signal)
		delete(w.pongs, nonce)
	}
}
