package rogue

import (
	"cmp"
	"net/netip"
	"slices"
	"time"

	"peerd/wire"
)

// cookie is in every Accept. Nobody checks it here.
var cookie = wire.Cookie{1}

// serve does with a member's message what an honest rendezvous does.
func (r *Rendezvous) serve(from wire.Key, m wire.Message) {
	switch m := m.(type) {
	case wire.Hello:
		r.welcome(from, m)
	case wire.Endpoints:
		r.learn(from, m.Candidates, m.NAT)
	case wire.Prekey:
		r.publish(from, m.Prekey)
	case wire.Talk:
		r.introduce(from, m)
	case wire.Envelope:
		if other, known := r.other(m.Session, from); known {
			r.tell(other, m)
		}
	case wire.Relay:
		r.relay(from, m)
	case wire.Ping:
		r.tell(from, wire.Pong(m))
	}
}

// welcome logs a member in, under the name it wishes.
func (r *Rendezvous) welcome(key wire.Key, hello wire.Hello) {
	r.learn(key, hello.Candidates, hello.NAT)
	r.admit(key, hello)
	r.pushRoster()
}

func (r *Rendezvous) admit(key wire.Key, hello wire.Hello) {
	r.pushing.Lock()
	defer r.pushing.Unlock()
	r.mu.Lock()
	m := r.members[key]
	m.hello = hello
	m.logins++
	row := wire.Row{
		Key: key, Name: cmp.Or(hello.Name, key.String()[:8]), Prekey: hello.Prekey, Online: true, Since: time.Now(),
	}
	r.table.Put(row)
	update := r.table.Since(0, 0)
	m.told = r.table.Version()
	r.mu.Unlock()
	r.tell(key, wire.Welcome{Version: min(hello.Version, wire.Version), Circle: Circle, Name: row.Name, Observed: r.Addr()})
	for chunk := range update.Messages() {
		r.tell(key, chunk)
	}
}

func (r *Rendezvous) learn(key wire.Key, candidates []wire.Candidate, nat wire.NATReport) {
	r.mu.Lock()
	defer r.mu.Unlock()
	m := r.members[key]
	m.nat = nat
	m.candidates = nil
	for _, c := range candidates {
		if c.Kind == wire.CandidateObserved {
			m.udp = c.Endpoint
		}
		c.Cookie = wire.Cookie{}
		m.candidates = append(m.candidates, c)
	}
}

func (r *Rendezvous) publish(key wire.Key, prekey wire.SignedPrekey) {
	r.mu.Lock()
	row, _ := r.table.Row(key)
	row.Prekey = prekey
	r.table.Put(row)
	r.mu.Unlock()
	r.pushRoster()
}

// pushRoster tells everybody what has changed.
func (r *Rendezvous) pushRoster() {
	r.pushing.Lock()
	defer r.pushing.Unlock()
	for _, key := range r.online() {
		r.mu.Lock()
		m := r.members[key]
		var update []wire.Message
		if m.told > 0 {
			update = slices.Collect(r.table.Since(r.table.Epoch(), m.told).Messages())
			m.told = r.table.Version()
		}
		r.mu.Unlock()
		for _, message := range update {
			r.tell(key, message)
		}
	}
}

// introduce does what a Talk asks for.
func (r *Rendezvous) introduce(caller wire.Key, talk wire.Talk) {
	if !slices.Contains(r.online(), talk.To) {
		r.tell(caller, wire.TalkRefused{To: talk.To, Code: wire.TalkRefusedOffline})
		return
	}
	if len(talk.Candidates) > 0 && talk.Candidates[0].Kind != wire.CandidatePredicted {
		r.learn(caller, talk.Candidates, talk.NAT)
	}
	toCallee, toCaller := r.Introduction(talk.To, caller), r.Introduction(caller, talk.To)
	toCallee.Sealed, toCaller.Caller = talk.Sealed, true
	r.mu.Lock()
	r.sessions[toCallee.Session] = [2]wire.Key{caller, talk.To}
	r.mu.Unlock()
	r.tell(talk.To, toCallee)
	r.tell(caller, toCaller)
}

// Introduction returns an honest introduction of one member to another: the
// beginning of a false one.
func (r *Rendezvous) Introduction(to, of wire.Key) wire.Introduction {
	r.mu.Lock()
	defer r.mu.Unlock()
	them, us := r.members[of], r.members[to]
	return wire.Introduction{
		Session:    wire.DeriveSessionID(to, us.hello.Instance, of, them.hello.Instance),
		Peer:       of,
		Instance:   them.hello.Instance,
		Candidates: slices.Clone(them.candidates),
		NAT:        them.nat,
	}
}

// Row returns what the roster says of a member.
func (r *Rendezvous) Row(key wire.Key) wire.Row {
	r.mu.Lock()
	defer r.mu.Unlock()
	row, _ := r.table.Row(key)
	return row
}

// other returns the other peer of a session.
func (r *Rendezvous) other(session wire.SessionID, one wire.Key) (other wire.Key, known bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	pair, known := r.sessions[session]
	if pair[0] == one {
		return pair[1], known
	}
	return pair[0], known
}

// relay forwards a datagram that came in the control connection.
func (r *Rendezvous) relay(from wire.Key, m wire.Relay) {
	other, known := r.other(m.Session, from)
	if !known {
		return
	}
	if to := r.Endpoint(other); to.IsValid() {
		datagram := append(wire.AppendRelayHeader(nil, m.Session), m.Payload...)
		r.forward(Datagram{To: to, Payload: datagram})
		return
	}
	r.tell(other, m)
}

// serveDatagram answers logins and relays.
func (r *Rendezvous) serveDatagram(from netip.AddrPort, datagram []byte) {
	if login, err := wire.ParseLogin(datagram); err == nil {
		accept := wire.Accept{TransactionID: login.TransactionID, Observed: from, ControlPort: r.Addr().Port(), Cookie: cookie}
		r.forward(Datagram{To: from, Payload: accept.Append(nil)})
		return
	}
	session, payload, ok := wire.ParseRelayHeader(datagram)
	if !ok {
		return
	}
	sender, known := r.at(session, from)
	if !known {
		return
	}
	other, _ := r.other(session, sender)
	if to := r.Endpoint(other); to.IsValid() {
		r.forward(Datagram{From: from, To: to, Payload: datagram})
		return
	}
	r.tell(other, wire.Relay{Session: session, Payload: payload})
}

// at returns the peer of a session that is seen at an endpoint.
func (r *Rendezvous) at(session wire.SessionID, endpoint netip.AddrPort) (wire.Key, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, key := range r.sessions[session] {
		if m := r.members[key]; m != nil && m.udp == endpoint {
			return key, true
		}
	}
	return wire.Key{}, false
}

// List puts a row into everybody's roster, as if it were a member's.
func (r *Rendezvous) List(row wire.Row) {
	r.mu.Lock()
	r.table.Put(row)
	r.mu.Unlock()
	r.pushRoster()
}
