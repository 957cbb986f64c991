package wire

import "peerd/wire/internal/pb"

// FileOffer offers a file, or a folder with everything in it. The id of the item
// it comes in names the offer for ever. It says only what the recipient needs to
// decide; what is in the folder travels once the offer has been accepted, and has
// to match Root.
type FileOffer struct {
	Name     string   // of the file or folder, at most MaxFileName bytes; untrusted as a path and for terminals
	Folder   bool     // Name is a folder's
	Size     uint64   // of all files together, in bytes
	Files    uint32   // how many there are, at most MaxFiles
	Manifest uint32   // bytes of the manifest, at most MaxManifest
	Root     [32]byte // of the hash tree over names, sizes and content
}

// Kind implements Message.
func (m FileOffer) Kind() Kind { return KindFileOffer }

// AppendBody implements Message.
func (m FileOffer) AppendBody(b []byte) ([]byte, error) {
	return appendBody(b, KindFileOffer, &pb.FileOffer{
		Name:     m.Name,
		Folder:   m.Folder,
		Size:     m.Size,
		Files:    m.Files,
		Manifest: m.Manifest,
		Root:     m.Root[:],
	}, decodeFileOffer)
}

// ParseFileOffer decodes the body of a KindFileOffer item.
func ParseFileOffer(body []byte) (FileOffer, error) {
	return parseBody(KindFileOffer, body, &pb.FileOffer{}, decodeFileOffer)
}

func decodeFileOffer(p *pb.FileOffer) (FileOffer, error) {
	var f fields
	m := FileOffer{
		Name:     f.text("name", p.Name, MaxFileName),
		Folder:   p.Folder,
		Size:     f.atMost("size", p.Size, MaxFileSize),
		Files:    uint32(f.atMost("files", uint64(p.Files), MaxFiles)),
		Manifest: uint32(f.atMost("manifest", f.positive("manifest", uint64(p.Manifest)), MaxManifest)),
	}
	if m.Name == "" {
		f.fail("name is missing")
	}
	f.fixed(m.Root[:], "root", p.Root)
	return m, f.check()
}
