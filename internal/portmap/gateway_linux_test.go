package portmap

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
)

func TestDefaultRoutesAreRead(t *testing.T) {
	number := func(text string) string {
		return fmt.Sprintf("%08X", binary.NativeEndian.Uint32(netip.MustParseAddr(text).AsSlice()))
	}
	line := func(link, destination, gateway, flags, mask string) string {
		return strings.Join([]string{link, number(destination), number(gateway), flags, "0", "0", "0", number(mask), "0", "0", "0"}, "\t")
	}
	table := strings.Join([]string{
		"Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT",
		line("eth0", "0.0.0.0", "192.168.1.1", "0003", "0.0.0.0"),
		line("eth0", "192.168.1.0", "0.0.0.0", "0001", "255.255.255.0"),
		line("eth0", "10.0.0.0", "192.168.1.7", "0003", "255.0.0.0"),
		line("tun0", "0.0.0.0", "10.8.0.1", "0003", "128.0.0.0"), // half of the internet, of a VPN
		line("tun1", "0.0.0.0", "0.0.0.0", "0001", "0.0.0.0"),    // no gateway
		line("wlan0", "0.0.0.0", "192.168.2.1", "0003", "0.0.0.0"),
		line("eth1", "0.0.0.0", "192.168.3.1", "0002", "0.0.0.0"), // down
		"eth2 00000000 nonsense 0003 0 0 0 00000000",
		"eth2 00000000 0101A8C0 nonsense 0 0 0 00000000",
		"eth2 00000000",
		"",
	}, "\n")
	var got []string
	for link, address := range defaultRoutes(strings.NewReader(table)) {
		got = append(got, link+" "+address.String())
	}
	if want := []string{"eth0 192.168.1.1", "wlan0 192.168.2.1"}; !slices.Equal(got, want) {
		t.Errorf("read %q, want %q", got, want)
	}
}
