package classic

import (
	"container/list"
	"net/netip"
	"slices"
	"time"
)

// newcomers are the logins whose users have not fetched the list yet. Nothing
// but an Accept is ever sent to them. Not safe for concurrent use.
type newcomers struct {
	byAddress map[netip.Addr]*list.Element
	order     *list.List // of *arrivals; whose latest login is the oldest comes first
}

// arrivals are the newcomers of one address.
type arrivals struct {
	address netip.Addr
	users   []*user // at least one; the latest is last
}

func newNewcomers() *newcomers {
	return &newcomers{byAddress: map[netip.Addr]*list.Element{}, order: list.New()}
}

// add takes u in, in place of an earlier login under its name. Where there are
// too many, the oldest gives way.
func (n *newcomers) add(u *user) {
	n.remove(u.address, u.key())
	place := n.byAddress[u.address]
	if place == nil {
		place = n.order.PushBack(&arrivals{address: u.address})
		n.byAddress[u.address] = place
	}
	n.order.MoveToBack(place)
	a := place.Value.(*arrivals)
	if len(a.users) == maxNewcomersPerAddress {
		a.users = slices.Delete(a.users, 0, 1)
	}
	a.users = append(a.users, u)
	if n.order.Len() > maxNewcomers {
		n.forget(n.order.Front())
	}
}

// take returns the latest login from address and removes it; nil if there is
// none, or none that is recent. The latest, because an honest user fetches one
// round trip after its login, and a forged one has to hit that moment.
func (n *newcomers) take(address netip.Addr, now time.Time) *user {
	place := n.byAddress[address]
	if place == nil {
		return nil
	}
	users := place.Value.(*arrivals).users
	latest := users[len(users)-1]
	if now.Sub(latest.heard) > fetchWithin {
		n.forget(place)
		return nil
	}
	n.remove(address, latest.key())
	return latest
}

// remove removes the newcomer with a key at an address, if there is one.
func (n *newcomers) remove(address netip.Addr, key string) {
	place := n.byAddress[address]
	if place == nil {
		return
	}
	a := place.Value.(*arrivals)
	a.users = slices.DeleteFunc(a.users, func(u *user) bool { return u.key() == key })
	if len(a.users) == 0 {
		n.forget(place)
	}
}

func (n *newcomers) forget(place *list.Element) {
	delete(n.byAddress, n.order.Remove(place).(*arrivals).address)
}
