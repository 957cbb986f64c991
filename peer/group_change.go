package peer

import (
	"cmp"
	"context"
	"crypto/rand"
	"fmt"
	"slices"
	"strings"
	"time"

	"peerd/internal/name"
	"peerd/peer/api"
	"peerd/peer/store"
	"peerd/wire"
)

// withGroupSign is a group's name as commands may give it, with the sign or without.
func withGroupSign(ref string) string { return groupSign + trimGroupSign(ref) }

func trimGroupSign(ref string) string { return strings.TrimPrefix(ref, groupSign) }

// maxGroup bounds the members of a group that we make or add to, ourselves
// included. A message to the group is stored and sent once for each.
const maxGroup = 100

// Groups lists the groups we are a member of, sorted by name.
func (d *Daemon) Groups(ctx context.Context) ([]api.Group, error) {
	unread, err := d.store.UnreadInGroups(ctx)
	if err != nil {
		return nil, fmt.Errorf("list groups: %w", err)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	var rows []api.Group
	for id, group := range d.groups {
		if d.isMemberLocked(group) {
			row := d.groupRowLocked(group)
			row.Unread = unread[id]
			rows = append(rows, row)
		}
	}
	slices.SortFunc(rows, func(a, b api.Group) int { return cmp.Compare(a.Name, b.Name) })
	return rows, nil
}

// CreateGroup makes a group of us and the peers, and tells them.
func (d *Daemon) CreateGroup(ctx context.Context, request api.GroupRequest) (api.Group, error) {
	normal, err := name.Normalize(trimGroupSign(request.Name))
	if err != nil {
		return api.Group{}, &api.Error{Code: api.CodeUsage, Message: err.Error()}
	}
	if d.groupNameTaken(normal) {
		return api.Group{}, api.NameTaken(groupSign + normal)
	}
	group := wire.Group{Name: normal, Members: []wire.GroupMember{{Key: d.Key(), Change: 1}}}
	rand.Read(group.ID[:])
	return d.addTo(ctx, group, request.Members)
}

// AddToGroup makes more peers members of a group of ours, and tells everybody.
func (d *Daemon) AddToGroup(ctx context.Context, request api.GroupRequest) (api.Group, error) {
	group, err := d.resolveGroup(withGroupSign(request.Name))
	if err != nil {
		return api.Group{}, err
	}
	return d.addTo(ctx, group, request.Members)
}

// LeaveGroup takes us out of a group and tells the others. Its messages stay.
func (d *Daemon) LeaveGroup(ctx context.Context, request api.GroupRequest) (api.Group, error) {
	group, err := d.resolveGroup(withGroupSign(request.Name))
	if err != nil {
		return api.Group{}, err
	}
	tell := d.listeners(group)
	group.Members = slices.Clone(group.Members)
	for i, member := range group.Members {
		if member.Key == d.Key() {
			group.Members[i].Change++
		}
	}
	return d.changeGroup(ctx, group, tell)
}

func (d *Daemon) addTo(ctx context.Context, group wire.Group, refs []string) (api.Group, error) {
	group.Members = slices.Clone(group.Members)
	for _, ref := range refs {
		key, err := d.addressee(ref)
		if err != nil {
			return api.Group{}, err
		}
		if err := d.choose(ctx, key); err != nil {
			return api.Group{}, err
		}
		i := slices.IndexFunc(group.Members, func(m wire.GroupMember) bool { return m.Key == key })
		switch {
		case i < 0:
			group.Members = append(group.Members, wire.GroupMember{Key: key, Change: 1})
		case !group.Members[i].Present():
			group.Members[i].Change++
		}
	}
	others := d.others(group)
	if len(others) == 0 {
		return api.Group{}, &api.Error{Code: api.CodeUsage, Message: "a group needs somebody else in it"}
	}
	if len(others)+1 > maxGroup || len(group.Members) > wire.MaxGroupEntries {
		return api.Group{}, &api.Error{Code: api.CodeUsage,
			Message: fmt.Sprintf("the group would have %d members, the limit is %d", len(others)+1, maxGroup)}
	}
	return d.changeGroup(ctx, group, d.listeners(group))
}

// changeGroup stores what we say of a group, and sees to it that the peers hear.
func (d *Daemon) changeGroup(ctx context.Context, group wire.Group, tell []wire.Key) (api.Group, error) {
	group, _, err := encodeGroup(group)
	if err != nil {
		return api.Group{}, err
	}
	if len(tell) > 0 {
		_, err = d.acceptItems(ctx, group, tell...)
	} else {
		err = d.store.ApplyGroup(ctx, group) // the last one leaves
	}
	if err != nil {
		return api.Group{}, fmt.Errorf("change group: %w", err)
	}
	for _, peer := range tell {
		d.pinMember(ctx, peer)
	}
	if err := d.reloadGroups(); err != nil {
		return api.Group{}, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.groupRowLocked(d.groups[group.ID]), nil
}

// pinMember binds a member's name to its key, as every first contact does. A name
// that is another's does not keep the group from talking: its members are keys.
func (d *Daemon) pinMember(ctx context.Context, peer wire.Key) {
	if err := d.pin(ctx, peer); err != nil {
		d.log.Warn().Err(nameless(err)).Stringer("peer", peer).Msg("member of a group that could not be made a contact")
	}
}

// groupNameTaken reports whether a group of ours has a name that looks like this
// one.
func (d *Daemon) groupNameTaken(normal string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, group := range d.groups {
		if name.Fold(group.Name) == name.Fold(normal) && d.isMemberLocked(group) {
			return true
		}
	}
	return false
}

// sendToGroup accepts a text for every other member of a group that is not
// blocked, under one id.
func (d *Daemon) sendToGroup(ctx context.Context, request api.SendRequest) (api.Sent, error) {
	group, err := d.resolveGroup(request.To)
	if err != nil {
		return api.Sent{}, err
	}
	id, err := requestedID(request.ID)
	if err != nil {
		return api.Sent{}, err
	}
	listeners := d.listeners(group)
	if len(listeners) == 0 {
		return api.Sent{}, &api.Error{Code: api.CodeUsage, Message: fmt.Sprintf("nobody else is in %s", request.To), Hint: "peerctl group add " + request.To + " PEER"}
	}
	drafts, err := d.groupDrafts(ctx, group, listeners, id, request.Text)
	if err != nil {
		return api.Sent{}, err
	}
	now := time.Now()
	accepted, err := d.store.AcceptAll(ctx, now, drafts...)
	if err != nil {
		return api.Sent{}, fmt.Errorf("accept message: %w", err)
	}
	for _, peer := range listeners {
		d.conversation(peer).wake()
	}
	shown := accepted[slices.IndexFunc(accepted, func(m store.Message) bool { return m.ID == id })]
	d.accepted(now, shown)
	return d.sentRow(shown), nil
}

// groupDrafts is a text to every peer, before which those who do not know of the
// group what we know are told. The first of the texts is the one that is shown.
func (d *Daemon) groupDrafts(ctx context.Context, group wire.Group, peers []wire.Key, id wire.MessageID, text string) ([]store.Draft, error) {
	_, body, err := encodeGroup(group)
	if err != nil {
		return nil, err
	}
	told, err := d.store.GroupTold(ctx, group.ID)
	if err != nil {
		return nil, err
	}
	var drafts []store.Draft
	for i, peer := range peers {
		if told[peer] != store.GroupDigest(body) {
			item, err := requestedID("")
			if err != nil {
				return nil, err
			}
			drafts = append(drafts, store.Draft{To: peer, ID: item, Kind: wire.KindGroup, Payload: body, Hidden: true})
		}
		drafts = append(drafts, store.Draft{To: peer, ID: id, Kind: wire.KindText, Body: text, Group: group.ID, Hidden: i > 0})
	}
	return drafts, nil
}
