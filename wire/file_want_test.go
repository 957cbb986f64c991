package wire

import (
	"testing"

	"google.golang.org/protobuf/proto"
	"peerd/wire/internal/pb"
)

var fileWantCodec = bodyCodec("file_want", ParseFileWant)

func TestFileWantVectors(t *testing.T) {
	fileWantCodec.testVectors(t,
		example[FileWant]{"the first chunk", FileWant{Count: 1}},
		example[FileWant]{"as many as one may ask for", FileWant{First: 1 << 20, Count: MaxFileWant}},
	)
}

func TestFileWantRefuses(t *testing.T) {
	with := func(change func(*pb.FileWant)) proto.Message {
		p := &pb.FileWant{First: 1, Count: 1}
		change(p)
		return p
	}
	testRefusals(t, ParseFileWant,
		refusal{"nothing wanted", with(func(p *pb.FileWant) { p.Count = 0 }), "parse file-want: count is missing"},
		refusal{"too many at once", with(func(p *pb.FileWant) { p.Count = MaxFileWant + 1 }), "count is over 256"},
		refusal{"beyond every file", with(func(p *pb.FileWant) { p.First = 1 << 63 }), "first is over 1099511627776"},
	)
}

func FuzzParseFileWant(f *testing.F) { fileWantCodec.fuzz(f) }
