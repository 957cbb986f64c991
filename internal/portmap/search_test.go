package portmap

import (
	"net/netip"
	"strings"
	"testing"
)

const searchAnswer = "HTTP/1.1 200 OK\r\nCACHE-CONTROL: max-age=120\r\nST: urn:schemas-upnp-org:device:InternetGatewayDevice:1\r\n" +
	"LOCATION: http://192.168.1.1:5000/rootDesc.xml\r\n\r\n"

func TestOnlyTheRoutersOwnAddressIsALocation(t *testing.T) {
	router := netip.MustParseAddr("192.168.1.1")
	for name, c := range map[string]struct {
		old, new string
		ok       bool
	}{
		"an answer as it should be": {"", "", true},
		"on port 80":                {":5000", "", true},
		"of a version 2 gateway":    {"Device:1", "Device:2", true},
		"another machine at home":   {"192.168.1.1", "192.168.1.2", false},
		"a machine on the internet": {"192.168.1.1", "1.2.3.4", false},
		"ourselves":                 {"192.168.1.1", "127.0.0.1", false},
		"the metadata service":      {"192.168.1.1", "169.254.169.254", false},
		"a name":                    {"192.168.1.1", "router.lan", false},
		"IPv4 in disguise":          {"192.168.1.1", "[::ffff:192.168.1.1]", false},
		"a user in front":           {"192.168.1.1", "192.168.1.1@1.2.3.4", false},
		"another scheme":            {"http://", "https://", false},
		"a file":                    {"http://192.168.1.1:5000", "file://", false},
		"no location":               {"LOCATION", "NOWHERE", false},
		"another device":            {"InternetGatewayDevice", "MediaRenderer", false},
		"an error":                  {"200 OK", "500 No", false},
		"not HTTP":                  {"HTTP", "SPDY", false},
	} {
		t.Run(name, func(t *testing.T) {
			location, err := parseLocation([]byte(strings.Replace(searchAnswer, c.old, c.new, 1)), router)
			if (err == nil) != c.ok {
				t.Errorf("location %v, error %v, want success %v", location, err, c.ok)
			}
		})
	}
}

func FuzzLocation(f *testing.F) {
	f.Add([]byte(searchAnswer))
	router := netip.MustParseAddr("192.168.1.1")
	f.Fuzz(func(t *testing.T, datagram []byte) {
		location, err := parseLocation(datagram, router)
		if err == nil && (location.Hostname() != "192.168.1.1" || location.Scheme != "http") {
			t.Errorf("location %v", location)
		}
	})
}
