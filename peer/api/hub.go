package api

import (
	"context"
	"slices"
	"sync"
)

// hubBuffer is how many events a subscriber may lag behind before it is cut
// off. Larger lets a stopped reader hold more memory: at most this many
// messages of MaxText bytes each.
const hubBuffer = 1024

// A Hub passes events to subscribers, as [Backend.Subscribe] wants it. It
// starts no goroutine. The zero Hub is ready; it is safe for concurrent use.
type Hub struct {
	mu          sync.Mutex
	subscribers map[*subscriber]struct{}
}

type subscriber struct {
	types  []EventType
	events chan Event
}

// Subscribe implements the method of [Backend].
func (h *Hub) Subscribe(ctx context.Context, types ...EventType) <-chan Event {
	if len(types) == 0 {
		types = usualTypes
	}
	s := &subscriber{types: types, events: make(chan Event, hubBuffer)}
	h.mu.Lock()
	if h.subscribers == nil {
		h.subscribers = make(map[*subscriber]struct{})
	}
	h.subscribers[s] = struct{}{}
	h.mu.Unlock()
	context.AfterFunc(ctx, func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		h.drop(s)
	})
	return s.events
}

// Publish hands event to everyone who subscribed to its type. It never blocks:
// a subscriber whose buffer is full is cut off.
func (h *Hub) Publish(event Event) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for s := range h.subscribers {
		if !slices.Contains(s.types, event.EventType()) {
			continue
		}
		select {
		case s.events <- event:
		default:
			h.drop(s)
		}
	}
}

// Wanted reports whether anybody has subscribed to events of type t, for
// publishers to whom making one costs something.
func (h *Hub) Wanted(t EventType) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	for s := range h.subscribers {
		if slices.Contains(s.types, t) {
			return true
		}
	}
	return false
}

// drop ends a subscription, once. The caller holds the lock, so nobody can be
// sending on the channel it closes.
func (h *Hub) drop(s *subscriber) {
	if _, ok := h.subscribers[s]; ok {
		delete(h.subscribers, s)
		close(s.events)
	}
}
