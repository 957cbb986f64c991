package portmap

import (
	"bytes"
	"encoding/hex"
	"net/netip"
	"strings"
	"testing"
	"time"
)

var testPCP = pcp{
	client: netip.MustParseAddr("192.168.1.2"), port: 40_000,
	nonce: [12]byte{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12},
}

// unhex decodes hexadecimal digits with spaces between them.
func unhex(text string) []byte {
	b, err := hex.DecodeString(strings.ReplaceAll(text, " ", ""))
	if err != nil {
		panic(err)
	}
	return b
}

func TestPCPRequests(t *testing.T) {
	const (
		client = "00000000 00000000 0000ffff c0a80102"
		nonce  = "01020304 05060708 090a0b0c"
	)
	for name, c := range map[string]struct {
		lifetime time.Duration
		external string
		want     string
	}{
		"a new mapping suggests our port on any address": {
			10 * time.Minute, "0.0.0.0:40000",
			"02010000 00000258" + client + nonce + "11000000 9c40 9c40 00000000 00000000 0000ffff 00000000",
		},
		"a renewal suggests what we have": {
			10 * time.Minute, "1.2.3.4:40001",
			"02010000 00000258" + client + nonce + "11000000 9c40 9c41 00000000 00000000 0000ffff 01020304",
		},
		"a removal suggests nothing": {
			0, "1.2.3.4:40001",
			"02010000 00000000" + client + nonce + "11000000 9c40 0000 00000000 00000000 0000ffff 00000000",
		},
	} {
		t.Run(name, func(t *testing.T) {
			got := testPCP.requests(c.lifetime, netip.MustParseAddrPort(c.external))
			if len(got) != 1 || !bytes.Equal(got[0], unhex(c.want)) {
				t.Errorf("requests\n%x, want\n%x", got, unhex(c.want))
			}
		})
	}
	first := testPCP.requests(time.Minute, netip.AddrPortFrom(netip.Addr{}, 40_000))
	if want := testPCP.requests(time.Minute, netip.MustParseAddrPort("0.0.0.0:40000")); !bytes.Equal(first[0], want[0]) {
		t.Errorf("no address is written as %x, want %x", first, want)
	}
}

// pcpAnswer builds a MAP response to testPCP.
func pcpAnswer(code byte, lifetime, epoch string, rest ...string) []byte {
	if len(rest) == 0 {
		rest = []string{"01020304 05060708 090a0b0c 11000000 9c40 9c41 00000000 00000000 0000ffff 01020304"}
	}
	return unhex("028100" + hex.EncodeToString([]byte{code}) + lifetime + epoch + "00000000 00000000 00000000" + rest[0])
}

func TestPCPAnswers(t *testing.T) {
	refuse := func(code int, pause time.Duration) answer {
		return answer{
			epoch: 7, hasEpoch: true, mapping: true, refused: refusal{PCP, code}, pause: pause,
		}
	}
	granted := answer{
		epoch: 7, hasEpoch: true, mapping: true, lifetime: 10 * time.Minute,
		address: netip.MustParseAddr("1.2.3.4"), port: 40_001,
	}
	none := granted
	none.address, none.refused, none.pause = netip.IPv4Unspecified(), errNoExternalAddress, minPause
	removed := granted
	removed.lifetime = 0

	for name, c := range map[string]struct {
		datagram []byte
		want     answer
	}{
		"granted": {pcpAnswer(0, "00000258", "00000007"), granted},
		"granted, with an option behind": {
			append(pcpAnswer(0, "00000258", "00000007"), 3, 0, 0, 0), granted,
		},
		"removed": {pcpAnswer(0, "00000000", "00000007"), removed},
		"granted without an address": {
			pcpAnswer(0, "00000258", "00000007",
				"01020304 05060708 090a0b0c 11000000 9c40 9c41 00000000 00000000 0000ffff 00000000"), none,
		},
		"not authorized, for the time it says": {pcpAnswer(2, "000000b4", "00000007"), refuse(2, 3*time.Minute)},
		"network failure, for no time":         {pcpAnswer(7, "00000000", "00000007"), refuse(7, minPause)},
		"no resources, for ever":               {pcpAnswer(8, "ffffffff", "00000007"), refuse(8, maxPause)},
		"another NAT between":                  {pcpAnswer(12, "00000708", "00000007"), refuse(12, 30*time.Minute)},
		"a code that is not known":             {pcpAnswer(200, "0000003c", "00000007"), refuse(200, time.Minute)},
		"unsupported version, the header alone": {
			unhex("02810001 00000000 00000007 00000000 00000000 00000000"),
			answer{epoch: 7, hasEpoch: true, refused: refusal{PCP, 1}, pause: maxPause},
		},
		"unsupported version of a NAT-PMP router": {
			unhex("00810001 00000007"), answer{refused: refusal{PCP, 1}, pause: maxPause},
		},
		"announcement": {
			unhex("02800000 00000000 00000007 00000000 00000000 00000000"), answer{epoch: 7, hasEpoch: true},
		},
	} {
		t.Run(name, func(t *testing.T) {
			if got, ok := testPCP.read(c.datagram); !ok || got != c.want {
				t.Errorf("read %+v (%v), want %+v", got, ok, c.want)
			}
		})
	}
}

