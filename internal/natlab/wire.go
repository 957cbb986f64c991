//go:build linux

package natlab

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// A wire copies Ethernet frames between two interfaces of one namespace, late, twice or not at all. It is a user space
// netem, which many kernels lack:
//
//	left ──AF_PACKET──▶ queue ──AF_PACKET──▶ right      and the same from right to left
type wire struct {
	left, right *os.File
	link        atomic.Pointer[Link]
	pumps       sync.WaitGroup
}

// wireQueue is how many frames may be under way in each direction. A full queue drops, as a router's does: too short
// and a fast sender on a long link loses packets to it (20,000 frames in 100 ms are 2.4 Gbit/s), too long and memory
// grows.
const wireQueue = 20_000

// wireBuffer is how many bytes wait in the kernel for a wire. Smaller, and a burst loses packets where no loss is set.
const wireBuffer = 16 << 20

// maxFrame holds the largest offloaded frame, with the virtio header in front of it. Segmentation is off on impaired
// links, but a frame may have been on its way when that happened.
const maxFrame = 70_000

// A frame is under way from one end of a wire to the other.
type frame struct {
	bytes []byte
	due   time.Time
}

// newWire joins two interfaces of the same namespace. It is a perfect link until set.
func newWire(left, right end) (*wire, error) {
	w := &wire{}
	w.link.Store(&Link{})
	var err error
	if w.left, err = openPort(left); err != nil {
		return nil, err
	}
	if w.right, err = openPort(right); err != nil {
		return nil, errors.Join(err, w.left.Close())
	}
	w.pumps.Go(func() { w.pump(w.left, w.right) })
	w.pumps.Go(func() { w.pump(w.right, w.left) })
	return w, nil
}

func (w *wire) set(link Link) { w.link.Store(&link) }

// close stops the wire and waits for its goroutines.
func (w *wire) close() {
	w.left.Close()
	w.right.Close()
	w.pumps.Wait()
}

// pump carries frames from one port to the other until the first is closed.
func (w *wire) pump(from, to *os.File) {
	queue := make(chan frame, wireQueue)
	stop := make(chan struct{})
	var sender sync.WaitGroup
	sender.Go(func() { deliver(queue, to, stop) })
	defer sender.Wait()
	defer close(stop)
	buffer := make([]byte, maxFrame)
	var last time.Time
	for {
		n, err := from.Read(buffer)
		if errors.Is(err, unix.ENETDOWN) || errors.Is(err, unix.EINTR) {
			continue // reported once, when the interface changes
		}
		if err != nil {
			return
		}
		link := w.link.Load()
		for range link.copies() {
			if happens(link.Reorder) {
				transmit(to, buffer[:n])
				continue
			}
			// When the delay shrinks, frames queue up behind those sent before instead of overtaking them.
			last = latest(last, time.Now().Add(link.Delay))
			select {
			case queue <- frame{append([]byte(nil), buffer[:n]...), last}:
			default:
			}
		}
	}
}

// copies draws how many of the next frame arrive.
func (l Link) copies() int {
	switch {
	case l.Down || happens(l.Loss):
		return 0
	case happens(l.Duplicate):
		return 2
	}
	return 1
}

// happens draws with a probability.
func happens(probability float64) bool { return probability > 0 && rand.Float64() < probability }

// transmit sends a frame. A failed write is a lost frame, as on any link: the interface is down or the peer's queue is
// full.
func transmit(to *os.File, frame []byte) { _, _ = to.Write(frame) }

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// deliver writes every frame when it is due.
func deliver(queue <-chan frame, to *os.File, stop <-chan struct{}) {
	// nanosleep on a thread of its own wakes up within tens of microseconds, a timer of the runtime within hundreds.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	for {
		select {
		case f := <-queue:
			if !sleepUntil(f.due, stop) {
				return
			}
			transmit(to, f.bytes)
		case <-stop:
			return
		}
	}
}

// sleepGuard is the last part of a delay, which is slept precisely but deaf to stop: longer delays Close, shorter
// lets the runtime's late timers show.
const sleepGuard = time.Millisecond

// sleepUntil reports false if it was stopped first.
func sleepUntil(due time.Time, stop <-chan struct{}) bool {
	if d := time.Until(due) - sleepGuard; d > 0 {
		select {
		case <-time.After(d):
		case <-stop:
			return false
		}
	}
	for d := time.Until(due); d > 0; d = time.Until(due) {
		ts := unix.NsecToTimespec(int64(d))
		_ = unix.Nanosleep(&ts, nil) // interrupted: sleep again
	}
	return true
}

// openPort opens a socket that receives every frame arriving at the interface, and sends frames out of it.
func openPort(e end) (*os.File, error) {
	link, err := e.link()
	if err != nil {
		return nil, err
	}
	return openSocket(e.ns, e.name, unix.AF_PACKET, unix.SOCK_RAW, 0, func(fd int) error {
		return errors.Join(configurePort(fd, link.Attrs().Index), e.bringUp())
	})
}

func configurePort(fd, index int) error {
	for _, option := range []struct{ level, name, value int }{
		{unix.SOL_PACKET, unix.PACKET_VNET_HDR, 1}, // carries unfinished checksums and segmentation through
		{unix.SOL_PACKET, unix.PACKET_IGNORE_OUTGOING, 1},
		{unix.SOL_PACKET, unix.PACKET_QDISC_BYPASS, 1},
	} {
		if err := unix.SetsockoptInt(fd, option.level, option.name, option.value); err != nil {
			return fmt.Errorf("set packet socket option %d: %w", option.name, err)
		}
	}
	if err := setReceiveBuffer(fd, wireBuffer); err != nil {
		return err
	}
	return bindPacket(fd, unix.ETH_P_ALL, index)
}
