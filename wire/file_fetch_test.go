package wire

import (
	"testing"

	"google.golang.org/protobuf/proto"
	"peerd/wire/internal/pb"
)

var fileFetchCodec = bodyCodec("file_fetch", ParseFileFetch)

func TestFileFetchVectors(t *testing.T) {
	fileFetchCodec.testVectors(t,
		example[FileFetch]{"the manifest first", FileFetch{Offer: exampleMessageID, Manifest: true}},
		example[FileFetch]{"the rest of a file", FileFetch{Offer: exampleMessageID, Have: 1 << 30}},
	)
}

func TestFileFetchRefuses(t *testing.T) {
	with := func(change func(*pb.FileFetch)) proto.Message {
		p := &pb.FileFetch{Offer: exampleMessageID[:]}
		change(p)
		return p
	}
	testRefusals(t, ParseFileFetch,
		refusal{"no offer", with(func(p *pb.FileFetch) { p.Offer = nil }), "parse file-fetch: offer is missing"},
		refusal{"more than there can be", with(func(p *pb.FileFetch) { p.Have = MaxFileSize + 1 }), "have is over 1099511627776"},
	)
}

func FuzzParseFileFetch(f *testing.F) { fileFetchCodec.fuzz(f) }
