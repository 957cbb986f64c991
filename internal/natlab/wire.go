//go:build linux

package natlab

import (
	"encoding/binary"
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

// A wire copies Ethernet frames between two interfaces of one namespace, late or not at all. It is a user space
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
		if link.Down || link.Loss > 0 && rand.Float64() < link.Loss {
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
			// A failed write is a lost frame, as on any link: the interface is down or the peer's queue is full.
			_, _ = to.Write(f.bytes)
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

// openPort opens a socket that receives every frame arriving at the interface, and sends frames out of it. The
// descriptor belongs to an os.File: Close then wakes the reader, which close(2) would not, and nobody can read from a
// reused descriptor.
func openPort(e end) (*os.File, error) {
	link, err := e.link()
	if err != nil {
		return nil, err
	}
	fd := -1
	err = e.ns.Do(func() (err error) {
		fd, err = unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("open packet socket: %w", err)
	}
	port := os.NewFile(uintptr(fd), e.name)
	if err := errors.Join(configurePort(fd, link.Attrs().Index), e.bringUp()); err != nil {
		return nil, errors.Join(err, port.Close())
	}
	return port, nil
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

// setReceiveBuffer asks for size bytes, and settles for the system's limit (net.core.rmem_max) in a user namespace.
func setReceiveBuffer(fd, size int) error {
	if unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, size) == nil {
		return nil
	}
	if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUF, size); err != nil {
		return fmt.Errorf("set receive buffer: %w", err)
	}
	return nil
}

// bindPacket starts reception of a protocol, on the interface with this index or, if 0, on all of them.
func bindPacket(fd int, protocol uint16, index int) error {
	networkOrder := binary.NativeEndian.Uint16(binary.BigEndian.AppendUint16(nil, protocol))
	err := unix.Bind(fd, &unix.SockaddrLinklayer{Protocol: networkOrder, Ifindex: index})
	if err != nil {
		return fmt.Errorf("bind packet socket: %w", err)
	}
	return nil
}
