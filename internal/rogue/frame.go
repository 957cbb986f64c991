package rogue

import (
	"net/netip"

	"peerd/wire"
)

// A Frame is a control message on its way.
type Frame struct {
	// From is the member that sent it, the zero key for the rendezvous itself.
	From wire.Key
	// To is the member it goes to, the zero key for the rendezvous itself, which
	// then does what an honest one does with it.
	To      wire.Key
	Message wire.Message
}

// Pass lets a frame through as it is.
func (f Frame) Pass() []Frame { return []Frame{f} }

// With is the frame with another message in it.
func (f Frame) With(m wire.Message) Frame {
	f.Message = m
	return f
}

// A Datagram is a UDP datagram on its way.
type Datagram struct {
	// From is whom it comes from, the zero AddrPort for the rendezvous itself.
	From netip.AddrPort
	To   netip.AddrPort
	// Payload is the whole datagram, with the header of the relay.
	Payload []byte
}

// Pass lets a datagram through as it is.
func (d Datagram) Pass() []Datagram { return []Datagram{d} }

// scripted returns what takes a frame's place.
func (r *Rendezvous) scripted(f Frame) []Frame {
	r.mu.Lock()
	script := r.onFrame
	r.mu.Unlock()
	if script == nil {
		return f.Pass()
	}
	r.scripting.Lock()
	defer r.scripting.Unlock()
	return script(f)
}

// forward sends a datagram, or what takes its place.
func (r *Rendezvous) forward(d Datagram) {
	r.mu.Lock()
	script := r.onDatagram
	r.mu.Unlock()
	datagrams := d.Pass()
	if script != nil {
		r.scripting.Lock()
		datagrams = script(d)
		r.scripting.Unlock()
	}
	for _, d := range datagrams {
		r.Write(d.To, d.Payload)
	}
}

// heard takes a frame of a member's.
func (r *Rendezvous) heard(from wire.Key, m wire.Message) {
	for _, f := range r.scripted(Frame{From: from, Message: m}) {
		if f.To == (wire.Key{}) {
			r.serve(f.From, f.Message)
		} else {
			r.Send(f.To, f.Message)
		}
	}
}

// tell sends what an honest rendezvous has to say, or what takes its place.
func (r *Rendezvous) tell(to wire.Key, m wire.Message) {
	for _, f := range r.scripted(Frame{To: to, Message: m}) {
		r.Send(f.To, f.Message)
	}
}
