//go:build linux

package natlab

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/google/nftables"
	"golang.org/x/sys/unix"

	"peerd/internal/natlab/nat"
)

// userspace is the engine of a NAT that runs in this process. The router's kernel answers ARP, switches between inside
// hosts and finds the way for what the NAT sends, but forwards nothing:
//
//	lan, port1 … ──┐                                       ┌──▶ lan, port1 …
//	               ├─AF_PACKET──▶ translator ──raw socket──┤   by the kernel's routes
//	wan ───────────┘                                       └──▶ wan
type userspace struct {
	*Router
	frames *os.File // everything that arrives at the router
	raw    syscall.RawConn
	sender *sender
	wan    int // index of the outside interface
	reader sync.WaitGroup
	closed atomic.Bool

	mu         sync.Mutex
	translator *nat.Translator
	stopped    bool
}

func (k userspaceNAT) engine(r *Router) (engine, error) {
	behaviour := k.Behaviour
	behaviour.Hairpin = behaviour.Hairpin || r.options.hairpin
	if r.options.firstPort != 0 {
		behaviour.FirstPort, behaviour.LastPort = r.options.firstPort, r.options.lastPort
	}
	translator, err := nat.New(behaviour, r.Addr(), r.gateway(), rand.NewPCG(rand.Uint64(), rand.Uint64()))
	if err != nil {
		return nil, err
	}
	u := &userspace{Router: r, translator: translator}
	if err := u.ns.rules(filterTable, u.isolationRules); err != nil {
		return nil, err
	}
	return u, u.start()
}

// isolationRules hide from the router's kernel what is for the translator: everything that does not stay inside.
func (u *userspace) isolationRules(rs *ruleset) {
	arriving := rs.filterChain("prerouting", nftables.ChainHookPrerouting, nftables.ChainPriorityRaw, nftables.ChainPolicyAccept)
	arriving.add(arrivesFrom(accessInterface), drop())
	arriving.add(arrivesNotFrom("lo"), destinationNotIn(ipNet(u.options.subnet)), drop())
}

func (u *userspace) start() error {
	outside, err := u.uplink.near.link()
	if err != nil {
		return err
	}
	u.wan = outside.Attrs().Index
	if u.sender, err = openSender(u.ns); err != nil {
		return err
	}
	u.lab.onClose(u.sender.close)
	if err := u.openFrames(); err != nil {
		return err
	}
	u.reader.Go(u.read)
	u.lab.onClose(u.close)
	return nil
}

func (u *userspace) openFrames() (err error) {
	u.frames, err = openSocket(u.ns, u.name, unix.AF_PACKET, unix.SOCK_RAW, 0, func(fd int) error {
		// The kernel then says which checksums are unfinished.
		if err := unix.SetsockoptInt(fd, unix.SOL_PACKET, unix.PACKET_VNET_HDR, 1); err != nil {
			return fmt.Errorf("ask for virtio headers: %w", err)
		}
		if err := setReceiveBuffer(fd, wireBuffer); err != nil {
			return err
		}
		// One protocol rather than all of them, so that what passes a bridge is not seen twice.
		return bindPacket(fd, unix.ETH_P_IP, 0)
	})
	if err != nil {
		return err
	}
	if u.raw, err = u.frames.SyscallConn(); err != nil {
		return errors.Join(err, u.frames.Close())
	}
	return nil
}

// close stops the translator and waits for its goroutine.
func (u *userspace) close() {
	u.closed.Store(true)
	u.frames.Close()
	u.reader.Wait()
}

// read translates whatever arrives, until the socket is closed.
func (u *userspace) read() {
	buffer := make([]byte, maxFrame)
	_ = u.raw.Read(func(fd uintptr) (done bool) {
		u.drain(int(fd), buffer)
		return false
	})
}

// drain translates what has arrived until now.
func (u *userspace) drain(fd int, buffer []byte) {
	for !u.closed.Load() {
		n, from, err := unix.Recvfrom(fd, buffer, unix.MSG_DONTWAIT)
		if err == unix.ENETDOWN || err == unix.EINTR {
			continue // reported once, when an interface changes
		}
		if err != nil {
			return
		}
		if side, ok := u.side(from); ok {
			u.translate(side, ipPacket(buffer[:n]))
		}
	}
}

// loopback is the index that the loopback interface has in every namespace.
const loopback = 1

// side tells where a frame came from, and false if it is not for a router.
func (u *userspace) side(from unix.Sockaddr) (nat.Side, bool) {
	link, ok := from.(*unix.SockaddrLinklayer)
	switch {
	case !ok || link.Pkttype != unix.PACKET_HOST || link.Ifindex == loopback:
		return 0, false
	case link.Ifindex == u.wan:
		return nat.Outside, true
	default:
		return nat.Inside, true
	}
}

// translate does to a packet what the NAT does, and sends what comes of it.
func (u *userspace) translate(from nat.Side, packet []byte) {
	if from == nat.Inside && u.staysInside(packet) {
		return
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.stopped {
		return
	}
	if out, _ := u.translator.Translate(time.Now(), from, packet); out != nil {
		_ = u.sender.send(out) // a lost packet: it is too long, or nobody is there
	}
}

// staysInside reports whether the router's kernel takes care of a packet.
func (u *userspace) staysInside(packet []byte) bool {
	const destination = 16
	return len(packet) >= destination+4 &&
		u.options.subnet.Contains(netip.AddrFrom4([4]byte(packet[destination:])))
}

func (u *userspace) attach(cable *uplink) error { return cable.disableSegmentation() }

func (u *userspace) readdress() error {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.translator.SetOutside(u.Addr())
	return nil
}

func (u *userspace) forget() error {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.translator.Forget()
	return nil
}

func (u *userspace) setRunning(running bool) error {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.stopped = !running
	return nil
}

func (u *userspace) setUDPTimeout(timeout time.Duration) error {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.translator.SetUDPTimeout(timeout)
	return nil
}

func (u *userspace) flows() (Flows, error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	c := u.translator.Counts(time.Now())
	return Flows{Mappings: c.Mappings, Open: c.Flows, Opened: c.Opened}, nil
}

func (u *userspace) dropped(why nat.Drop) (int, error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.translator.Dropped(why), nil
}

func (u *userspace) send(packet []byte) error {
	u.translate(nat.Inside, packet)
	return nil
}

// ipPacket is the packet in a frame that begins with a virtio header, with its checksum finished; nil for super-packets,
// which only come while segmentation is being turned off.
func ipPacket(frame []byte) []byte {
	const (
		virtioHeader, ethernetHeader = 10, 14
		gsoType, sumStart, sumOffset = 1, 6, 8
		needsChecksum                = 1
	)
	if len(frame) < virtioHeader+ethernetHeader || frame[gsoType] != 0 {
		return nil
	}
	header, frame := frame[:virtioHeader], frame[virtioHeader:]
	if header[0]&needsChecksum != 0 {
		start := int(binary.NativeEndian.Uint16(header[sumStart:]))
		offset := start + int(binary.NativeEndian.Uint16(header[sumOffset:]))
		if offset+2 > len(frame) {
			return nil
		}
		// The field holds the sum over the pseudo header, which goes into the checksum like everything else.
		checksum := nat.Checksum(frame[start:])
		if checksum == 0 {
			checksum = 0xffff // 0 would mean that there is none
		}
		binary.BigEndian.PutUint16(frame[offset:], checksum)
	}
	return frame[ethernetHeader:]
}
