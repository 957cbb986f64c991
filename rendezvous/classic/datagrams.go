package classic

import (
	"errors"
	"net"
	"net/netip"
	"time"

	"peerd/internal/offload"
	"peerd/wire"
)

// readDatagrams serves the UDP socket until it is closed.
func (d *Door) readDatagrams() {
	batch := []offload.Datagrams{{Buffer: make([]byte, offload.BufferSize)}}
	for {
		n, err := d.udp.ReadBatch(batch)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			d.counters.ReceiveErrors.Add(1)
			continue
		}
		now := time.Now()
		for i := range batch[:n] {
			for datagram := range batch[i].Segments() {
				d.receive(datagram, batch[i].From, batch[i].Local, now)
			}
		}
	}
}

// receive does what one datagram asks for. via is our address that it was sent
// to, where that is known. What is not a login or a logout is counted and
// dropped: no answer, whatever it says.
func (d *Door) receive(datagram []byte, from netip.AddrPort, via netip.Addr, now time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.datagrams.Take(alone(from.Addr()), now) {
		d.counters.OverRate.Add(1)
		return
	}
	u, logout := parse(datagram, from, now)
	if u == nil {
		d.counters.Malformed.Add(1)
		return
	}
	u.via = via
	if logout {
		d.logout(u)
		return
	}
	if !d.table.login(u) {
		d.counters.Refused.Add(1)
		return
	}
	d.accept(u.address, now)
}

// parse returns who logs in or out with a datagram, nil when it is neither.
func parse(datagram []byte, from netip.AddrPort, now time.Time) (_ *user, logout bool) {
	if len(datagram) > wire.MaxClassicRequest { // spares decoding what can only be a talk
		return nil, false
	}
	message, encoding, err := wire.ParseClassic(datagram)
	if err != nil {
		return nil, false
	}
	var who wire.ClassicLogin
	switch m := message.(type) {
	case wire.ClassicLogin:
		who = m
	case wire.ClassicLogout:
		who, logout = wire.ClassicLogin(m), true
	default: // an Accept is ours to send, and talk is not for us
		return nil, false
	}
	u, err := newUser(from, who, now)
	if err != nil {
		return nil, false
	}
	u.encoding = encoding
	return u, logout
}

// accept tells the newcomer whose turn it is at an address that it may fetch
// the list. The caller holds mu.
func (d *Door) accept(address netip.Addr, now time.Time) {
	u := d.table.newcomers.next(address, now)
	if u == nil {
		return
	}
	datagram, err := wire.AppendClassic(nil, wire.ClassicAccept{Port: d.port}, u.encoding)
	if err != nil {
		return // not for the port of a listener
	}
	d.counters.Logins.Add(1)
	d.send(u, datagram)
}

// logout logs out who asks for it. The caller holds mu.
func (d *Door) logout(from *user) {
	u, told := d.table.logout(from)
	if u == nil {
		d.counters.Refused.Add(1)
		return
	}
	d.log.Info().Str("name", u.name).Str("why", "said so").Msg("classic logout")
	d.tell(told)
}

// alone is an address as a source of its own.
func alone(address netip.Addr) netip.Prefix { return netip.PrefixFrom(address, address.BitLen()) }
