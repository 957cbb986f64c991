package store

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
)

// What is needed of SQLite's file format (https://sqlite.org/fileformat2.html) to
// read the rows of a file that SQLite itself refuses:
//
//	page   │ kind 1 │ … 2 │ cells 2 │ … 3 │ rightmost child 4, interior only │ cell offsets 2 each │ … cells
//	cell   │ left child 4, interior only │ payload size │ row_id, tables only │ payload │ overflow page 4
//	record │ header size │ serial type of each column │ values
//
// Page 1 begins with the file's header of 100 bytes. Nothing here trusts a byte
// that it reads.

const (
	interiorIndex = 0x02
	interiorTable = 0x05
	leafIndex     = 0x0a
	leafTable     = 0x0d

	fileHeaderSize  = 100
	defaultPageSize = 4096
	walHeaderSize   = 32
	walFrameHeader  = 24
	// maxPayload bounds a row. Messages have at most 64 KiB.
	maxPayload = 1 << 20
)

// errDamagedPage says that a page is not what its place in the file asks for.
var errDamagedPage = errors.New("page is damaged")

// pages are those of a database file, with what its write-ahead log has of them.
type pages struct {
	size    int // of a page
	file    io.ReaderAt
	changed map[uint32][]byte // by the log
	count   uint32
}

// readPages reads a file, and its log if it has one. The file should not be open
// in SQLite.
func readPages(file *os.File) (*pages, error) {
	log, err := os.ReadFile(file.Name() + "-wal")
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	p := &pages{size: defaultPageSize, file: file, changed: make(map[uint32][]byte)}
	var header [fileHeaderSize]byte
	if _, err := file.ReadAt(header[:], 0); err == nil {
		if size := int(binary.BigEndian.Uint16(header[16:])); validPageSize(size) {
			p.size = size
		}
	}
	p.applyLog(log)
	p.count = max(p.count, uint32(info.Size()/int64(p.size)))
	return p, nil
}

func validPageSize(size int) bool { return size >= 512 && size <= 32768 && size&(size-1) == 0 }

// applyLog takes the pages of the log's transactions that are whole.
func (p *pages) applyLog(log []byte) {
	if len(log) < walHeaderSize {
		return
	}
	var order binary.ByteOrder = binary.LittleEndian
	switch binary.BigEndian.Uint32(log) {
	case 0x377f0682:
	case 0x377f0683:
		order = binary.BigEndian
	default:
		return
	}
	if size := int(binary.BigEndian.Uint32(log[8:])); validPageSize(size) {
		p.size = size
	}
	sum := walSum{order: order}
	sum.add(log[:24])
	salt, frames := log[16:24], log[walHeaderSize:]
	if !sum.is(log[24:32]) {
		return
	}
	transaction := make(map[uint32][]byte)
	for len(frames) >= walFrameHeader+p.size {
		header, page := frames[:walFrameHeader], frames[walFrameHeader:walFrameHeader+p.size]
		frames = frames[walFrameHeader+p.size:]
		sum.add(header[:8])
		sum.add(page)
		if !bytes.Equal(header[8:16], salt) || !sum.is(header[16:24]) {
			return
		}
		transaction[binary.BigEndian.Uint32(header)] = page
		if committed := binary.BigEndian.Uint32(header[4:]); committed != 0 {
			for number, page := range transaction {
				p.changed[number] = page
				p.count = max(p.count, number)
			}
			clear(transaction)
		}
	}
}

// walSum is the running checksum of a write-ahead log.
type walSum struct {
	order  binary.ByteOrder
	s0, s1 uint32
}

func (s *walSum) add(b []byte) {
	for ; len(b) >= 8; b = b[8:] {
		s.s0 += s.order.Uint32(b) + s.s1
		s.s1 += s.order.Uint32(b[4:]) + s.s0
	}
}

func (s *walSum) is(b []byte) bool {
	return binary.BigEndian.Uint32(b) == s.s0 && binary.BigEndian.Uint32(b[4:]) == s.s1
}

// page returns a page by its number, from 1.
func (p *pages) page(number uint32) ([]byte, error) {
	if page := p.changed[number]; page != nil {
		return page, nil
	}
	page := make([]byte, p.size)
	if number == 0 {
		return nil, fmt.Errorf("page 0: %w", errDamagedPage)
	}
	if _, err := p.file.ReadAt(page, int64(number-1)*int64(p.size)); err != nil {
		return nil, fmt.Errorf("page %d: %w: %w", number, errDamagedPage, err)
	}
	return page, nil
}

// A cell is what a tree has in one place: a row, or in an interior page of a table
// only a child.
type cell struct {
	child  uint32 // 0 in leaves
	row    int64  // of tables
	values []any  // nil, int64, float64, string or []byte
}

// A node is a page of a tree, as far as it can be read.
type node struct {
	kind  byte
	cells []cell
	right uint32 // the last child of an interior page
	bad   int    // cells that cannot be read
}

func (n node) isTable() bool { return n.kind == leafTable || n.kind == interiorTable }

