package control

import (
	"crypto/tls"
	"errors"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"peerd/wire"
)

// receiving returns a connection whose messages are read, its rendezvous' end,
// and how it ended.
func receiving(t *testing.T) (c *Conn, rendezvous *tls.Conn, ended <-chan error) {
	t.Helper()
	c, rendezvous = connect(t)
	end := make(chan error, 1)
	go func() {
		for {
			if _, err := c.Receive(); err != nil {
				end <- err
				return
			}
		}
	}()
	return c, rendezvous, end
}

// silent reads what the peer says and answers nothing.
func silent(rendezvous net.Conn) {
	buffer := make([]byte, 4096)
	for {
		if _, err := rendezvous.Read(buffer); err != nil {
			return
		}
	}
}

// answering answers every ping.
func answering(t *testing.T, rendezvous net.Conn) {
	for {
		kind, body, err := wire.ReadFrame(rendezvous, nil)
		if err != nil {
			return
		}
		m, err := wire.Parse(kind, body)
		ping, ok := m.(wire.Ping)
		if err != nil || !ok {
			t.Errorf("the peer says %v (%v), want pings only", m, err)
			return
		}
		frame, _ := wire.AppendFrame(nil, wire.Pong(ping))
		if _, err := rendezvous.Write(frame); err != nil {
			return
		}
	}
}

// TestDeadConnectionIsNoticedWhileIdle asserts the bar: within 10 s.
func TestDeadConnectionIsNoticedWhileIdle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, rendezvous, ended := receiving(t)
		defer rendezvous.Close()
		defer c.Close()
		go silent(rendezvous)
		start := time.Now()
		if err := <-ended; !errors.Is(err, ErrSilent) {
			t.Errorf("ended with %v, want ErrSilent", err)
		}
		if waited := time.Since(start); waited != quietLimit+answerLimit || waited > 10*time.Second {
			t.Errorf("gave up after %v, want %v", waited, quietLimit+answerLimit)
		}
	})
}

// TestDeadConnectionIsNoticedWhenDoubted asserts the bar: within 3 s.
func TestDeadConnectionIsNoticedWhenDoubted(t *testing.T) {
	for name, before := range map[string]time.Duration{
		"out of the blue":         time.Second,
		"while it is being asked": quietLimit + time.Second,
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c, rendezvous, ended := receiving(t)
				defer rendezvous.Close()
				defer c.Close()
				go silent(rendezvous)
				time.Sleep(before)
				start := time.Now()
				c.Doubt()
				c.Doubt()
				<-ended
				if waited := time.Since(start); waited > 3*time.Second {
					t.Errorf("gave up after %v, want at most 3 s", waited)
				}
			})
		})
	}
}

func TestLiveConnectionIsKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, rendezvous, ended := receiving(t)
		defer rendezvous.Close()
		defer c.Close()
		go answering(t, rendezvous)
		for range 100 {
			time.Sleep(10 * time.Second)
			c.Doubt()
		}
		select {
		case err := <-ended:
			t.Errorf("a connection that answers was given up: %v", err)
		default:
		}
	})
}

// TestBusyReaderIsNoSilence proves that a connection is not given up while its
// reader has something better to do, such as writing to a slow disk, nor when it comes
// back as an answer is due that it had no time to read.
func TestBusyReaderIsNoSilence(t *testing.T) {
	for name, busy := range map[string]time.Duration{
		"for a minute":                     time.Minute,
		"until an answer is due":           quietLimit + answerLimit,
		"until just before that, or a few": quietLimit + 4*answerLimit - time.Millisecond,
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c, rendezvous := connect(t)
				defer rendezvous.Close()
				defer c.Close()
				go silent(rendezvous)
				time.Sleep(busy) // nobody calls Receive
				received := make(chan error, 1)
				go func() {
					_, err := c.Receive()
					received <- err
				}()
				time.Sleep(answerLimit / 2) // it is there, and has to be read
				write(t, rendezvous, wire.Goodbye{Reason: "good night"})
				if err := <-received; err != nil {
					t.Errorf("received %v, want the goodbye", err)
				}
			})
		})
	}
}

// TestWhoComesBackNoticesADeadConnection proves that a reader that was busy is patient
// no longer than one that was not.
func TestWhoComesBackNoticesADeadConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, rendezvous := connect(t)
		defer rendezvous.Close()
		defer c.Close()
		go silent(rendezvous)
		time.Sleep(time.Minute + time.Second)
		start := time.Now()
		if _, err := c.Receive(); !errors.Is(err, ErrSilent) {
			t.Errorf("ended with %v, want ErrSilent", err)
		}
		if waited := time.Since(start); waited != answerLimit {
			t.Errorf("gave up after %v, want %v", waited, answerLimit)
		}
	})
}

func TestDroppedConnectionTellsWhy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, rendezvous, ended := receiving(t)
		defer rendezvous.Close()
		defer c.Close()
		reason := errors.New("another network")
		c.Drop(reason)
		if err := <-ended; !errors.Is(err, reason) {
			t.Errorf("ended with %v, want %v", err, reason)
		}
		if err := c.Send(wire.Ping{}); !errors.Is(err, ErrClosed) {
			t.Errorf("send afterwards: %v, want ErrClosed", err)
		}
	})
}
