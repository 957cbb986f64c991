package wire

import (
	"errors"
	"net/netip"

	"peerd/wire/internal/pb"
)

// ClassicUsers tells a peer that takes part in the classic protocol
// (Hello.Classic) who is online at the rendezvous' door: everybody at the login,
// in chunks of which the first is Whole, then who comes and who goes. There is no
// version: what was said on an earlier connection counts no more.
type ClassicUsers struct {
	Whole  bool         // everybody told before is gone
	Online []ClassicRow // came, or take the place of a row with the same name
	Gone   []string     // names. Online and Gone together are at most MaxRows
}

// A ClassicRow is a classic user as peers see it. Nothing about it is proven but
// that somebody at the address of Source has fetched the door's list over TCP.
type ClassicRow struct {
	Name     string         // as in ClassicUser
	Endpoint netip.AddrPort // IPv4: where others reach the user
	// Source is the IPv4 endpoint that the user's login came from. The original
	// program sends everything from there and receives at Endpoint. Zero: it is
	// the Endpoint.
	Source   netip.AddrPort
	Encoding ClassicEncoding // that the user's program reads
}

// Kind implements Message.
func (m ClassicUsers) Kind() Kind { return KindClassicUsers }

// AppendBody implements Message.
func (m ClassicUsers) AppendBody(b []byte) ([]byte, error) {
	p := &pb.ClassicUsers{Whole: m.Whole, Gone: m.Gone}
	for _, row := range m.Online {
		p.Online = append(p.Online, &pb.ClassicRow{
			Name:     row.Name,
			Endpoint: appendEndpoint(nil, row.Endpoint),
			Source:   appendEndpoint(nil, row.Source),
			Encoding: uint32(row.Encoding),
		})
	}
	return appendBody(b, KindClassicUsers, p, decodeClassicUsers)
}

// ParseClassicUsers decodes the body of a KindClassicUsers frame.
func ParseClassicUsers(body []byte) (ClassicUsers, error) {
	return parseBody(KindClassicUsers, body, &pb.ClassicUsers{}, decodeClassicUsers)
}

func decodeClassicUsers(p *pb.ClassicUsers) (ClassicUsers, error) {
	var f fields
	if items := len(p.Online) + len(p.Gone); items > MaxRows {
		f.fail("online and gone are %d, the limit is %d", items, MaxRows)
		return ClassicUsers{}, f.check()
	}
	m := ClassicUsers{Whole: p.Whole}
	for i, row := range p.Online {
		var inner fields
		m.Online = append(m.Online, inner.classicRow(row))
		if inner.err != nil {
			f.fail("online[%d]: %w", i, inner.err)
			return ClassicUsers{}, f.check()
		}
	}
	for _, name := range p.Gone {
		m.Gone = append(m.Gone, f.classicName(name))
	}
	return m, f.check()
}

func (f *fields) classicRow(p *pb.ClassicRow) ClassicRow {
	row := ClassicRow{
		Name:     f.classicName(p.Name),
		Endpoint: f.classicEndpoint("endpoint", p.Endpoint),
		Encoding: ClassicEncoding(p.Encoding),
	}
	if len(p.Source) > 0 {
		row.Source = f.classicEndpoint("source", p.Source)
	}
	if p.Encoding > uint32(ClassicDotNET) {
		f.fail("encoding %d is unknown", p.Encoding)
	}
	return row
}

func (f *fields) classicName(name string) string {
	if err := checkClassicName(name); err != nil {
		f.fail("%w", err)
	}
	return name
}

func (f *fields) classicEndpoint(name string, b []byte) netip.AddrPort {
	endpoint := f.endpoint(name, b)
	if f.err == nil && !endpoint.Addr().Is4() {
		f.fail("%s: %w", name, errNotIPv4)
	}
	return endpoint
}

// errNotIPv4 is for endpoints that the classic protocol cannot write.
var errNotIPv4 = errors.New("not an IPv4 endpoint")
