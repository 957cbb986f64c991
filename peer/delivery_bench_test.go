package peer

import (
	"fmt"
	"sync"
	"testing"

	"peerd/peer/api"
)

// ordinary is a message of an ordinary length, as people write them.
const ordinary = "a message of an ordinary length, as people write them"

// BenchmarkDelivery measures messages from the sender's call to the word that
// they are on the recipient's disk, between two daemons of this process.
func BenchmarkDelivery(b *testing.B) {
	for _, senders := range []int{1, 16, 256} {
		b.Run(fmt.Sprintf("%d at once", senders), func(b *testing.B) {
			c := newCircle(b)
			alice := c.join("alice")
			c.join("bob")
			c.knows(alice, "bob")
			c.send(alice, "bob", "hello")
			c.awaitPath(alice, "bob", api.PathDirect)
			messages := make(chan struct{}, senders)
			var group sync.WaitGroup
			for range senders {
				group.Go(func() {
					for range messages {
						deliver(b, alice, "bob")
					}
				})
			}
			for b.Loop() {
				messages <- struct{}{}
			}
			close(messages)
			group.Wait()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "messages/s")
		})
	}
}

func deliver(b *testing.B, from *Daemon, to string) {
	sent, err := from.Send(b.Context(), api.SendRequest{To: to, Text: ordinary})
	if err != nil {
		b.Error(err)
		return
	}
	if sent, err = from.WaitMessage(b.Context(), sent.ID, api.StateDelivered); err != nil || !sent.State.Reached(api.StateDelivered) {
		b.Errorf("message is %q: %v", sent.State, err)
	}
}
