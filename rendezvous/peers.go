package rendezvous

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"peerd/wire"
)

// A Peer is a member of the circle, or a key that is banned from it, as the operator
// sees it.
type Peer struct {
	// Name is the one bound to the key, or that was; empty: none.
	Name  string    `json:"name"`
	Key   wire.Key  `json:"key"`
	State PeerState `json:"state"`
	// Joined is zero for a key that never was a member.
	Joined time.Time `json:"joined,omitzero"`
	How    Joining   `json:"how,omitempty"`
	// Invite is the id of the invite it joined with, if it did.
	Invite string `json:"invite,omitempty"`
	// LastSeen is zero for who is online, and for a key that never was a member.
	LastSeen time.Time `json:"last_seen,omitzero"`
	// Removed is when it was removed or banned.
	Removed time.Time `json:"removed,omitzero"`
	Reason  string    `json:"reason,omitempty"`
}

// PeerState says whether a peer is logged in, or may not.
type PeerState string

// The states of a peer. Of a stopped rendezvous all members are offline.
const (
	PeerOnline  PeerState = "online"
	PeerOffline PeerState = "offline"
	PeerBanned  PeerState = "banned"
	// PeerRemoved is only what Kick and Unban return: who is a stranger now is not listed.
	PeerRemoved PeerState = "removed"
)

// Joining says how a peer became a member.
type Joining string

// The ways to join.
const (
	JoinedByInvite      Joining = "invite"
	JoinedByCertificate Joining = "certificate" // after the state was lost
	JoinedOpen          Joining = "open"        // when anybody could
)

func (m member) how() Joining {
	switch {
	case m.Joined.IsZero():
		return ""
	case m.Open:
		return JoinedOpen
	case m.Invite == "":
		return JoinedByCertificate
	}
	return JoinedByInvite
}

// describe returns what the state file knows of a member.
func (m member) describe(key wire.Key) Peer {
	return Peer{
		Name: m.Name, Key: key, State: PeerOffline,
		Joined: m.Joined, How: m.how(), Invite: m.Invite, LastSeen: m.lastSeen(),
	}
}

func (r removal) describe(key wire.Key) Peer {
	p := r.member.describe(key)
	p.State, p.Removed, p.Reason = PeerRemoved, r.At, r.Reason
	if r.Banned {
		p.State = PeerBanned
	}
	return p
}

// Peers lists members and banned keys by name.
func (s *stopped) Peers() ([]Peer, error) {
	members, err := s.state.members()
	if err != nil {
		return nil, err
	}
	banned, err := s.state.banned()
	if err != nil {
		return nil, err
	}
	list := make([]Peer, 0, len(members)+len(banned))
	for key, m := range members {
		list = append(list, m.describe(key))
	}
	for key, r := range banned {
		list = append(list, r.describe(key))
	}
	slices.SortFunc(list, func(a, b Peer) int { return cmp.Or(strings.Compare(a.Name, b.Name), a.Key.Compare(b.Key)) })
	return list, nil
}

// Kick implements Admin.
func (s *stopped) Kick(key wire.Key, reason string) (Peer, error) {
	r, err := s.state.remove(key, removal{At: time.Now(), Reason: reason})
	return r.describe(key), err
}

// Ban implements Admin.
func (s *stopped) Ban(key wire.Key, reason string) (Peer, error) {
	r, err := s.state.remove(key, removal{At: time.Now(), Reason: reason, Banned: true})
	return r.describe(key), err
}

// Unban implements Admin.
func (s *stopped) Unban(key wire.Key) (Peer, error) {
	r, err := s.state.unban(key)
	return r.describe(key), err
}

// Peers lists members and banned keys by name, and who is online.
func (s *Server) Peers() ([]Peer, error) {
	list, err := s.stopped().Peers()
	presence := s.hub.presence()
	for i := range list {
		p := &list[i]
		row, listed := presence[p.Key]
		switch {
		case !listed || p.State == PeerBanned:
		case row.Online:
			p.State, p.LastSeen = PeerOnline, time.Time{}
		default:
			p.LastSeen = row.Since
		}
	}
	return list, err
}

// presence returns the roster by key.
func (h *hub) presence() map[wire.Key]wire.Row {
	h.mu.Lock()
	defer h.mu.Unlock()
	rows := make(map[wire.Key]wire.Row, h.table.Len())
	for row := range h.table.All() {
		rows[row.Key] = row
	}
	return rows
}

// Kick ends a membership. The key may come back with an invite made afterwards, and
// with nothing else. It returns ErrNoSuchMember for a key that is not a member's.
func (s *Server) Kick(key wire.Key, reason string) (Peer, error) {
	r, err := s.remove(key, removal{At: time.Now(), Reason: reason})
	return r.describe(key), err
}

// Ban ends a membership, if there is one, and refuses the key from then on.
func (s *Server) Ban(key wire.Key, reason string) (Peer, error) {
	r, err := s.remove(key, removal{At: time.Now(), Reason: reason, Banned: true})
	return r.describe(key), err
}

// Unban lets a banned key join again with an invite. It returns ErrNotBanned for a key
// that is not banned.
func (s *Server) Unban(key wire.Key) (Peer, error) {
	peer, err := s.stopped().Unban(key)
	if err == nil {
		s.log.Info().Str("name", peer.Name).Stringer("key", key).Msg("unbanned")
	}
	return peer, err
}
