package nat

import (
	"bytes"
	"math/rand/v2"
	"net/netip"
	"testing"
	"time"
)

// FuzzTranslate sends whatever there is through NATs of all kinds, which already have a flow of each protocol.
func FuzzTranslate(f *testing.F) {
	mapping := outsideIP + ":5000"
	for _, packet := range [][]byte{
		udp(alice, server, "question"), udp(server, mapping, "answer"), udp(alice, mapping, "to itself"),
		tcp(alice, server, flagSYN), tcp(server, mapping, flagSYN|flagACK), tcp(stranger, mapping, flagSYN),
		echo(icmpEchoRequest, alice, "203.0.113.1:0"), echo(icmpEchoReply, "203.0.113.1:0", mapping),
		icmpError(icmpTimeExceeded, "192.0.2.1:0", mapping, udp(mapping, server, "question"), 28),
		icmpError(icmpUnreachable, alice, server, udp(server, alice, "answer"), 100),
		icmpError(icmpUnreachable, alice, server, icmpError(icmpUnreachable, server, alice, udp(alice, server, ""), 99), 99),
		withOption(udp(alice, server, "question")),
	} {
		for kind := range uint16(8) {
			f.Add(packet, kind*37, uint8(kind))
		}
	}
	f.Fuzz(func(t *testing.T, packet []byte, kind uint16, seconds uint8) {
		nat, err := New(behaviourNumber(kind), netip.MustParseAddr(outsideIP), netip.MustParseAddr("192.168.1.1"), rand.NewPCG(1, 2))
		if err != nil {
			t.Fatal(err)
		}
		now := time.Unix(1_000_000, 0)
		for _, opening := range [][]byte{
			udp(alice, server, ""), tcp(alice, server, flagSYN), echo(icmpEchoRequest, alice, "203.0.113.1:0"),
		} {
			nat.Translate(now, Inside, opening)
		}
		now = now.Add(time.Duration(seconds) * time.Second)
		for _, side := range []Side{Inside, Outside, Inside, Outside} {
			out, drop := nat.Translate(now, side, bytes.Clone(packet))
			checkOutput(t, nat, packet, side, out, drop)
			checkTable(t, &nat.table)
		}
	})
}

// behaviourNumber spreads all combinations over the numbers.
func behaviourNumber(n uint16) Behaviour {
	return Behaviour{
		Mapping: Mapping(n % 3), Filtering: Filtering(n / 3 % 3), Allocation: Allocation(n / 9 % 3),
		InboundRefresh: n>>5&1 != 0, Hairpin: n>>6&1 != 0, ResetUnsolicited: n>>7&1 != 0, UDPBlocked: n>>8&1 != 0,
		SessionLimit: int(n >> 9 & 7), Strike: time.Duration(n>>12&1) * time.Minute,
		UDPTimeout: time.Duration(n>>13) * time.Second,
	}
}

// checkOutput checks that packets are forwarded to where they may go only, with right checksums if they came with them.
func checkOutput(t *testing.T, nat *Translator, in []byte, from Side, out []byte, drop Drop) {
	if out == nil {
		if drop == Forwarded {
			t.Fatal("forwarded, but gone")
		}
		return
	}
	if wrongChecksums(in) == "" {
		if wrong := wrongChecksums(out); wrong != "" {
			t.Fatalf("side %d: %s\n%x\nbecame\n%x", from, wrong, in, out)
		}
	}
	if drop != Forwarded {
		return
	}
	p, drop := parse(out)
	if drop != Forwarded {
		t.Fatalf("forwarded something %v", drop)
	}
	if from == Inside && p.source().addr != nat.outside {
		t.Fatalf("left from %v", p.source())
	}
	if from == Outside && !isInside(nat, p.destination().addr) {
		t.Fatalf("came in for %v", p.destination())
	}
}

// isInside reports whether the NAT knows the address from inside.
func isInside(nat *Translator, addr address) bool {
	for key := range nat.table.mappings {
		if key.inside.addr == addr {
			return true
		}
	}
	return false
}

// checkTable checks that a NAT's books are in order.
func checkTable(t *testing.T, table *table) {
	flows, ports := 0, 0
	for key, m := range table.mappings {
		flows += len(m.flows)
		permitting := 0
		for remote, f := range m.flows {
			if f.mapping != m || f.remote != remote || f.place.Value != f {
				t.Fatalf("flow %v is not where it belongs", remote)
			}
			if f.permits {
				permitting++
			}
		}
		permissions := 0
		for _, n := range m.permissions {
			permissions += n
		}
		if permitting == 0 || permissions != permitting || key != m.mappingKey {
			t.Fatalf("mapping %v: %d flows permit, %d permissions", key, permitting, permissions)
		}
		if table.ports[m.protocol].owner[m.port] != m {
			t.Fatalf("mapping %v does not own its port", key)
		}
	}
	for _, space := range table.ports {
		ports += len(space.owner)
	}
	if flows != table.flows() || ports != len(table.mappings) {
		t.Fatalf("%d flows, %d queued; %d mappings, %d ports", flows, table.flows(), len(table.mappings), ports)
	}
}