// node reads a page as one of a tree.
func (p *pages) node(number uint32) (node, error) {
	page, err := p.page(number)
	if err != nil {
		return node{}, err
	}
	start := 0
	if number == 1 {
		start = fileHeaderSize
	}
	n := node{kind: page[start]}
	offsets := start + 8
	switch n.kind {
	case leafTable, leafIndex:
	case interiorTable, interiorIndex:
		n.right = binary.BigEndian.Uint32(page[start+8:])
		offsets += 4
	default:
		return node{}, fmt.Errorf("page %d: %w", number, errDamagedPage)
	}
	count := int(binary.BigEndian.Uint16(page[start+3:]))
	if offsets+2*count > len(page) {
		return node{}, fmt.Errorf("page %d: %w", number, errDamagedPage)
	}
	for i := range count {
		c, err := p.cell(n.kind, page, int(binary.BigEndian.Uint16(page[offsets+2*i:])))
		if err != nil {
			n.bad++
			continue
		}
		n.cells = append(n.cells, c)
	}
	return n, nil
}

func (p *pages) cell(kind byte, page []byte, at int) (c cell, err error) {
	r := reader{page, at}
	if kind == interiorTable || kind == interiorIndex {
		c.child = r.uint32()
	}
	if kind == interiorTable {
		return c, r.err()
	}
	size := r.varint()
	if kind == leafTable {
		c.row = r.varint()
	}
	payload, err := p.payload(kind, &r, size)
	if err != nil {
		return c, err
	}
	c.values, err = record(payload)
	return c, err
}

// payload returns a cell's, of which the page has the beginning and overflow pages
// the rest.
func (p *pages) payload(kind byte, r *reader, size int64) ([]byte, error) {
	if size < 0 || size > maxPayload || r.err() != nil {
		return nil, errDamagedPage
	}
	usable := int64(p.size)
	largest := usable - 35
	if kind != leafTable {
		largest = (usable-12)*64/255 - 23
	}
	if size <= largest {
		payload := r.bytes(size)
		return payload, r.err()
	}
	smallest := (usable-12)*32/255 - 23
	local := smallest + (size-smallest)%(usable-4)
	if local > largest {
		local = smallest
	}
	payload := bytes.Clone(r.bytes(local))
	next := r.uint32()
	for int64(len(payload)) < size {
		page, err := p.page(next)
		if err != nil {
			return nil, err
		}
		next = binary.BigEndian.Uint32(page)
		payload = append(payload, page[4:min(usable, 4+size-int64(len(payload)))]...)
	}
	if next != 0 { // the last one says that it is
		return nil, errDamagedPage
	}
	return payload, r.err()
}

// record returns the values of a row.
func record(payload []byte) ([]any, error) {
	r := reader{payload, 0}
	headerSize := r.varint()
	if headerSize < 1 || headerSize > int64(len(payload)) {
		return nil, errDamagedPage
	}
	values := reader{payload, int(headerSize)}
	var row []any
	for int64(r.at) < headerSize && r.err() == nil {
		row = append(row, values.value(r.varint()))
	}
	if r.err() != nil || values.err() != nil || values.at != len(payload) {
		return nil, errDamagedPage
	}
	return row, nil
}

// A reader reads from at. Past the end it returns zeros, and err says so.
type reader struct {
	b  []byte
	at int // negative once it was past the end
}

func (r *reader) err() error {
	if r.at < 0 {
		return errDamagedPage
	}
	return nil
}

func (r *reader) bytes(n int64) []byte {
	if r.at < 0 || n < 0 || n > int64(len(r.b)-r.at) {
		r.at = math.MinInt32
		return nil
	}
	b := r.b[r.at : r.at+int(n)]
	r.at += int(n)
	return b
}

func (r *reader) uint32() uint32 {
	if b := r.bytes(4); b != nil {
		return binary.BigEndian.Uint32(b)
	}
	return 0
}

// varint reads up to nine bytes: seven bits of each, all eight of the ninth.
func (r *reader) varint() (n int64) {
	for i := range 9 {
		b := r.bytes(1)
		switch {
		case b == nil:
			return 0
		case i == 8:
			return n<<8 | int64(b[0])
		}
		n = n<<7 | int64(b[0]&0x7f)
		if b[0] < 0x80 {
			break
		}
	}
	return n
}

// value reads a value of a serial type.
func (r *reader) value(serial int64) any {
	switch {
	case serial == 0:
		return nil
	case serial >= 1 && serial <= 6:
		return signed(r.bytes([...]int64{1, 2, 3, 4, 6, 8}[serial-1]))
	case serial == 7:
		return math.Float64frombits(uint64(signed(r.bytes(8))))
	case serial == 8, serial == 9:
		return serial - 8
	case serial >= 12 && serial%2 == 0:
		return bytes.Clone(r.bytes((serial - 12) / 2))
	case serial >= 13:
		return string(r.bytes((serial - 13) / 2))
	}
	r.at = math.MinInt32
	return nil
}

func signed(b []byte) (n int64) {
	for i, octet := range b {
		if n = n<<8 | int64(octet); i == 0 {
			n = int64(int8(octet))
		}
	}
	return n
}
