package store

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"fmt"
	"slices"

	"peerd/wire"
)

// Groups returns every group this peer knows of, by name; the members of each
// are in the order of their keys.
func (s *Store) Groups(ctx context.Context) ([]wire.Group, error) {
	groups, err := list(ctx, s, scanGroup, `SELECT id, name FROM peer_group`)
	if err != nil {
		return nil, fmt.Errorf("list groups: %w", err)
	}
	members, err := list(ctx, s, scanGroupEntry, `SELECT group_id, key, change FROM group_member ORDER BY group_id, key`)
	if err != nil {
		return nil, fmt.Errorf("list members of groups: %w", err)
	}
	of := make(map[wire.GroupID][]wire.GroupMember)
	for _, entry := range members {
		of[entry.group] = append(of[entry.group], entry.member)
	}
	for i := range groups {
		groups[i].Members = of[groups[i].ID]
	}
	slices.SortFunc(groups, func(a, b wire.Group) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), bytes.Compare(a.ID[:], b.ID[:]))
	})
	return groups, nil
}

// ApplyGroup takes over what we ourselves say of a group, without telling
// anybody. To tell, AcceptAll an item with it.
func (s *Store) ApplyGroup(ctx context.Context, group wire.Group) error {
	return apply(ctx, s, "change group", func(tx *transaction) error {
		return mergeGroup(tx, group, ourselves)
	})
}

// GroupTold returns the digest (GroupDigest) of what each member of a group was
// told last, or told us.
func (s *Store) GroupTold(ctx context.Context, group wire.GroupID) (map[wire.Key][sha256.Size]byte, error) {
	told := make(map[wire.Key][sha256.Size]byte)
	_, err := list(ctx, s, func(row scanner) (struct{}, error) {
		var peer, digest []byte
		err := row.Scan(&peer, &digest)
		if err == nil {
			told[wire.Key(peer)] = [sha256.Size]byte(digest)
		}
		return struct{}{}, err
	}, `SELECT peer, digest FROM group_told WHERE group_id = ?`, group[:])
	if err != nil {
		return nil, fmt.Errorf("list who was told of a group: %w", err)
	}
	return told, nil
}

// GroupDigest is the digest of a group as an item says it.
func GroupDigest(payload []byte) [sha256.Size]byte { return sha256.Sum256(payload) }

// UnreadInGroups returns how many unread messages there are in each group that
// has any.
func (s *Store) UnreadInGroups(ctx context.Context) (map[wire.GroupID]int, error) {
	counts := make(map[wire.GroupID]int)
	_, err := list(ctx, s, func(row scanner) (struct{}, error) {
		var group []byte
		var count int
		err := row.Scan(&group, &count)
		if err == nil {
			counts[wire.GroupID(group)] = count
		}
		return struct{}{}, err
	}, `SELECT group_id, count(*) FROM message WHERE state = 'unread' AND group_id <> x'' GROUP BY group_id`)
	if err != nil {
		return nil, fmt.Errorf("count unread messages of groups: %w", err)
	}
	return counts, nil
}

// ourselves stands for this peer as the author of a change.
var ourselves = wire.Key{}

// maxGroupsOfPeer is how many groups one peer may tell us of. Groups are held in
// memory and read anew at each change, so that without a bound a member who makes
// groups and groups takes our memory and our processor. Who really shares more with
// one peer does not see the later ones.
const maxGroupsOfPeer = 256

// takeGroup is the effect of an item about a group.
func takeGroup(tx *transaction, m Message) error {
	group, err := wire.ParseGroup([]byte(m.Payload))
	if err != nil {
		return nil // nobody can use it
	}
	author := m.Peer
	if m.Outgoing {
		author = ourselves
	}
	if tooMany, err := isOneTooMany(tx, group.ID, author); tooMany || err != nil {
		return err
	}
	if err := mergeGroup(tx, group, author); err != nil {
		return err
	}
	digest := GroupDigest([]byte(m.Payload))
	return tx.exec(`INSERT INTO group_told (group_id, peer, digest) VALUES (?, ?, ?)
		ON CONFLICT DO UPDATE SET digest = excluded.digest`, group.ID[:], m.Peer[:], digest[:])
}

// isOneTooMany reports whether author tells of a group that we do not know, and has
// told of as many as it may.
func isOneTooMany(tx *transaction, group wire.GroupID, author wire.Key) (bool, error) {
	var known, told int
	err := tx.row(`SELECT (SELECT count(*) FROM peer_group WHERE id = ?), (SELECT count(*) FROM group_told WHERE peer = ?)`,
		[]any{group[:], author[:]}, &known, &told)
	return known == 0 && told >= maxGroupsOfPeer && author != ourselves, err
}

// mergeGroup adds what author says of a group to what is known: the larger
// change of every member. That a peer has left it believes the peer itself only,
// and ourselves.
func mergeGroup(tx *transaction, group wire.Group, author wire.Key) error {
	err := tx.exec(`INSERT INTO peer_group (id, name) VALUES (?, ?) ON CONFLICT DO NOTHING`, group.ID[:], group.Name)
	if err != nil {
		return err
	}
	var entries int
	if err := tx.row(`SELECT count(*) FROM group_member WHERE group_id = ?`, []any{group.ID[:]}, &entries); err != nil {
		return err
	}
	for _, member := range group.Members {
		if !member.Present() && author != member.Key && author != ourselves {
			continue
		}
		// A known member's change may always grow; there is room for so many new ones.
		changed, err := tx.changes(`UPDATE group_member SET change = max(change, ?) WHERE group_id = ? AND key = ?`,
			int64(member.Change), group.ID[:], member.Key[:])
		if err != nil {
			return err
		}
		if changed > 0 || entries >= wire.MaxGroupEntries {
			continue
		}
		err = tx.exec(`INSERT INTO group_member (group_id, key, change) VALUES (?, ?, ?)`,
			group.ID[:], member.Key[:], int64(member.Change))
		if err != nil {
			return err
		}
		entries++
	}
	return nil
}

// bothInGroup reports whether two peers are members of a group.
func bothInGroup(tx *transaction, group wire.GroupID, a, b wire.Key) (bool, error) {
	var count int
	err := tx.row(`SELECT count(*) FROM group_member WHERE group_id = ? AND key IN (?, ?) AND change % 2 = 1`,
		[]any{group[:], a[:], b[:]}, &count)
	return count == 2, err
}

func scanGroup(row scanner) (wire.Group, error) {
	var id []byte
	var group wire.Group
	if err := row.Scan(&id, &group.Name); err != nil {
		return wire.Group{}, fmt.Errorf("read group: %w", err)
	}
	group.ID = wire.GroupID(id)
	return group, nil
}

// A groupEntry is a member of one of the groups.
type groupEntry struct {
	group  wire.GroupID
	member wire.GroupMember
}

func scanGroupEntry(row scanner) (groupEntry, error) {
	var group, key []byte
	var change int64
	if err := row.Scan(&group, &key, &change); err != nil {
		return groupEntry{}, fmt.Errorf("read member of group: %w", err)
	}
	return groupEntry{wire.GroupID(group), wire.GroupMember{Key: wire.Key(key), Change: uint64(change)}}, nil
}
