//go:build linux

package natlab

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"sync"
	"time"

	"peerd/internal/natlab/nat"
)

// nowhere is an address that the internet drops packets for.
var nowhere = netip.MustParseAddr("192.0.2.254")

// background is the other traffic of a router's network.
type background struct {
	stop chan struct{}
	done sync.WaitGroup
}

// BackgroundTraffic has other inside endpoints open UDP flows through the router, at random moments and so many a
// second on average, until it is called again or the lab closes. 0 stops it. Each flow is one packet, to an address
// where nobody is, and has an inside port and a remote port of its own: it moves a sequential allocation by one. Captures
// see these packets.
func (r *Router) BackgroundTraffic(flowsPerSecond float64) {
	r.lab.reporter.Helper()
	r.try("change background traffic", func() error {
		if flowsPerSecond < 0 {
			return fmt.Errorf("%v flows per second: want 0 or more", flowsPerSecond)
		}
		if r.background != nil {
			r.background.end()
			r.background = nil
		}
		if flowsPerSecond > 0 {
			b := &background{stop: make(chan struct{})}
			b.done.Go(func() { b.run(r, flowsPerSecond) })
			r.lab.onClose(b.end)
			r.background = b
		}
		return nil
	})
}

// end stops the traffic and waits for it. It may be called again.
func (b *background) end() {
	if !b.stopped() {
		close(b.stop)
	}
	b.done.Wait()
}

// run opens flows that are a Poisson process, as those of many independent programs are.
func (b *background) run(r *Router, flowsPerSecond float64) {
	next := time.Now()
	for flow := 0; ; flow++ {
		next = next.Add(time.Duration(rand.ExpFloat64() / flowsPerSecond * float64(time.Second)))
		if !sleepUntil(next, b.stop) || b.stopped() {
			return
		}
		_ = r.engine.send(backgroundPacket(r.gateway(), flow)) // fails while the router is down
	}
}

// stopped notices what sleepUntil is deaf to: the end of traffic that hardly ever sleeps.
func (b *background) stopped() bool {
	select {
	case <-b.stop:
		return true
	default:
		return false
	}
}

// backgroundPacket is the only packet of a flow: UDP without a checksum or content, from the router's inside address.
func backgroundPacket(from netip.Addr, flow int) []byte {
	const ipHeader, udpHeader, firstPort, ports = 20, 8, 1024, 64_512
	b := make([]byte, ipHeader+udpHeader)
	b[0] = 4<<4 | ipHeader/4
	binary.BigEndian.PutUint16(b[2:], uint16(len(b)))
	b[8], b[9] = 64, UDP
	copy(b[12:], from.AsSlice())
	copy(b[16:], nowhere.AsSlice())
	binary.BigEndian.PutUint16(b[10:], nat.Checksum(b[:ipHeader]))
	port := uint16(firstPort + flow%ports)
	binary.BigEndian.PutUint16(b[ipHeader:], port)
	binary.BigEndian.PutUint16(b[ipHeader+2:], port)
	binary.BigEndian.PutUint16(b[ipHeader+4:], udpHeader)
	return b
}
