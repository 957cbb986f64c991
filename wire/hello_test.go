package wire

import (
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"
	"peerd/wire/internal/pb"
)

var helloCodec = bodyCodec("hello", ParseHello)

func TestHelloVectors(t *testing.T) {
	helloCodec.testVectors(t,
		example[Hello]{"least: a member back without UDP", Hello{Version: 1, Instance: exampleInstance}},
		example[Hello]{"a new member with an invite", Hello{
			Version: 1, Name: "小明", Token: []byte("sixteen byte tok"), Instance: exampleInstance,
			Candidates: exampleCandidates, NAT: exampleNAT, Prekey: examplePrekey,
		}},
		example[Hello]{"a member that holds a roster", Hello{
			Version: 1, Instance: exampleInstance, RosterEpoch: 1<<64 - 1, RosterVersion: 300,
		}},
		example[Hello]{"a member that takes part in the classic protocol", Hello{
			Version: 1, Instance: exampleInstance, Candidates: exampleCandidates, Classic: true,
		}},
		example[Hello]{"a member with its certificate", Hello{
			Version: 1, Name: "小明", Instance: exampleInstance, Certificate: exampleCertificate.Append(nil),
		}},
		example[Hello]{"a member that requires two features", Hello{
			Version: 2, Name: "小明", Instance: exampleInstance, Requires: []Feature{FeatureWithhold, 300},
		}},
		example[Hello]{"a member that withholds its endpoints", Hello{
			Version: 2, Name: "小明", Instance: exampleInstance, Candidates: exampleCandidates, Requires: []Feature{FeatureWithhold}, Withhold: true,
		}},
	)
}

func TestHelloRefuses(t *testing.T) {
	with := func(change func(*pb.Hello)) proto.Message {
		p := &pb.Hello{Version: 1, Instance: exampleInstance[:]}
		change(p)
		return p
	}
	candidate := func(p *pb.Candidate) proto.Message {
		return with(func(h *pb.Hello) { h.Candidates = append(h.Candidates, p) })
	}
	endpoint := appendEndpoint(nil, exampleEndpoint)
	testRefusals(t, ParseHello,
		refusal{"no version", with(func(p *pb.Hello) { p.Version = 0 }), "parse hello: version is missing"},
		refusal{"no instance", with(func(p *pb.Hello) { p.Instance = nil }), "parse hello: instance is missing"},
		refusal{"an instance of zeros", with(func(p *pb.Hello) { p.Instance = make([]byte, 16) }), "instance is missing"},
		refusal{"an instance too long", with(func(p *pb.Hello) { p.Instance = make([]byte, 17) }), "instance has 17 bytes instead of 16"},
		refusal{"a name too long", with(func(p *pb.Hello) { p.Name = strings.Repeat("n", MaxName+1) }), "name has 129 bytes"},
		refusal{"a token too long", with(func(p *pb.Hello) { p.Token = make([]byte, MaxToken+1) }), "token has 65 bytes"},
		refusal{"a certificate too long", with(func(p *pb.Hello) { p.Certificate = make([]byte, MaxCertificate+1) }), "certificate has 201 bytes"},
		refusal{"requirements of version 1", with(func(p *pb.Hello) { p.Requires = []uint32{1} }), "version 1 requires nothing of its reader"},
		refusal{"a requirement without number", with(func(p *pb.Hello) { p.Version, p.Requires = 2, []uint32{1, 0} }), "required feature is missing"},
		refusal{"more requirements than 64", with(func(p *pb.Hello) { p.Version, p.Requires = 2, slices.Repeat([]uint32{1}, 65) }), "requires are 65, the limit is 64"},
		refusal{"more requirements than are counted", with(func(p *pb.Hello) { p.Version, p.Requires = 2, make([]uint32, 257) }), "requires has more than 256 items"},
		refusal{"a prekey too short", with(func(p *pb.Hello) { p.Prekey = make([]byte, 103) }), "prekey has 103 bytes instead of 104"},
		refusal{"a prekey without id", with(func(p *pb.Hello) { p.Prekey = append(make([]byte, 103), 1) }), "prekey id is missing"},
		refusal{"nine candidates", with(func(p *pb.Hello) {
			for range MaxCandidates + 1 {
				p.Candidates = append(p.Candidates, &pb.Candidate{Endpoint: endpoint, Kind: 1})
			}
		}), "candidates are 9, the limit is 8"},
		refusal{"a candidate without endpoint", candidate(&pb.Candidate{Kind: 1}), "candidates[0]: endpoint is missing"},
		refusal{"a candidate without port", candidate(&pb.Candidate{Kind: 1, Endpoint: []byte{203, 0, 113, 7, 0, 0}}), "candidates[0]: endpoint is not an endpoint"},
		refusal{"a candidate at 0.0.0.0", candidate(&pb.Candidate{Kind: 1, Endpoint: []byte{0, 0, 0, 0, 1, 1}}), "endpoint is not an endpoint"},
		refusal{"a candidate at ::ffff:0.0.0.0", candidate(&pb.Candidate{Kind: 1, Endpoint: append(append(make([]byte, 10), 0xff, 0xff, 0, 0, 0, 0), 1, 1)}), "endpoint is not an endpoint"},
		refusal{"a candidate with a five-byte address", candidate(&pb.Candidate{Kind: 1, Endpoint: make([]byte, 7)}), "endpoint is not an endpoint"},
		refusal{"a candidate without kind", candidate(&pb.Candidate{Endpoint: endpoint}), "candidates[0]: kind is missing"},
		refusal{"a candidate of kind 256", candidate(&pb.Candidate{Endpoint: endpoint, Kind: 256}), "kind 256 is out of range"},
		refusal{"a candidate with half a cookie", candidate(&pb.Candidate{Endpoint: endpoint, Kind: 2, Cookie: make([]byte, 10)}), "cookie has 10 bytes instead of 20"},
	)
}

func FuzzParseHello(f *testing.F) { helloCodec.fuzz(f) }

func BenchmarkParseHello(b *testing.B) {
	body, err := Hello{Version: 1, Instance: exampleInstance, Candidates: exampleCandidates, Prekey: examplePrekey}.AppendBody(nil)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := ParseHello(body); err != nil {
			b.Fatal(err)
		}
	}
}
