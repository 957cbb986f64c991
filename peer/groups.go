package peer

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"peerd/internal/name"
	"peerd/peer/api"
	"peerd/wire"
)

// A group is several peers who hear what each of them says. There is no server
// for it and nobody owns it: every member knows the members and sends its
// messages to each of them, through the outbox like everything else. What members
// know of each other converges (wire.Group).

// groupSign begins the names of groups in commands, so that no group is taken for
// a peer. No peer's name has it.
const groupSign = "@"

// reloadGroups takes over the groups as the store has them now.
func (d *Daemon) reloadGroups() error {
	d.grouping.Lock()
	defer d.grouping.Unlock()
	all, err := d.store.Groups(d.ctx)
	if err != nil {
		return err
	}
	byID := make(map[wire.GroupID]wire.Group, len(all))
	for _, group := range all {
		byID[group.ID] = group
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.groups = byID
	return nil
}

// resolveGroup finds the group of ours that the user calls ref, which begins with
// groupSign.
func (d *Daemon) resolveGroup(ref string) (wire.Group, error) {
	return d.findGroup(ref, d.isMemberLocked)
}

// findGroup finds the one group that the user calls ref and that is eligible; it
// asks with the lock held.
func (d *Daemon) findGroup(ref string, eligible func(wire.Group) bool) (wire.Group, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	var found []wire.Group
	for _, group := range d.groups {
		if eligible(group) && d.answersToLocked(group, ref) {
			found = append(found, group)
		}
	}
	switch len(found) {
	case 0:
		return wire.Group{}, api.NoSuchGroup(ref)
	case 1:
		return found[0], nil
	}
	return wire.Group{}, api.GroupAmbiguous(ref)
}

// answersToLocked reports whether ref is the group's name here, its bare name, or
// its whole id.
func (d *Daemon) answersToLocked(group wire.Group, ref string) bool {
	if ref == d.groupNameLocked(group) || ref == groupSign+group.ID.String() {
		return true
	}
	normal, err := name.Normalize(strings.TrimPrefix(ref, groupSign))
	return err == nil && normal == group.Name
}

// isMemberLocked reports whether we are a member of the group.
func (d *Daemon) isMemberLocked(group wire.Group) bool { return present(group, d.Key()) }

// present reports whether peer is a member of the group.
func present(group wire.Group, peer wire.Key) bool {
	return slices.ContainsFunc(group.Members, func(m wire.GroupMember) bool { return m.Key == peer && m.Present() })
}

// others returns the members of the group but for us.
func (d *Daemon) others(group wire.Group) []wire.Key {
	var keys []wire.Key
	for _, member := range group.Members {
		if member.Present() && member.Key != d.Key() {
			keys = append(keys, member.Key)
		}
	}
	return keys
}

// listeners returns the members to whom we send: the others but for those the
// user has blocked.
func (d *Daemon) listeners(group wire.Group) []wire.Key {
	return slices.DeleteFunc(d.others(group), d.isBlocked)
}

// groupName is what a group is called here; empty for none.
func (d *Daemon) groupName(id wire.GroupID) string {
	if id.IsZero() {
		return ""
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.groupNameLocked(d.groups[id])
}

// groupNameLocked is the name that its maker gave, where no other group of ours
// has one that looks like it; else something of its id tells them apart. So a
// later group cannot pass for an earlier one.
func (d *Daemon) groupNameLocked(group wire.Group) string {
	if normal, err := name.Normalize(group.Name); err != nil || normal != group.Name {
		return groupSign + group.ID.String()
	}
	for _, other := range d.groups {
		if other.ID != group.ID && name.Fold(other.Name) == name.Fold(group.Name) {
			return groupSign + group.Name + "-" + group.ID.String()[:6]
		}
	}
	return groupSign + group.Name
}

// groupRowLocked describes a group but for its unread messages.
func (d *Daemon) groupRowLocked(group wire.Group) api.Group {
	row := api.Group{Name: d.groupNameLocked(group), ID: group.ID.String()}
	for _, member := range group.Members {
		if !member.Present() {
			continue
		}
		listed, known := d.roster.Row(member.Key)
		itself := member.Key == d.Key()
		m := api.GroupMember{Key: member.Key.String(), Name: d.nameOfLocked(member.Key), Online: itself || known && listed.Online, Self: itself}
		if itself {
			m.Name = d.membership.Name
		}
		row.Members = append(row.Members, m)
	}
	slices.SortFunc(row.Members, func(a, b api.GroupMember) int { return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Key, b.Key)) })
	return row
}

// tookGroup tells of what a peer's item has changed in a group.
func (d *Daemon) tookGroup(from wire.Key, payload []byte) {
	said, err := wire.ParseGroup(payload)
	if err != nil {
		return
	}
	d.mu.Lock()
	before := d.groups[said.ID]
	d.mu.Unlock()
	if err := d.reloadGroups(); err != nil {
		d.log.Error().Err(err).Msg("read the groups anew")
		return
	}
	d.mu.Lock()
	after := d.groups[said.ID]
	change := api.GroupChange{Group: d.groupNameLocked(after), ID: after.ID.String(), By: d.nameOfLocked(from), At: api.At(time.Now())}
	for _, member := range after.Members {
		was := present(before, member.Key)
		who := d.memberNameLocked(member.Key)
		switch {
		case member.Present() && !was:
			change.Joined = append(change.Joined, who)
		case !member.Present() && was:
			change.Left = append(change.Left, who)
		}
	}
	ours := d.isMemberLocked(after)
	d.mu.Unlock()
	if ours && len(change.Joined)+len(change.Left) > 0 {
		d.events.Publish(change)
	}
}

// memberNameLocked is the name of a member, who may be ourselves.
func (d *Daemon) memberNameLocked(key wire.Key) string {
	if key == d.Key() {
		return d.membership.Name
	}
	return d.nameOfLocked(key)
}

// encodeGroup is a group as an item says it: the same bytes for the same members.
func encodeGroup(group wire.Group) (wire.Group, []byte, error) {
	group.Members = slices.Clone(group.Members)
	slices.SortFunc(group.Members, func(a, b wire.GroupMember) int { return bytes.Compare(a.Key[:], b.Key[:]) })
	body, err := group.AppendBody(nil)
	if err != nil {
		return group, nil, fmt.Errorf("describe group: %w", err)
	}
	return group, body, nil
}
