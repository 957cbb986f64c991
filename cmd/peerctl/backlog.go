package main

import (
	"sync/atomic"

	"peerd/peer/api"
)

// backlogLength is how many events without a history wait for a slow hook. More
// than this, and later ones are missed; the daemon would cut us off otherwise.
const backlogLength = 1024

// backlog takes events off the daemon's hands while a hook is busy.
type backlog struct {
	messages chan struct{}  // holds one: there are new messages
	others   chan api.Event // closed when the subscription has ended
	missed   atomic.Int64   // others for which there was no room
	end      error          // why it ended; set before others is closed
}

func newBacklog() *backlog {
	return &backlog{messages: make(chan struct{}, 1), others: make(chan api.Event, backlogLength)}
}

// fill takes events until the subscription ends.
func (b *backlog) fill(events *api.Events) {
	defer close(b.others)
	for event, err := range events.All() {
		if err != nil {
			b.end = err
			return
		}
		if event.EventType() == api.TypeMessage {
			b.noteMessage()
			continue
		}
		select {
		case b.others <- event:
		default:
			b.missed.Add(1)
		}
	}
}

func (b *backlog) noteMessage() {
	select {
	case b.messages <- struct{}{}:
	default: // the one before has not been looked at yet
	}
}
