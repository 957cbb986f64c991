package wire

import (
	"net/netip"
	"testing"

	"peerd/wire/internal/pb"
)

var endpointsCodec = bodyCodec("endpoints", ParseEndpoints)

func TestEndpointsVectors(t *testing.T) {
	endpointsCodec.testVectors(t,
		example[Endpoints]{"UDP is gone", Endpoints{}},
		example[Endpoints]{"behind a router", Endpoints{Candidates: exampleCandidates, NAT: exampleNAT}},
		example[Endpoints]{"a kind of candidate from the future is kept", Endpoints{
			Candidates: []Candidate{{Endpoint: exampleEndpoint, Kind: 77}},
		}},
		example[Endpoints]{"for nobody without consent", Endpoints{Candidates: exampleCandidates, NAT: exampleNAT, Withhold: true}},
	)
}

func TestEndpointsRefuses(t *testing.T) {
	testRefusals(t, ParseEndpoints,
		refusal{"an empty candidate", &pb.Endpoints{Candidates: []*pb.Candidate{{}}}, "parse endpoints: candidates[0]: endpoint is missing"},
	)
}

func TestEndpointsArriveUnmappedAndWithoutZone(t *testing.T) {
	for sent, want := range map[string]string{
		"[::ffff:203.0.113.7]:1": "203.0.113.7:1",
		"[fe80::1%eth0]:1":       "[fe80::1]:1",
	} {
		body, err := Endpoints{Candidates: []Candidate{{Endpoint: netip.MustParseAddrPort(sent), Kind: CandidateLocal}}}.AppendBody(nil)
		if err != nil {
			t.Fatal(err)
		}
		if netip.MustParseAddrPort(want).Addr().Is4() && len(body) != 12 {
			t.Errorf("%s is sent in %d bytes, which is not IPv4's size", sent, len(body))
		}
		m, err := ParseEndpoints(body)
		if err != nil {
			t.Fatal(err)
		}
		if got := m.Candidates[0].Endpoint; got != netip.MustParseAddrPort(want) {
			t.Errorf("%s arrives as %s, want %s", sent, got, want)
		}
	}
	mapped := append(append(make([]byte, 10), 0xff, 0xff, 203, 0, 113, 7), 0, 1)
	if got, ok := parseEndpoint(mapped); !ok || got != netip.MustParseAddrPort("203.0.113.7:1") {
		t.Errorf("a mapped address on the wire arrives as %s", got)
	}
}

func FuzzParseEndpoints(f *testing.F) { endpointsCodec.fuzz(f) }
