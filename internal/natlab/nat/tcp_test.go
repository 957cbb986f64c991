package nat

import (
	"encoding/binary"
	"testing"
	"time"
)

// What comes of a TCP segment from outside, after some segments have passed.
func TestTCPSegmentFromOutside(t *testing.T) {
	type segment struct {
		from  Side
		flags byte
	}
	const synAck = flagSYN | flagACK
	syn := segment{Inside, flagSYN}
	for name, c := range map[string]struct {
		behaviour Behaviour
		before    []segment
		flags     byte
		want      Drop
	}{
		"answer to a SYN":             {Behaviour{Filtering: APDF}, []segment{syn}, synAck, Forwarded},
		"simultaneous open":           {Behaviour{Filtering: APDF}, []segment{syn}, flagSYN, Forwarded},
		"data of a connection":        {Behaviour{Filtering: APDF}, []segment{syn, {Outside, synAck}}, flagACK, Forwarded},
		"unsolicited SYN":             {Behaviour{}, nil, flagSYN, Unsolicited},
		"data of no connection":       {Behaviour{}, nil, flagACK, Unsolicited},
		"reset of an attempt":         {Behaviour{Filtering: APDF}, []segment{syn}, flagRST | flagACK, Forwarded},
		"SYN after a reset":           {Behaviour{Filtering: APDF}, []segment{syn, {Outside, flagRST}}, flagSYN, Forwarded},
		"last words after both ended": {Behaviour{Filtering: APDF}, []segment{syn, {Outside, synAck}, {Inside, flagFIN}, {Outside, flagFIN}}, flagACK, Forwarded},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, c.behaviour)
			mapping := at(outsideIP + ":5000") // preserved
			for _, s := range c.before {
				packet := tcp(alice, server, s.flags)
				if s.from == Outside {
					packet = tcp(server, mapping.String(), s.flags)
				}
				if _, drop := b.translate(s.from, packet); drop != Forwarded {
					t.Fatalf("flags %#x from side %d: %v", s.flags, s.from, drop)
				}
			}
			if _, got := b.translate(Outside, tcp(server, mapping.String(), c.flags)); got != c.want {
				t.Errorf("%v, want %v", got, c.want)
			}
		})
	}
}

func TestTCPFilteringOfStrangers(t *testing.T) {
	for filtering := EIF; filtering <= APDF; filtering++ {
		t.Run(filtering.String(), func(t *testing.T) {
			b := newBench(t, Behaviour{Filtering: filtering})
			b.translate(Inside, tcp(alice, server, flagSYN))
			mapping := outsideIP + ":5000"
			for from, permitted := range map[string]bool{serverPort: filtering <= ADF, stranger: filtering == EIF} {
				if _, drop := b.translate(Outside, tcp(from, mapping, flagACK)); drop != Unsolicited {
					t.Errorf("data from %s: %v", from, drop)
				}
				if _, drop := b.translate(Outside, tcp(from, mapping, flagSYN)); (drop == Forwarded) != permitted {
					t.Errorf("SYN from %s: %v", from, drop)
				}
				if _, drop := b.translate(Outside, tcp(from, mapping, flagACK)); (drop == Forwarded) != permitted {
					t.Errorf("data from %s after its SYN: %v", from, drop)
				}
			}
		})
	}
}

func TestTCPFromInsideBeginsWithSYN(t *testing.T) {
	b := newBench(t, Behaviour{})
	for _, flags := range []byte{flagACK, flagSYN | flagACK, flagRST} {
		if _, drop := b.translate(Inside, tcp(alice, server, flags)); drop != NoConnection {
			t.Errorf("flags %#x: %v", flags, drop)
		}
	}
	if got := b.nat.Counts(b.now); got != (Counts{}) {
		t.Errorf("counts %+v", got)
	}
}

func TestUnsolicitedSYNIsResetIfWanted(t *testing.T) {
	b := newBench(t, Behaviour{ResetUnsolicited: true})
	out, drop := b.translate(Outside, tcp(stranger, outsideIP+":5000", flagSYN))
	if drop != Unsolicited || route(out) != outsideIP+":5000 > "+stranger {
		t.Fatalf("%v, %v", drop, out)
	}
	segment := out[ipHeader:]
	if got := segment[tcpFlags]; got != flagRST|flagACK {
		t.Errorf("flags %#x", got)
	}
	if got := binary.BigEndian.Uint32(segment[tcpAck:]); got != 1001 {
		t.Errorf("acknowledges %d, want the SYN's 1000 and itself", got)
	}
	if out, _ := b.translate(Outside, tcp(stranger, outsideIP+":5000", flagACK)); out != nil {
		t.Error("answered what is no SYN")
	}
}

func TestTCPLifetimeDependsOnItsState(t *testing.T) {
	const transitory, established = 4 * time.Minute, 124 * time.Minute
	mapping := outsideIP + ":5000"
	open := func(b *bench) {
		b.translate(Inside, tcp(alice, server, flagSYN))
		b.translate(Outside, tcp(server, mapping, flagSYN|flagACK))
	}
	for name, c := range map[string]struct {
		prepare func(b *bench)
		want    time.Duration
	}{
		"unanswered":  {func(b *bench) { b.translate(Inside, tcp(alice, server, flagSYN)) }, transitory},
		"established": {open, established},
		"half closed": {func(b *bench) { open(b); b.translate(Inside, tcp(alice, server, flagFIN)) }, established},
		"closed": {func(b *bench) {
			open(b)
			b.translate(Inside, tcp(alice, server, flagFIN))
			b.translate(Outside, tcp(server, mapping, flagFIN))
		}, transitory},
		"reset": {func(b *bench) { open(b); b.translate(Outside, tcp(server, mapping, flagRST)) }, transitory},
		"opened again": {func(b *bench) {
			open(b)
			b.translate(Outside, tcp(server, mapping, flagRST))
			open(b)
		}, established},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, Behaviour{})
			c.prepare(b)
			b.pass(c.want - 1)
			if got := b.nat.Counts(b.now).Flows; got != 1 {
				t.Errorf("%d flows shortly before the end", got)
			}
			b.pass(1)
			if got := b.nat.Counts(b.now).Flows; got != 0 {
				t.Errorf("%d flows after the end", got)
			}
		})
	}
}
