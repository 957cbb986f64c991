package wire

import (
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"
	"peerd/wire/internal/pb"
)

var fileOfferCodec = bodyCodec("file_offer", ParseFileOffer)

var exampleRoot = [32]byte{0: 1, 31: 0xff}

func TestFileOfferVectors(t *testing.T) {
	fileOfferCodec.testVectors(t,
		example[FileOffer]{"a photo", FileOffer{Name: "photo.jpg", Size: 2_500_000, Files: 1, Manifest: 120, Root: exampleRoot}},
		example[FileOffer]{"an empty folder", FileOffer{Name: "空", Folder: true, Manifest: 4, Root: exampleRoot}},
		example[FileOffer]{"a name that is no name: the recipient makes it harmless", FileOffer{Name: "../\x1b[2J", Manifest: 4, Root: exampleRoot}},
	)
}

func TestFileOfferRefuses(t *testing.T) {
	with := func(change func(*pb.FileOffer)) proto.Message {
		p := &pb.FileOffer{Name: "a", Size: 1, Files: 1, Manifest: 40, Root: exampleRoot[:]}
		change(p)
		return p
	}
	testRefusals(t, ParseFileOffer,
		refusal{"no name", with(func(p *pb.FileOffer) { p.Name = "" }), "parse file-offer: name is missing"},
		refusal{"a name no file system holds", with(func(p *pb.FileOffer) { p.Name = strings.Repeat("a", MaxFileName+1) }), "name has 256 bytes, the limit is 255"},
		refusal{"no manifest", with(func(p *pb.FileOffer) { p.Manifest = 0 }), "manifest is missing"},
		refusal{"a manifest that would fill the memory", with(func(p *pb.FileOffer) { p.Manifest = MaxManifest + 1 }), "manifest is over 50331648"},
		refusal{"too many files", with(func(p *pb.FileOffer) { p.Files = MaxFiles + 1 }), "files is over 100000"},
		refusal{"a size that no chunks add up to", with(func(p *pb.FileOffer) { p.Size = MaxFileSize + 1 }), "size is over 1099511627776"},
		refusal{"no root", with(func(p *pb.FileOffer) { p.Root = nil }), "root is missing"},
	)
}

func FuzzParseFileOffer(f *testing.F) { fileOfferCodec.fuzz(f) }
