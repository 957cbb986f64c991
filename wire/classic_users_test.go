package wire

import (
	"net/netip"
	"slices"
	"strings"
	"testing"

	"peerd/wire/internal/pb"
)

var classicUsersCodec = bodyCodec("classic_users", ParseClassicUsers)

func TestClassicUsersVectors(t *testing.T) {
	behindNAT := ClassicRow{Name: "天涯", Endpoint: exampleEndpoint, Encoding: ClassicDotNET}
	classicUsersCodec.testVectors(t,
		example[ClassicUsers]{"a door with nobody", ClassicUsers{Whole: true}},
		example[ClassicUsers]{"everybody at the login", ClassicUsers{Whole: true, Online: []ClassicRow{
			{Name: "alice", Endpoint: exampleLocal, Source: netip.AddrPortFrom(exampleLocal.Addr(), 50123)}, behindNAT,
		}}},
		example[ClassicUsers]{"somebody comes", ClassicUsers{Online: []ClassicRow{behindNAT}}},
		example[ClassicUsers]{"two go", ClassicUsers{Gone: []string{"alice", "天涯"}}},
	)
}

func TestClassicUsersRefuses(t *testing.T) {
	at := appendEndpoint(nil, exampleLocal)
	one := func(row *pb.ClassicRow) *pb.ClassicUsers { return &pb.ClassicUsers{Online: []*pb.ClassicRow{row}} }
	testRefusals(t, ParseClassicUsers,
		refusal{"a user without name", one(&pb.ClassicRow{Endpoint: at}), "online[0]: the name is not one of"},
		refusal{"a user with a comma in the name", one(&pb.ClassicRow{Name: "a,b", Endpoint: at}), "online[0]: the name is not one of"},
		refusal{"a user with a name too long", one(&pb.ClassicRow{Name: strings.Repeat("n", MaxName+1), Endpoint: at}), "online[0]: the name is not one of"},
		refusal{"a user without endpoint", one(&pb.ClassicRow{Name: "a"}), "online[0]: endpoint is missing"},
		refusal{"a user without port", one(&pb.ClassicRow{Name: "a", Endpoint: []byte{192, 0, 2, 1, 0, 0}}), "endpoint is not an endpoint"},
		refusal{"a user at an IPv6 endpoint", one(&pb.ClassicRow{Name: "a", Endpoint: appendEndpoint(nil, exampleEndpoint6)}), "endpoint: not an IPv4 endpoint"},
		refusal{"a user who sends from an IPv6 endpoint", one(&pb.ClassicRow{Name: "a", Endpoint: at, Source: appendEndpoint(nil, exampleEndpoint6)}), "source: not an IPv4 endpoint"},
		refusal{"a user with half a source", one(&pb.ClassicRow{Name: "a", Endpoint: at, Source: at[:3]}), "source is not an endpoint"},
		refusal{"an encoding we cannot write", one(&pb.ClassicRow{Name: "a", Endpoint: at, Encoding: 2}), "online[0]: encoding 2 is unknown"},
		refusal{"an encoding that fits no octet", one(&pb.ClassicRow{Name: "a", Endpoint: at, Encoding: 256}), "online[0]: encoding 256 is unknown"},
		refusal{"nobody goes", &pb.ClassicUsers{Gone: []string{""}}, "the name is not one of"},
		refusal{"too much in all", &pb.ClassicUsers{Online: slices.Repeat([]*pb.ClassicRow{{}}, 200), Gone: make([]string, 57)},
			"online and gone are 257, the limit is 256"},
	)
}

func TestAChunkOfTheLongestClassicRowsFitsAFrame(t *testing.T) {
	longest := ClassicRow{Name: strings.Repeat("天", MaxName/3), Endpoint: exampleEndpoint, Source: exampleLocal, Encoding: ClassicDotNET}
	frame, err := AppendFrame(nil, ClassicUsers{Whole: true, Online: slices.Repeat([]ClassicRow{longest}, MaxRows)})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ParseClassicUsers(frame[FrameHeaderSize:]); err != nil {
		t.Error(err)
	}
}

func FuzzParseClassicUsers(f *testing.F) { classicUsersCodec.fuzz(f) }
