//go:build linux

package natlab_test

import (
	"net"
	"net/netip"
	"testing"
	"time"

	"peerd/internal/natlab"
)

// A prefix is the node's: it sends from any address in it, and gets what is sent there.
func TestPrefixIsANetworkOfManyMachines(t *testing.T) {
	lab := natlab.New(t)
	one, many := lab.PublicHost("one", natlab.Link{}), lab.PublicHost("many", natlab.Link{})
	many.AddPrefix(netip.MustParsePrefix("198.18.0.0/16"))
	before := many.Traffic()
	here := one.ListenUDP(0)
	for _, source := range []string{"198.18.0.1", "198.18.255.254"} {
		there := many.ListenUDPAt(netip.AddrPortFrom(netip.MustParseAddr(source), 5000))
		if _, err := there.WriteToUDPAddrPort([]byte("?"), here.LocalAddr().(*net.UDPAddr).AddrPort()); err != nil {
			t.Fatal(err)
		}
		buffer := make([]byte, 10)
		_ = here.SetReadDeadline(time.Now().Add(10 * time.Second))
		_, from, err := here.ReadFromUDPAddrPort(buffer)
		if err != nil || from.Addr().String() != source {
			t.Fatalf("arrived from %v, %v; want %s", from, err, source)
		}
		if _, err := here.WriteToUDPAddrPort([]byte("!"), from); err != nil {
			t.Fatal(err)
		}
		_ = there.SetReadDeadline(time.Now().Add(10 * time.Second))
		if _, err := there.Read(buffer); err != nil {
			t.Fatalf("the answer does not arrive: %v", err)
		}
	}
	const packets, least = 2, 20 + 8 + 1 // headers of IPv4 and UDP
	if after := many.Traffic(); after.Sent-before.Sent < packets*least || after.Received-before.Received < packets*least {
		t.Errorf("counted %+v, before %+v", after, before)
	}
}
