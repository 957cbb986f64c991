//go:build linux

package flood

import (
	"context"
	"fmt"
	"net/netip"

	"peerd/wire"
)

// classicPort is the door's for the original protocol.
const classicPort = 7799

// classicLogin is a login of a user who does not exist.
func classicLogin() []byte {
	user := wire.ClassicLogin{Name: fmt.Sprintf("m%x", noise(nil, 6)), Endpoint: netip.AddrPortFrom(pick(attackers4), 9000)}
	login, _ := wire.AppendClassic(nil, user, wire.ClassicUTF8) // such a name is always valid
	return login
}

func (at aim) classic() aim {
	at.v4 = netip.AddrPortFrom(at.v4.Addr(), classicPort)
	at.v6 = netip.AddrPortFrom(at.v6.Addr(), classicPort)
	return at
}

// sendClassic sends logins of forged sources to the door.
func sendClassic(ctx context.Context, at aim) (report, error) {
	return sendJunk("classic")(ctx, at.classic())
}

// holdClassic connects to the door without having logged in.
func holdClassic(ctx context.Context, at aim) (report, error) {
	return holdConnections(false, attackers4)(ctx, at.classic())
}
