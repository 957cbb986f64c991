package wire

import "peerd/wire/internal/pb"

// Group is the payload of an Item: what its author knows of a group. Who gets one
// keeps, of every member, the larger Change; so everybody ends at the same
// members, in whatever order the words of several authors arrive (a causal-length
// set: Yu and Rostad, "A Low-Cost Set CRDT Based on Causal Lengths", 2020).
//
// The ID is the group's secret: only members learn it, and who knows it may speak
// in the group and add others.
type Group struct {
	ID      GroupID
	Name    string        // as its maker called it; escape before showing
	Members []GroupMember // past ones too; at most MaxGroupEntries
}

// A GroupMember is a peer that is or was a member of a group.
type GroupMember struct {
	Key Key
	// Change counts how often the peer joined and left: an odd number says that it
	// is a member. Anybody may make it odd, only the peer itself even.
	Change uint64
}

// Present reports whether the peer is a member now.
func (m GroupMember) Present() bool { return m.Change%2 == 1 }

// Kind implements Message.
func (m Group) Kind() Kind { return KindGroup }

// AppendBody implements Message.
func (m Group) AppendBody(b []byte) ([]byte, error) {
	return appendBody(b, KindGroup, &pb.Group{Id: m.ID.octets(), Name: m.Name, Members: encodeGroupMembers(m.Members)}, decodeGroup)
}

func encodeGroupMembers(members []GroupMember) []*pb.GroupMember {
	var list []*pb.GroupMember
	for _, member := range members {
		list = append(list, &pb.GroupMember{Key: member.Key[:], Change: member.Change})
	}
	return list
}

// ParseGroup decodes the body of an Item of KindGroup.
func ParseGroup(body []byte) (Group, error) {
	return parseBody(KindGroup, body, &pb.Group{}, decodeGroup)
}

func decodeGroup(p *pb.Group) (Group, error) {
	var f fields
	m := Group{Name: f.text("name", p.Name, MaxName), Members: f.groupMembers(p.Members)}
	f.fixed(m.ID[:], "id", p.Id)
	return m, f.check()
}

func (f *fields) groupMembers(list []*pb.GroupMember) []GroupMember {
	if len(list) > MaxGroupEntries {
		f.fail("members are %d, the limit is %d", len(list), MaxGroupEntries)
		return nil
	}
	var members []GroupMember
	for i, p := range list {
		var inner fields
		members = append(members, GroupMember{Key: inner.key("key", p.Key), Change: inner.change(p.Change)})
		if inner.err != nil {
			f.fail("members[%d]: %w", i, inner.err)
			return nil
		}
	}
	return members
}

// change is a required count that can still grow: nobody may be kept from leaving.
func (f *fields) change(n uint64) uint64 {
	const most = 1 << 32
	if n > most {
		f.fail("change %d is out of range", n)
	}
	return f.positive("change", n)
}
