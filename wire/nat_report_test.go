package wire

import (
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"peerd/wire/internal/pb"
)

func TestNATReportKeepsWhatIsMeaningful(t *testing.T) {
	block := NATReport{Mapping: MappingAPDM, Allocation: AllocationBlock, FirstPort: 20000, LastPort: 20511, Lifetime: 2 * time.Minute}
	for name, test := range map[string]struct{ sent, want NATReport }{
		"a block and a lifetime": {block, block},
		"a block in disorder": {
			NATReport{Allocation: AllocationBlock, FirstPort: 2, LastPort: 1}, NATReport{Allocation: AllocationBlock}},
		"a block of a NAT that has none": {
			NATReport{Allocation: AllocationRandom, FirstPort: 1, LastPort: 2}, NATReport{Allocation: AllocationRandom}},
		"a lifetime of weeks": {
			NATReport{Lifetime: 500 * time.Hour}, NATReport{Lifetime: MaxLifetime}},
	} {
		t.Run(name, func(t *testing.T) {
			if got := decodeNATReport(test.sent.encode()); got != test.want {
				t.Errorf("report is %+v, want %+v", got, test.want)
			}
		})
	}
}

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
