package wire

import (
	"testing"

	"google.golang.org/protobuf/proto"
	"peerd/wire/internal/pb"
)

var groupCodec = bodyCodec("group", ParseGroup)

var exampleGroup = counting[GroupID](0x30)

func TestGroupVectors(t *testing.T) {
	groupCodec.testVectors(t,
		example[Group]{"two members, one of whom had left and is back", Group{
			ID: exampleGroup, Name: "朋友", Members: []GroupMember{{exampleKey, 1}, {otherKey, 3}},
		}},
		example[Group]{"everybody has left", Group{ID: exampleGroup, Name: "friends", Members: []GroupMember{{exampleKey, 1 << 32}}}},
		example[Group]{"nobody was ever there", Group{ID: exampleGroup}},
	)
}

func TestGroupRefuses(t *testing.T) {
	with := func(change func(*pb.Group)) proto.Message {
		p := &pb.Group{Id: exampleGroup[:], Name: "friends", Members: []*pb.GroupMember{{Key: exampleKey[:], Change: 1}}}
		change(p)
		return p
	}
	many := make([]*pb.GroupMember, MaxGroupEntries+1)
	for i := range many {
		many[i] = &pb.GroupMember{Key: exampleKey[:], Change: 1}
	}
	testRefusals(t, ParseGroup,
		refusal{"no id", with(func(p *pb.Group) { p.Id = nil }), "parse group: id is missing"},
		refusal{"a name too long", with(func(p *pb.Group) { p.Name = string(make([]byte, MaxName+1)) }), "name has 129 bytes, the limit is 128"},
		refusal{"a member without a key", with(func(p *pb.Group) { p.Members[0].Key = nil }), "members[0]: key is missing"},
		refusal{"a member who neither came nor went", with(func(p *pb.Group) { p.Members[0].Change = 0 }), "members[0]: change is missing"},
		refusal{"a member who could never leave", with(func(p *pb.Group) { p.Members[0].Change = 1<<64 - 1 }), "change 18446744073709551615 is out of range"},
		refusal{"too many members", with(func(p *pb.Group) { p.Members = many }), "members are 201, the limit is 200"},
	)
}

func TestTheLargestGroupFitsAnItem(t *testing.T) {
	g := Group{ID: exampleGroup, Name: string(make([]byte, MaxName))}
	for i := range MaxGroupEntries {
		g.Members = append(g.Members, GroupMember{counting[Key](byte(i)), 1 << 32})
	}
	body, err := g.AppendBody(nil)
	if err != nil || len(body) > MaxItem {
		t.Errorf("%d bytes, %v", len(body), err)
	}
}

func FuzzParseGroup(f *testing.F) { groupCodec.fuzz(f) }
