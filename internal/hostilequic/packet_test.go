package hostilequic

import (
	"bytes"
	"crypto/tls"
	"encoding/hex"
	"strings"
	"testing"
)

// What follows is from RFC 9001 appendix A.
const (
	firstDestination = "8394c8f03e515708"
	clientHello      = "060040f1010000ed0303ebf8fa56f12939b9584a3896472ec40bb863cfd3e86804fe3a47f06a2b69484c" +
		"00000413011302010000c000000010000e00000b6578616d706c652e636f6dff01000100000a00080006001d001700180010" +
		"0007000504616c706e000500050100000000003300260024001d00209370b2c9caa47fbabaf4559fedba753de171fa71f50f" +
		"1ce15d43e994ec74d748002b0003020304000d0010000e0403050306030203080408050806002d00020101001c0002400100" +
		"3900320408ffffffffffffffff05048000ffff07048000ffff0801100104800075300901100f088394c8f03e51570806048000ffff"
	serverHello = "02000000000600405a020000560303eefce7f7b37ba1d1632e96677825ddf73988cfc79825df566dc5430b9a045a1200" +
		"130100002e00330024001d00209d3c940d89690b84d08a60993c144eca684d1081287c834d5311bcf32bb9da1a002b00020304"
	serverInitial = "cf000000010008f067a5502a4262b5004075c0d95a482cd0991cd25b0aac406a5816b6394100f37a1c69797554780bb3" +
		"8cc5a99f5ede4cf73c3ec2493a1839b3dbcba3f6ea46c5b7684df3548e7ddeb9c3bf9c73cc3f3bded74b562bfb19fb84022f8e" +
		"f4cdd93795d77d06edbb7aaf2f58891850abbdca3d20398c276456cbc42158407dd074ee"
)

func octets(t *testing.T, text string) []byte {
	t.Helper()
	b, err := hex.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestClientInitialIsThatOfTheRFC(t *testing.T) {
	client, _, err := initialKeys(octets(t, firstDestination))
	if err != nil {
		t.Fatal(err)
	}
	h := header{level: tls.QUICEncryptionLevelInitial, destination: octets(t, firstDestination), number: 2}
	frames := append(octets(t, clientHello), make([]byte, 1162-245)...)
	packet := hex.EncodeToString(client.seal(nil, h, frames))
	const begins, ends = "c000000001088394c8f03e5157080000449e7b9aec34d1b1c98dd7689fb8ec11d242b123", "e221af44860018ab0856972e194cd934"
	if len(packet) != 2*InitialSize || !strings.HasPrefix(packet, begins) || !strings.HasSuffix(packet, ends) {
		t.Errorf("packet of %d octets: %s", len(packet)/2, packet)
	}
}

func TestServerInitialOfTheRFCIsRead(t *testing.T) {
	_, server, err := initialKeys(octets(t, firstDestination))
	if err != nil {
		t.Fatal(err)
	}
	const coalesced = "e000000001"
	h, packet, numberAt, rest, err := split(octets(t, serverInitial+coalesced))
	if err != nil {
		t.Fatal(err)
	}
	framesAt := server.unprotect(packet, numberAt, &h, 0)
	frames, err := server.open(packet, framesAt, h.number)
	if err != nil || h.number != 1 || hex.EncodeToString(h.source) != "f067a5502a4262b5" || hex.EncodeToString(frames) != serverHello {
		t.Errorf("packet %d of %x: %x (%v)", h.number, h.source, frames, err)
	}
	if hex.EncodeToString(rest) != coalesced {
		t.Errorf("behind it comes %x", rest)
	}
	packet[len(packet)-1] ^= 1
	if _, err := server.open(packet, framesAt, h.number); err == nil {
		t.Error("a damaged packet was opened")
	}
}

func TestPacketsThatAreCutShortAreRefused(t *testing.T) {
	whole := octets(t, serverInitial)
	for n := range len(whole) {
		if _, _, _, _, err := split(whole[:n]); err == nil {
			t.Errorf("%d octets of %d were taken for a packet", n, len(whole))
		}
	}
}

func TestEveryLevelIsReadAgain(t *testing.T) {
	client, _, err := initialKeys([]byte("any"))
	if err != nil {
		t.Fatal(err)
	}
	id := []byte("8 octets")
	for _, want := range []header{
		{level: tls.QUICEncryptionLevelInitial, destination: id, source: id, number: 70_000},
		{level: tls.QUICEncryptionLevelHandshake, destination: id, source: id, number: 70_000},
		{level: application, destination: id, number: 70_000},
		{level: application, destination: id, number: 70_000, phase: true},
	} {
		h, packet, numberAt, rest, err := split(client.seal(nil, want, make([]byte, 30)))
		if err != nil {
			t.Fatal(err)
		}
		frames, err := client.open(packet, client.unprotect(packet, numberAt, &h, 69_999), h.number)
		if err != nil || len(frames) != 30 || len(rest) != 0 {
			t.Errorf("%+v: %d octets, %d behind them (%v)", want, len(frames), len(rest), err)
		}
		if h.level != want.level || h.phase != want.phase || h.number != want.number || !bytes.Equal(h.destination, id) || !bytes.Equal(h.source, want.source) {
			t.Errorf("%+v was read as %+v", want, h)
		}
	}
}

func TestPacketNumbersAreExpandedAsTheRFCSays(t *testing.T) {
	for _, c := range []struct {
		truncated     uint64
		size          int
		largest, want uint64
	}{
		{0x9b32, 2, 0xa82f30ea, 0xa82f9b32}, // RFC 9000 appendix A.3
		{0, 1, 0, 0},
		{0x01, 1, 0xfe, 0x101},
		{0xff, 1, 0x101, 0xff},
	} {
		if got := expandNumber(c.truncated, c.size, c.largest); got != c.want {
			t.Errorf("%#x of %d octets after %#x is %#x, want %#x", c.truncated, c.size, c.largest, got, c.want)
		}
	}
}
