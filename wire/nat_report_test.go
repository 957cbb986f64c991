package wire

import (
	"testing"

	"google.golang.org/protobuf/proto"
	"peerd/wire/internal/pb"
)

// Users script against these words.
func TestNATReportWordsAreTheContract(t *testing.T) {
	var mappings, filterings, allocations string
	for i := range uint8(6) {
		mappings += Mapping(i).String() + " "
		filterings += Filtering(i).String() + " "
		allocations += Allocation(i).String() + " "
	}
	for _, words := range []struct{ got, want string }{
		{mappings, "unknown none eim adm apdm unknown "},
		{filterings, "unknown eif adf apdf unknown unknown "},
		{allocations, "unknown preserving sequential random block unknown "},
	} {
		if words.got != words.want {
			t.Errorf("words are %q, want %q", words.got, words.want)
		}
	}
}

func TestNATReportFromTheFutureIsUnknown(t *testing.T) {
	body, err := proto.Marshal(&pb.Endpoints{Nat: &pb.NATReport{Mapping: 1 << 31, Filtering: 4, Allocation: 2}})
	if err != nil {
		t.Fatal(err)
	}
	m, err := ParseEndpoints(body)
	if err != nil {
		t.Fatal(err)
	}
	if want := (NATReport{Allocation: AllocationSequential}); m.NAT != want {
		t.Errorf("report is %+v, want %+v", m.NAT, want)
	}
}
