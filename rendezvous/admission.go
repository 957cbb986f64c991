package rendezvous

import (
	"crypto/tls"
	"errors"
	"net/netip"
	"time"

	"peerd/internal/name"
	"peerd/wire"
)

// logIn decides about a login and, when the answer is yes, has the hub know it, before
// anybody can be removed in between. Its error is a wire.Refused when the stranger
// should be told.
func (s *Server) logIn(conn *tls.Conn, gate *gate, key wire.Key, hello wire.Hello) (*connection, error) {
	admission := s.admission.RLocker()
	if s.isReturning(key, hello.Certificate) {
		admission = &s.admission // the name that comes back may be somebody's who is logging in
	}
	admission.Lock()
	defer admission.Unlock()
	now, remote, source := time.Now(), addrOf(conn.RemoteAddr()), sourceOf(conn.RemoteAddr())
	m, err := s.admit(key, hello, source, now)
	if err != nil {
		return nil, err
	}
	local := addrOf(conn.LocalAddr()).Addr()
	c := &connection{
		outbox:   outbox{conn: conn, start: s.running.Go, total: &s.backlog},
		gate:     gate,
		key:      key,
		name:     m.Name,
		instance: hello.Instance,

		certificate: s.certificate(key, m),

		remote: remote,
		local:  local,
		home:   observer{mainPort, s.addresses.isSecond(local)},
		quota:  s.quotas.of(key),
		gone:   make(chan struct{}),
	}
	_ = conn.NetConn().SetDeadline(time.Time{})
	s.hub.login(c, hello, now)
	s.familiar.note(key, source)
	return c, nil
}

// admit returns the member that key is, or why it is none.
func (s *Server) admit(key wire.Key, hello wire.Hello, source netip.Prefix, now time.Time) (member, error) {
	_, known, err := s.state.member(key)
	if err == nil {
		if err := s.mayTry(key, known, source, now); err != nil {
			return member{}, err
		}
	}
	var m member
	if err == nil {
		m, err = s.settle(key, hello, source, now)
	}
	if err == nil {
		return m, nil
	}
	if !known {
		s.refusals.Take(source, now)
	}
	if _, refused := errors.AsType[wire.Refused](err); !refused {
		s.log.Error().Err(err).Msg("admit a peer")
		err = errors.Join(err, wire.Refused{Code: wire.RefusedBusy})
	}
	return member{}, err
}

// mayTry refuses those who try too often before anything is changed for them: each
// member, and strangers whose network has had too many refusals lately.
func (s *Server) mayTry(key wire.Key, known bool, source netip.Prefix, now time.Time) error {
	switch {
	case known && !s.quotas.of(key).allowLogin(now):
		return wire.Refused{Code: wire.RefusedBusy, Detail: "this key logs in too often: wait a second"}
	case !known && !s.refusals.Has(source, now):
		return wire.Refused{Code: wire.RefusedBusy, Detail: "too many logins from your network were refused: wait a minute"}
	}
	return nil
}

// settle sees to it that key is a member under a name, or returns why it is not.
func (s *Server) settle(key wire.Key, hello wire.Hello, source netip.Prefix, now time.Time) (m member, err error) {
	a := applicant{key: key, token: hello.Token, mayJoin: s.open.mayJoin(source)}
	if hello.Name != "" {
		if a.wish, err = name.Normalize(hello.Name); err != nil {
			return m, wire.Refused{Code: wire.RefusedNameInvalid, Detail: err.Error()}
		}
	}
	if err := s.readmit(key, hello.Certificate); err != nil {
		return m, err
	}
	if _, err := s.state.admit(a, now); err != nil {
		return m, err
	}
	m, _, err = s.state.member(key)
	return m, err
}
