package portmap

import (
	"bytes"
	"net/netip"
	"testing"
	"time"
)

var testNATPMP = natpmp{port: 40_000}

func TestNATPMPRequests(t *testing.T) {
	for name, c := range map[string]struct {
		lifetime time.Duration
		external netip.AddrPort
		want     []string
	}{
		"a new mapping, and the address": {
			10 * time.Minute, netip.AddrPortFrom(netip.Addr{}, 40_000),
			[]string{"0000", "00010000 9c40 9c40 00000258"},
		},
		"a renewal suggests what we have": {
			10 * time.Minute, netip.MustParseAddrPort("1.2.3.4:40001"),
			[]string{"0000", "00010000 9c40 9c41 00000258"},
		},
		"a removal": {
			0, netip.MustParseAddrPort("1.2.3.4:40001"),
			[]string{"00010000 9c40 0000 00000000"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			got := testNATPMP.requests(c.lifetime, c.external)
			if len(got) != len(c.want) {
				t.Fatalf("%d requests, want %d", len(got), len(c.want))
			}
			for i, want := range c.want {
				if !bytes.Equal(got[i], unhex(want)) {
					t.Errorf("request %x, want %s", got[i], want)
				}
			}
		})
	}
}

func TestNATPMPAnswers(t *testing.T) {
	refuse := func(code int, pause time.Duration, mapping bool) answer {
		return answer{epoch: 7, hasEpoch: true, mapping: mapping, refused: refusal{NATPMP, code}, pause: pause}
	}
	address := answer{epoch: 7, hasEpoch: true, address: netip.MustParseAddr("1.2.3.4")}
	noAddress := answer{
		epoch: 7, hasEpoch: true, address: netip.IPv4Unspecified(), refused: errNoExternalAddress, pause: minPause,
	}
	for name, c := range map[string]struct {
		datagram string
		want     answer
	}{
		"address":    {"00800000 00000007 01020304", address},
		"no address": {"00800000 00000007 00000000", noAddress},
		"granted": {
			"00810000 00000007 9c40 9c41 00000258",
			answer{epoch: 7, hasEpoch: true, mapping: true, port: 40_001, lifetime: 10 * time.Minute},
		},
		"removed": {
			"00810000 00000007 9c40 0000 00000000", answer{epoch: 7, hasEpoch: true, mapping: true},
		},
		"not authorized":           {"00810002 00000007 9c40 0000 00000000", refuse(2, maxPause, true)},
		"network failure":          {"00800003 00000007 00000000", refuse(3, minPause, false)},
		"no resources":             {"00810004 00000007 9c40 0000 00000000", refuse(4, minPause, true)},
		"unsupported, cut short":   {"00810005 00000007", refuse(5, maxPause, true)},
		"a code that is not known": {"0081ffff 00000007", refuse(65535, maxPause, true)},
		"unsupported version of a PCP router": {
			"02800001 00000000 00000007 00000000 00000000 00000000",
			answer{refused: refusal{NATPMP, 1}, pause: maxPause},
		},
		"announcement of a router that knows PCP too": {
			"02800000 00000000 00000007 00000000 00000000 00000000", answer{epoch: 7, hasEpoch: true},
		},
	} {
		t.Run(name, func(t *testing.T) {
			if got, ok := testNATPMP.read(unhex(c.datagram)); !ok || got != c.want {
				t.Errorf("read %+v (%v), want %+v", got, ok, c.want)
			}
		})
	}
}

func TestNATPMPIgnoresWhatIsNotForIt(t *testing.T) {
	for name, datagram := range map[string]string{
		"another's port":          "00810000 00000007 9c41 9c41 00000258",
		"TCP":                     "00820000 00000007 9c40 9c41 00000258",
		"a refusal of TCP":        "00820002 00000007 9c40 9c41 00000258",
		"a request":               "00010000 9c40 9c40 00000258",
		"another version":         "01810000 00000007 9c40 9c41 00000258",
		"an address cut short":    "00800000 00000007 010203",
		"a mapping cut short":     "00810000 00000007 9c40 9c41 000002",
		"a refusal cut short":     "00810002 000000",
		"nothing":                 "",
		"a mapping of PCP":        "02810000 00000000 00000007 00000000 00000000 00000000",
		"an announcement cut off": "02800000 00000000 00000007",
	} {
		if got, ok := testNATPMP.read(unhex(datagram)); ok {
			t.Errorf("%s is read as %+v", name, got)
		}
	}
}

func FuzzNATPMPAnswer(f *testing.F) {
	f.Add(unhex("00800000 00000007 01020304"))
	f.Add(unhex("00810000 00000007 9c40 9c41 00000258"))
	f.Add(unhex("00810002 00000007 9c40 0000 00000000"))
	f.Add(unhex("02800001 00000000 00000007 00000000 00000000 00000000"))
	f.Fuzz(func(t *testing.T, datagram []byte) { checkAnswer(t, testNATPMP, datagram) })
}
