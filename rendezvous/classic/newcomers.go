package classic

import (
	"container/list"
	"iter"
	"net/netip"
	"slices"
	"time"
)

// newcomers are the logins whose users have not fetched the list yet. Nothing
// but an Accept is ever sent to them.
//
//	login ──► waits its turn ──► Accept ──► fetches the list ──► online
//	                               └──► fetchWithin, or gives way ──► forgotten
//
// The connection that fetches a list carries no name, so the users behind one
// address are told Accept one after the other: the next one when the list has
// been fetched, or when turn is over. Otherwise two of them who log in at once
// could get each other's list, in an encoding that they cannot read. Not safe
// for concurrent use.
type newcomers struct {
	byAddress map[netip.Addr]*list.Element
	order     *list.List // of *arrivals; whose latest login is the oldest comes first
	count     int        // of the users of all arrivals
}

// arrivals are the newcomers of one address, at least one.
type arrivals struct {
	address netip.Addr
	users   []newcomer // by the time of their first login
}

// newcomer is one of them.
type newcomer struct {
	*user
	accepted time.Time // when it was told Accept; zero: it waits its turn
}

func newNewcomers() *newcomers {
	return &newcomers{byAddress: map[netip.Addr]*list.Element{}, order: list.New()}
}

// add takes u in, in the place of an earlier login under its name if there is
// one. Where there are too many, the oldest give way.
func (n *newcomers) add(u *user) {
	place := n.byAddress[u.address]
	if place == nil {
		place = n.order.PushBack(&arrivals{address: u.address})
		n.byAddress[u.address] = place
	}
	n.order.MoveToBack(place)
	a := place.Value.(*arrivals)
	if i := a.index(u.key()); i >= 0 {
		a.users[i] = newcomer{user: u} // and is told Accept again: it may have missed it
		return
	}
	if len(a.users) == maxNewcomersPerAddress {
		a.users = slices.Delete(a.users, 0, 1)
		n.count--
	}
	a.users = append(a.users, newcomer{user: u})
	n.count++
	for n.count > maxNewcomers {
		n.forget(n.order.Front())
	}
}

// next returns who at an address is to be told Accept now; nil when somebody
// else's turn lasts, or nobody waits.
func (n *newcomers) next(address netip.Addr, now time.Time) *user {
	place := n.byAddress[address]
	if place == nil {
		return nil
	}
	users := place.Value.(*arrivals).users
	inTurn := func(u newcomer) bool { return !u.accepted.IsZero() && now.Sub(u.accepted) < turn }
	waiting := func(u newcomer) bool { return u.accepted.IsZero() }
	i := slices.IndexFunc(users, waiting)
	if i < 0 || slices.ContainsFunc(users, inTurn) {
		return nil
	}
	users[i].accepted = now
	return users[i].user
}

// addresses yields every address that has newcomers.
func (n *newcomers) addresses() iter.Seq[netip.Addr] {
	return func(yield func(netip.Addr) bool) {
		for address := range n.byAddress {
			if !yield(address) {
				return
			}
		}
	}
}

// take removes and returns the newcomer from address that was told Accept last;
// nil if none was, or not recently. The last one, because an honest user fetches
// one round trip later, and a forged login would have to hit that moment.
func (n *newcomers) take(address netip.Addr, now time.Time) *user {
	place := n.byAddress[address]
	if place == nil {
		return nil
	}
	last := slices.MaxFunc(place.Value.(*arrivals).users, func(a, b newcomer) int { return a.accepted.Compare(b.accepted) })
	if last.accepted.IsZero() || now.Sub(last.accepted) > fetchWithin {
		return nil
	}
	n.remove(address, last.key())
	return last.user
}

// remove removes the newcomer with a key at an address, if there is one.
func (n *newcomers) remove(address netip.Addr, key string) {
	place := n.byAddress[address]
	if place == nil {
		return
	}
	a := place.Value.(*arrivals)
	i := a.index(key)
	if i < 0 {
		return
	}
	a.users = slices.Delete(a.users, i, i+1)
	n.count--
	if len(a.users) == 0 {
		n.forget(place)
	}
}

// index returns where the newcomer with a key is, -1 if there is none.
func (a *arrivals) index(key string) int {
	return slices.IndexFunc(a.users, func(u newcomer) bool { return u.key() == key })
}

func (n *newcomers) forget(place *list.Element) {
	a := n.order.Remove(place).(*arrivals)
	n.count -= len(a.users)
	delete(n.byAddress, a.address)
}
