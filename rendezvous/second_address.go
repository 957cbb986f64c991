package rendezvous

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"

	"peerd/internal/addressscope"
)

// NoSecondAddress in Config.SecondAddresses turns the search for one off.
const NoSecondAddress = "none"

// addresses are the two addresses of each family that peers are observed from,
// so that they can tell a NAT that maps or filters by address from one that does
// so by port (RFC 5780 section 4). It never changes after Open.
type addresses struct{ v4, v6 addressPair }

// addressPair is two of our own addresses of one family. Without a second one
// the host has none, or the operator wants none.
type addressPair struct{ first, second netip.Addr }

func (a *addresses) pair(family netip.Addr) *addressPair {
	if family.Unmap().Is4() {
		return &a.v4
	}
	return &a.v6
}

// other returns the address to be observed from besides local, the one that a
// peer has asked. The zero Addr: there is none, or the system does not tell local.
func (a *addresses) other(local netip.Addr) netip.Addr {
	pair := a.pair(local)
	switch {
	case !local.IsValid():
		return netip.Addr{}
	case pair.isSecond(local):
		return pair.first
	}
	return pair.second
}

// isSecond reports whether local is the second address of its family.
func (a *addresses) isSecond(local netip.Addr) bool { return a.pair(local).isSecond(local) }

func (p *addressPair) isSecond(local netip.Addr) bool {
	return p.second.IsValid() && p.second == local.Unmap()
}

// seconds returns the second addresses there are.
func (a *addresses) seconds() []netip.Addr {
	return slices.DeleteFunc([]netip.Addr{a.v4.second, a.v6.second}, func(addr netip.Addr) bool { return !addr.IsValid() })
}

// findAddresses returns the addresses to observe from: what the operator named,
// else, when we listen on all of this host's addresses and there are two public
// IPv4 ones, these. IPv6 ones have to be named, since most that a host has are
// temporary: answers from one that is gone would be missed as if a NAT had
// filtered them.
func findAddresses(config Config, listening netip.Addr) (addresses, error) {
	var found addresses
	if slices.Equal(config.SecondAddresses, []string{NoSecondAddress}) {
		return found, nil
	}
	known := firstAddresses(config.Advertise, listening)
	for _, wish := range config.SecondAddresses {
		if err := found.choose(wish, known); err != nil {
			return found, hinted(fmt.Errorf("second address %q: %w", wish, err), "name one of its own with --second-address, or none")
		}
	}
	if len(config.SecondAddresses) == 0 && listening.IsUnspecified() && seesAddressAsked() {
		found.v4 = publicPair(known)
	}
	return found, nil
}

// choose makes the address that the operator named the second one of its family.
func (a *addresses) choose(wish string, known []netip.Addr) error {
	second, err := netip.ParseAddr(wish)
	if err != nil {
		return errors.New("want an IP address, or none")
	}
	second = second.Unmap()
	pair := a.pair(second)
	if pair.second.IsValid() {
		return fmt.Errorf("%v is the second one of its family already", pair.second)
	}
	if err := checkOwn(second); err != nil {
		return err
	}
	first := slices.IndexFunc(known, func(addr netip.Addr) bool {
		return addr.Is4() == second.Is4() && addr != second
	})
	if first < 0 {
		return errors.New("the rendezvous has no first address of its family to listen on")
	}
	pair.first, pair.second = known[first], second
	return nil
}

// checkOwn says whether addr is one of this host's.
func checkOwn(addr netip.Addr) error {
	conn, err := net.ListenPacket("udp", netip.AddrPortFrom(addr, 0).String())
	if err != nil {
		return errors.New("it is no address of this machine")
	}
	return conn.Close()
}

// publicPair returns the first two public IPv4 addresses, if there are two.
func publicPair(known []netip.Addr) addressPair {
	public := slices.DeleteFunc(slices.Clone(known), func(addr netip.Addr) bool {
		return !addr.Is4() || addressscope.Of(addr) != addressscope.Global
	})
	if len(public) < 2 {
		return addressPair{}
	}
	return addressPair{public[0], public[1]}
}

// firstAddresses returns the own addresses that peers may know us by, the
// likeliest first: what invites name, where the way to the internet starts, and
// the others. It is the one address that we listen on, if it is one.
func firstAddresses(advertise string, listening netip.Addr) []netip.Addr {
	if !listening.IsUnspecified() {
		return []netip.Addr{listening}
	}
	own := interfaceAddresses()
	var known []netip.Addr
	add := func(addr netip.Addr) {
		if addr = addr.Unmap(); addr.IsValid() && !slices.Contains(known, addr) {
			known = append(known, addr)
		}
	}
	if named := literal(advertise); slices.Contains(own, named) {
		add(named)
	}
	for _, far := range farAway {
		add(outboundTo(far))
	}
	for _, addr := range own {
		add(addr)
	}
	return known
}

// literal returns the address in HOST[:PORT], the zero Addr for a name.
func literal(advertise string) netip.Addr {
	host, _, err := net.SplitHostPort(advertise)
	if err != nil {
		host = advertise
	}
	addr, _ := netip.ParseAddr(host)
	return addr.Unmap()
}

// interfaceAddresses returns the addresses of the interfaces that are up.
func interfaceAddresses() (own []netip.Addr) {
	interfaces, _ := net.Interfaces() // without them there is nothing to find
	for _, i := range interfaces {
		assigned, err := i.Addrs()
		if err != nil || i.Flags&net.FlagUp == 0 {
			continue
		}
		for _, a := range assigned {
			if prefix, err := netip.ParsePrefix(a.String()); err == nil {
				own = append(own, prefix.Addr().Unmap())
			}
		}
	}
	return own
}
