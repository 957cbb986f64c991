package socket

import (
	"context"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/rs/zerolog"

	"peerd/internal/addressscope"
	"peerd/punch"
	"peerd/wire"
)

func listen(t *testing.T, address string) (*Socket, error) {
	t.Helper()
	s, err := Listen(Config{
		Listen:         address,
		Logger:         zerolog.Nop(),
		Observed:       func(netip.AddrPort, wire.Accept) {},
		PathChanged:    func(wire.SessionID, punch.Path) {},
		TalkWanted:     func(wire.SessionID, []netip.AddrPort) {},
		RelayByControl: func(wire.SessionID, []byte) {},
	})
	if err == nil {
		t.Cleanup(func() { s.Close() })
	}
	return s, err
}

func TestListenAddresses(t *testing.T) {
	for name, test := range map[string]struct {
		address string
		bound   string // prefix of the bound address
		err     string // part of the error
	}{
		"every address":   {address: ":0", bound: ""},
		"every IPv4":      {address: "0.0.0.0:0", bound: "0.0.0.0:"},
		"one IPv4":        {address: "127.0.0.1:0", bound: "127.0.0.1:"},
		"IPv4-mapped":     {address: "[::ffff:127.0.0.1]:0", bound: "127.0.0.1:"},
		"no port":         {address: "127.0.0.1", err: "want host:port"},
		"a name":          {address: "localhost:0", err: "must be empty or an IP address"},
		"a service":       {address: ":https", err: "must be a number"},
		"a port too high": {address: ":65536", err: "up to 65535"},
		"somebody else's": {address: "192.0.2.1:0", err: "listen on UDP"},
	} {
		t.Run(name, func(t *testing.T) {
			s, err := listen(t, test.address)
			switch {
			case test.err == "" && err != nil:
				t.Fatal(err)
			case test.err != "":
				if err == nil || !strings.Contains(err.Error(), test.err) {
					t.Errorf("got error %v, want one with %q", err, test.err)
				}
			case !strings.HasPrefix(s.Addr().String(), test.bound) || s.Addr().Port() == 0:
				t.Errorf("bound to %v", s.Addr())
			}
		})
	}
}

func TestASocketOnOneAddressNamesOnlyThat(t *testing.T) {
	s, err := listen(t, "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if got := s.LocalEndpoints(); !slices.Equal(got, []netip.AddrPort{s.Addr()}) {
		t.Errorf("got %v, want %v", got, s.Addr())
	}
}

func TestLocalEndpointsOfEveryAddress(t *testing.T) {
	s, err := listen(t, ":0")
	if err != nil {
		t.Fatal(err)
	}
	for _, endpoint := range s.LocalEndpoints() {
		if scope := addressscope.Of(endpoint.Addr()); scope != addressscope.Private && scope != addressscope.Global {
			t.Errorf("%v is of no use to a peer", endpoint)
		}
		if endpoint.Port() != s.Addr().Port() {
			t.Errorf("%v has not the socket's port %v", endpoint, s.Addr().Port())
		}
	}
}

func TestASocketOnEveryAddressSpeaksIPv4(t *testing.T) {
	relay := newUDPRelay(t)
	s, err := listen(t, ":0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), hangGuard)
	defer cancel()
	accept, err := s.Login(ctx, relay.addr)
	if err != nil {
		t.Fatal(err)
	}
	if want := netip.AddrPortFrom(relay.addr.Addr(), s.Addr().Port()); accept.Observed != want {
		t.Errorf("observed at %v, want %v", accept.Observed, want)
	}
}

func TestUsableAddresses(t *testing.T) {
	interfaces := prefixes("127.0.0.1/8", "::1/128", "fe80::1/64", "fd00::1/64", "2001:db8::1/64",
		"192.168.1.5/24", "169.254.1.1/16", "203.0.113.5/24", "192.168.1.5/24")
	for name, test := range map[string]struct {
		bound string
		want  string
	}{
		"dual stack": {"::", "192.168.1.5 203.0.113.5 2001:db8::1 fd00::1"},
		"IPv4 only":  {"0.0.0.0", "192.168.1.5 203.0.113.5"},
	} {
		t.Run(name, func(t *testing.T) {
			var got []string
			for _, addr := range usableAddrs(interfaces, netip.MustParseAddr(test.bound)) {
				got = append(got, addr.String())
			}
			if strings.Join(got, " ") != test.want {
				t.Errorf("got %v, want %v", got, test.want)
			}
		})
	}
}

func prefixes(texts ...string) []netip.Prefix {
	var list []netip.Prefix
	for _, text := range texts {
		list = append(list, netip.MustParsePrefix(text))
	}
	return list
}
