package apitest

import (
	"context"
	"slices"
	"strings"

	"peerd/peer/api"
)

// group finds a group as the user typed it. The caller holds the lock.
func (d *Daemon) group(ref string) (*api.Group, error) {
	name := "@" + strings.TrimPrefix(ref, "@")
	i := slices.IndexFunc(d.groups, func(g api.Group) bool { return g.Name == name })
	if i < 0 {
		return nil, api.NoSuchGroup(ref)
	}
	return &d.groups[i], nil
}

func (d *Daemon) Groups(context.Context) ([]api.Group, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.groups), nil
}

func (d *Daemon) CreateGroup(_ context.Context, request api.GroupRequest) (api.Group, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if _, err := d.group(request.Name); err == nil {
		return api.Group{}, api.NameTaken("@" + request.Name)
	}
	group := api.Group{
		Name: "@" + strings.TrimPrefix(request.Name, "@"), ID: id('g', len(d.groups)+1),
		Members: []api.GroupMember{{Name: d.status.Name, Key: d.status.Key, Online: true, Self: true}},
	}
	if err := d.addTo(&group, request.Members); err != nil {
		return api.Group{}, err
	}
	d.groups = append(d.groups, group)
	return group, nil
}

func (d *Daemon) AddToGroup(_ context.Context, request api.GroupRequest) (api.Group, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	group, err := d.group(request.Name)
	if err != nil {
		return api.Group{}, err
	}
	return *group, d.addTo(group, request.Members)
}

func (d *Daemon) addTo(group *api.Group, refs []string) error {
	for _, ref := range refs {
		peer, err := d.find(ref)
		if err != nil {
			return err
		}
		group.Members = append(group.Members, api.GroupMember{Name: peer.Name, Key: peer.Key, Online: peer.Online})
	}
	return nil
}

func (d *Daemon) LeaveGroup(_ context.Context, request api.GroupRequest) (api.Group, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	group, err := d.group(request.Name)
	if err != nil {
		return api.Group{}, err
	}
	left := *group
	left.Members = slices.DeleteFunc(slices.Clone(left.Members), func(m api.GroupMember) bool { return m.Self })
	d.groups = slices.DeleteFunc(d.groups, func(g api.Group) bool { return g.Name == left.Name })
	return left, nil
}

// ChangeGroup tells of a change of a group that by has made.
func (d *Daemon) ChangeGroup(group, by string, joined, left []string) {
	d.Publish(api.GroupChange{Group: group, ID: id('g', 1), By: by, Joined: joined, Left: left, At: Epoch})
}
