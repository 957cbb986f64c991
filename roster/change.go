package roster

import "peerd/wire"

// A ChangeKind says what happened to a member.
type ChangeKind uint8

const (
	Added   ChangeKind = iota + 1 // joined the circle; Row.Online says whether it is there
	Login                         // was offline, is online
	Logout                        // was online, is offline
	Changed                       // another name or prekey, or logged in anew in the meantime
	Removed                       // left the circle; Row is its last row
)

// String returns the kind in lower case.
func (k ChangeKind) String() string {
	switch k {
	case Added:
		return "added"
	case Login:
		return "login"
	case Logout:
		return "logout"
	case Changed:
		return "changed"
	case Removed:
		return "removed"
	}
	return "unknown"
}

// A Change is one member's difference between two versions of a Copy, to be
// announced. A member that has logged out and in again between the two has one
// Change, not two.
type Change struct {
	Kind ChangeKind
	Row  wire.Row
}

// compare returns the change from one row to another of the same key.
func compare(before, after wire.Row) (Change, bool) {
	switch {
	case same(before, after):
		return Change{}, false
	case !before.Online && after.Online:
		return Change{Login, after}, true
	case before.Online && !after.Online:
		return Change{Logout, after}, true
	}
	return Change{Changed, after}, true
}
