package classic

import (
	"net/netip"
	"time"

	"peerd/internal/name"
	"peerd/wire"
)

// A user is somebody who logged in. It does not change once it is online; who
// logs in again is a new one.
type user struct {
	name    string         // normalised
	address netip.Addr     // where the login came from
	claimed netip.AddrPort // where the user says that it listens
	// endpoint is where we send, and where others reach the user.
	endpoint netip.AddrPort
	// via is our address that the login was sent to: a router lets answers from
	// no other one in. The zero Addr leaves the choice to the system.
	via      netip.Addr
	encoding wire.ClassicEncoding
	source   netip.AddrPort // of the login
	// heard is when the user logged in; from the fetch of the list on, when that
	// was. Forged datagrams keep nobody online who has left its address.
	heard time.Time
}

// newUser returns who logged in from an endpoint. A name that no peer of a
// circle could have is an error: users are shown beside peers.
func newUser(from netip.AddrPort, login wire.ClassicLogin, now time.Time) (*user, error) {
	normalised, err := name.Normalize(login.Name)
	if err != nil {
		return nil, err
	}
	return &user{
		name:     normalised,
		address:  from.Addr(),
		claimed:  login.Endpoint,
		source:   from,
		endpoint: answerAt(from, login.Endpoint),
		heard:    now,
	}, nil
}

// answerAt returns where a user is reached. The original client sends from one
// socket and listens on another, so a claimed endpoint counts where its address
// is the observed one; otherwise a NAT is between, and only what it has mapped
// leads to the user.
func answerAt(observed, claimed netip.AddrPort) netip.AddrPort {
	if claimed.Addr() == observed.Addr() {
		return claimed
	}
	return observed
}

// key returns what is unique among users: names that look alike are one.
func (u *user) key() string { return name.Fold(u.name) }

// row returns the user as others see it.
func (u *user) row() wire.ClassicUser {
	return wire.ClassicUser{Name: u.name, Endpoint: u.endpoint}
}

// peersRow returns the user as peers of the circle see it.
func (u *user) peersRow() wire.ClassicRow {
	row := wire.ClassicRow{Name: u.name, Endpoint: u.endpoint, Encoding: u.encoding}
	if u.source != u.endpoint {
		row.Source = u.source
	}
	return row
}
