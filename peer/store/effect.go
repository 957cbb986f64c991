package store

import "peerd/wire"

// takeEffect makes the change that an item asks for, in the transaction that
// stores the item, and so exactly once: of the peer's items, and of ours
// (m.Outgoing), on this side. What asks for nothing, or for what may not be, has
// no effect and is no error: the item is stored and acknowledged all the same, or
// its sender would repeat it for ever. An error undoes the storing.
func takeEffect(tx *transaction, m Message) error {
	switch m.Kind {
	case wire.KindEdit:
		return takeEdit(tx, m)
	case wire.KindGroup:
		return takeGroup(tx, m)
	case wire.KindFileOffer:
		return takeOffer(tx, m)
	case wire.KindFileAnswer:
		return takeAnswer(tx, m)
	}
	return nil
}