func TestPCPIgnoresWhatIsNotForIt(t *testing.T) {
	for name, datagram := range map[string][]byte{
		"another's nonce": pcpAnswer(0, "00000258", "00000007",
			"ff020304 05060708 090a0b0c 11000000 9c40 9c41 00000000 00000000 0000ffff 01020304"),
		"another's port": pcpAnswer(0, "00000258", "00000007",
			"01020304 05060708 090a0b0c 11000000 9c41 9c41 00000000 00000000 0000ffff 01020304"),
		"TCP": pcpAnswer(0, "00000258", "00000007",
			"01020304 05060708 090a0b0c 06000000 9c40 9c41 00000000 00000000 0000ffff 01020304"),
		"a request":              testPCP.requests(time.Minute, netip.MustParseAddrPort("1.2.3.4:5"))[0],
		"another opcode":         unhex("02820000 00000000 00000007 00000000 00000000 00000000"),
		"not a multiple of four": append(pcpAnswer(0, "00000258", "00000007"), 0),
		"too long":               append(pcpAnswer(0, "00000258", "00000007"), make([]byte, 1044)...),
	} {
		if got, ok := testPCP.read(datagram); ok {
			t.Errorf("%s is read as %+v", name, got)
		}
	}
	whole := pcpAnswer(0, "00000258", "00000007")
	for n := range len(whole) {
		if got, ok := testPCP.read(whole[:n]); ok {
			t.Errorf("the first %d bytes are read as %+v", n, got)
		}
	}
}

func FuzzPCPAnswer(f *testing.F) {
	f.Add(pcpAnswer(0, "00000258", "00000007"))
	f.Add(pcpAnswer(8, "00000258", "00000007"))
	f.Add(unhex("02800000 00000000 00000007 00000000 00000000 00000000"))
	f.Add(unhex("00810001 00000007"))
	f.Fuzz(func(t *testing.T, datagram []byte) { checkAnswer(t, testPCP, datagram) })
}

// checkAnswer reads a datagram and checks what every answer has to keep.
func checkAnswer(t *testing.T, d dialect, datagram []byte) {
	before := bytes.Clone(datagram)
	told, ok := d.read(datagram)
	switch {
	case !bytes.Equal(before, datagram):
		t.Fatal("reading changes the datagram")
	case !ok && told != answer{}:
		t.Fatalf("not for us, but %+v", told)
	case told.refused != nil && (told.pause < minPause || told.pause > maxPause):
		t.Fatalf("a refusal is believed for %v", told.pause)
	case told.refused == nil && told.address.IsValid() && !told.address.Is4() && told.lifetime > 0:
		t.Fatalf("external address %v", told.address)
	case len(datagram) > pcpMaxLength && ok && told.mapping && datagram[0] == pcpVersion:
		t.Fatalf("%d bytes are read", len(datagram))
	}
}
