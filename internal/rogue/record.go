package rogue

import (
	"bytes"
	"fmt"
	"net/netip"
	"sync"

	"peerd/wire"
)

// record is all that the rogue has seen.
type record struct {
	mu        sync.Mutex
	frames    []recordedFrame
	datagrams []recordedDatagram
}

type recordedFrame struct {
	from, to wire.Key
	kind     wire.Kind
	body     []byte
}

type recordedDatagram struct {
	from    netip.AddrPort
	payload []byte
}

func (c *record) frame(from, to wire.Key, kind wire.Kind, body []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.frames = append(c.frames, recordedFrame{from, to, kind, bytes.Clone(body)})
}

func (c *record) datagram(from netip.AddrPort, payload []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.datagrams = append(c.datagrams, recordedDatagram{from, bytes.Clone(payload)})
}

// Saw returns in what the rogue has seen some octets, in words; nothing when it has
// not.
func (r *Rendezvous) Saw(octets []byte) (where []string) {
	r.record.mu.Lock()
	defer r.record.mu.Unlock()
	for _, f := range r.record.frames {
		if bytes.Contains(f.body, octets) {
			where = append(where, fmt.Sprintf("a %v frame from %v to %v", f.kind, f.from, f.to))
		}
	}
	for _, d := range r.record.datagrams {
		if bytes.Contains(d.payload, octets) {
			where = append(where, fmt.Sprintf("a datagram from %v", d.from))
		}
	}
	return where
}

// Size returns how many octets the rogue has seen in frames and in datagrams.
func (r *Rendezvous) Size() (frames, datagrams int) {
	r.record.mu.Lock()
	defer r.record.mu.Unlock()
	for _, f := range r.record.frames {
		frames += len(f.body)
	}
	for _, d := range r.record.datagrams {
		datagrams += len(d.payload)
	}
	return frames, datagrams
}

// Recorded returns the messages of type M that a member has sent, in their order.
func Recorded[M wire.Message](r *Rendezvous, from wire.Key) (all []M) {
	r.record.mu.Lock()
	defer r.record.mu.Unlock()
	for _, f := range r.record.frames {
		if f.from != from {
			continue
		}
		if m, err := wire.Parse(f.kind, bytes.Clone(f.body)); err == nil {
			if found, is := m.(M); is {
				all = append(all, found)
			}
		}
	}
	return all
}

// RecordedDatagrams returns the datagrams that came from an endpoint.
func (r *Rendezvous) RecordedDatagrams(from netip.AddrPort) (all [][]byte) {
	r.record.mu.Lock()
	defer r.record.mu.Unlock()
	for _, d := range r.record.datagrams {
		if d.from == from {
			all = append(all, d.payload)
		}
	}
	return all
}
