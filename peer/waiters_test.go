package peer

import (
	"testing"

	"peerd/peer/store"
	"peerd/wire"
)

// What is written to the disk together is told by two goroutines.
func TestWordOfAnEarlierStateDoesNotHideTheLaterOne(t *testing.T) {
	w := newWaiters()
	id := wire.MessageID{1}
	changed, forget := w.awaitMessage(id)
	defer forget()
	w.message(id, store.Message{Row: 7, State: store.Delivered})
	w.message(id, store.Message{Row: 7, State: store.Sent})
	if m := <-changed; m.State != store.Delivered {
		t.Errorf("the message is told to be %s", m.State)
	}
	w.message(id, store.Message{Row: 7, State: store.Delivered})
	w.message(id, store.Message{}) // it is gone
	if m := <-changed; m.Row != 0 {
		t.Errorf("the message is told to be %+v, but it is gone", m)
	}
}
