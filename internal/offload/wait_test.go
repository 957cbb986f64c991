package offload

import (
	"errors"
	"net"
	"testing"
	"time"
)

func TestWaitReturnsWhenThereIsSomething(t *testing.T) {
	from, to := listen(t, "udp4", "127.0.0.1:0"), listen(t, "udp4", "127.0.0.1:0")
	waited := make(chan error)
	for round := range 3 {
		if to.Readable() {
			t.Fatalf("round %d: readable before anything was sent", round)
		}
		go func() { waited <- to.Wait() }()
		if err := from.Write([]byte("hello"), 0, 0, addressOf(to)); err != nil {
			t.Fatal(err)
		}
		if err := <-waited; err != nil {
			t.Fatal(err)
		}
		if err := to.Wait(); err != nil { // it is still there
			t.Fatal(err)
		}
		receive(t, to, 1)
	}
}

func TestCloseEndsAWait(t *testing.T) {
	conn := listen(t, "udp4", "127.0.0.1:0")
	waited := make(chan error)
	go func() { waited <- conn.Wait() }()
	conn.Close()
	select {
	case err := <-waited:
		if !errors.Is(err, net.ErrClosed) {
			t.Errorf("got %v, want %v", err, net.ErrClosed)
		}
	case <-time.After(hangGuard):
		t.Fatal("it waits for ever")
	}
}
