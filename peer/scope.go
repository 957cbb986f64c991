package peer

import (
	"strings"

	"peerd/wire"
)

// A scope is a part of the history: what was said between a peer and us alone, in
// a group, or, when it is zero, anywhere.
type scope struct {
	peer  *wire.Key
	group wire.GroupID
}

// scope finds where the user wants to look: with a peer, who may be one that
// was forgotten, or in a group, which may be one we have left. Empty means
// everywhere.
func (d *Daemon) scope(ref string) (scope, error) {
	switch {
	case ref == "":
		return scope{}, nil
	case strings.HasPrefix(ref, groupSign):
		group, err := d.findGroup(ref, func(wire.Group) bool { return true })
		return scope{group: group.ID}, err
	}
	peer, err := d.author(ref)
	return scope{peer: &peer}, err
}
