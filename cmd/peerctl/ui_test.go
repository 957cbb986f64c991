package main

import (
	"bytes"
	"testing"
	"testing/synctest"
	"time"
)

// blocked is an output that takes nothing until it is released.
type blocked struct{ released chan struct{} }

func (b blocked) Write(text []byte) (int, error) {
	<-b.released
	return len(text), nil
}

func TestWhatIsBeingSaidIsWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		out := blocked{make(chan struct{})}
		a := app{stdio: stdio{err: out}}
		stop := a.sayAfter(time.Second, "it takes long")
		time.Sleep(time.Second)
		synctest.Wait()
		stopped := make(chan struct{})
		go func() {
			stop()
			close(stopped)
		}()
		synctest.Wait()
		select {
		case <-stopped:
			t.Error("somebody else may speak, and it is still being said")
		default:
		}
		close(out.released)
		<-stopped
	})
}

func TestWhatIsStoppedInTimeIsNotSaid(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var said bytes.Buffer
		a := app{stdio: stdio{err: &said}}
		stop := a.sayAfter(time.Second, "it takes long")
		time.Sleep(time.Second - 1)
		stop()
		time.Sleep(time.Hour)
		if said.Len() > 0 {
			t.Errorf("said %q", &said)
		}
	})
}
