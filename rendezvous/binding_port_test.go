package rendezvous

import (
	"testing"

	"peerd/wire"
)

// TestT01PlainSTUNSurprisesNobodyFromTheFirstAddress proves that RESPONSE-PORT is no
// way around what holds for logins: a stranger who asks gets an answer sent to another
// port behind its address from the second address only.
func TestT01PlainSTUNSurprisesNobodyFromTheFirstAddress(t *testing.T) {
	s := startServer(t, besides(secondLoopback))
	asking, idle := newClient(t, s), newClient(t, s)
	elsewhere := wire.BindingRequest{ResponsePort: udpPort(idle)}
	for _, unwanted := range []wire.BindingRequest{elsewhere, {ResponsePort: udpPort(idle), Change: wire.Change{Port: true}}} {
		if _, err := asking.socket().WriteToUDPAddrPort(unwanted.Append(nil), asking.at); err != nil {
			t.Fatal(err)
		}
	}
	asking.loginTo(asking.at, wire.Change{}) // both have been looked at
	elsewhere.Change = wire.Change{Address: true}
	elsewhere.TransactionID[0] = 1
	if _, err := asking.socket().WriteToUDPAddrPort(elsewhere.Append(nil), asking.at); err != nil {
		t.Fatal(err)
	}
	response, err := wire.ParseBindingResponse(idle.datagram())
	if err != nil || response.TransactionID != elsewhere.TransactionID || response.Origin.Addr() != secondLoopback {
		t.Errorf("the first answer is %+v, %v, want the one to %+v from %v", response, err, elsewhere, secondLoopback)
	}
}
