package nat

import (
	"testing"
)

func TestEchoIsTranslatedByItsIdentifier(t *testing.T) {
	const pinged = "203.0.113.1:0"
	b := newBench(t, Behaviour{Filtering: APDF})
	first, _ := b.translate(Inside, echo(icmpEchoRequest, alice, pinged))
	second, _ := b.translate(Inside, echo(icmpEchoRequest, bob, pinged))
	if mustParse(first).source() == mustParse(second).source() {
		t.Fatalf("both leave as %s", route(first))
	}
	for inside, out := range map[string][]byte{alice: first, bob: second} {
		in, drop := b.translate(Outside, echo(icmpEchoReply, pinged, mustParse(out).source().String()))
		if want := pinged + " > " + inside; drop != Forwarded || route(in) != want {
			t.Errorf("reply to %s: %v", inside, drop)
		}
	}
	for name, packet := range map[string][]byte{
		"reply of a stranger":  echo(icmpEchoReply, "203.0.113.2:0", mustParse(first).source().String()),
		"request from outside": echo(icmpEchoRequest, "203.0.113.1:5000", outsideIP+":0"),
	} {
		if _, drop := b.translate(Outside, packet); drop != Unsolicited {
			t.Errorf("%s: %v", name, drop)
		}
	}
}

// An error about what the inside has sent comes in with what the inside had sent, whoever on the path reports it.
func TestErrorFromOutsideQuotesWhatTheInsideSent(t *testing.T) {
	const router = "192.0.2.1:0"
	for name, sent := range map[string][]byte{
		"UDP": udp(alice, server, "question"), "TCP": tcp(alice, server, flagSYN),
		"echo": echo(icmpEchoRequest, alice, "203.0.113.1:0"),
	} {
		for _, length := range []int{28, 1000} {
			for _, kind := range []byte{icmpTimeExceeded, icmpUnreachable, icmpParameterProblem} {
				t.Run(name, func(t *testing.T) {
					b := newBench(t, Behaviour{Mapping: APDM, Filtering: APDF, Allocation: Random})
					left, _ := b.translate(Inside, sent)
					outside := mustParse(left).source()
					in, drop := b.translate(Outside, icmpError(kind, router, outside.String(), left, length))
					if drop != Forwarded {
						t.Fatal(drop)
					}
					if want := "192.0.2.1:0 > 192.168.1.2:0"; route(in) != want {
						t.Errorf("came in as %s, want %s", route(in), want)
					}
					quoted, _ := mustParse(in).quoted()
					if quoted.source() != at(alice) || quoted.destination() != mustParse(sent).destination() {
						t.Errorf("quotes %v > %v", quoted.source(), quoted.destination())
					}
				})
			}
		}
	}
}

// An error about what came in leaves with what had been sent to the NAT, even from a router behind it.
func TestErrorFromInsideQuotesWhatTheOutsideSent(t *testing.T) {
	for _, reporter := range []string{alice, "192.168.1.77:0"} {
		b := newBench(t, Behaviour{Mapping: APDM, Filtering: APDF, Allocation: Random})
		mapping := b.observed(alice, server)
		in, _ := b.translate(Outside, udp(server, mapping.String(), "answer"))
		out, drop := b.translate(Inside, icmpError(icmpUnreachable, reporter, server, in, 1000))
		if drop != Forwarded {
			t.Fatal(drop)
		}
		if want := outsideIP + ":0 > 203.0.113.1:0"; route(out) != want {
			t.Errorf("left as %s, want %s", route(out), want)
		}
		quoted, _ := mustParse(out).quoted()
		if quoted.source() != at(server) || quoted.destination() != mapping {
			t.Errorf("quotes %v > %v", quoted.source(), quoted.destination())
		}
	}
}

func TestErrorAboutAHairpinnedPacket(t *testing.T) {
	b := newBench(t, Behaviour{Hairpin: true})
	aliceAt, bobAt := b.observed(alice, server), b.observed(bob, server)
	in, _ := b.translate(Inside, udp(alice, bobAt.String(), "hello"))
	out, drop := b.translate(Inside, icmpError(icmpUnreachable, bob, aliceAt.String(), in, 1000))
	if want := outsideIP + ":0 > 192.168.1.2:0"; drop != Forwarded || route(out) != want {
		t.Fatalf("%v, %v", drop, out)
	}
	quoted, _ := mustParse(out).quoted()
	if quoted.source() != at(alice) || quoted.destination() != bobAt {
		t.Errorf("quotes %v > %v", quoted.source(), quoted.destination())
	}
}

func TestErrorsAboutNothingAreDropped(t *testing.T) {
	b := newBench(t, Behaviour{})
	mapping := b.observed(alice, server).String()
	later := udp(mapping, server, "question")
	later[ipFragment+1] = 1
	for name, c := range map[string]struct {
		about []byte
		want  Drop
	}{
		"another remote endpoint": {udp(mapping, stranger, ""), Unrelated},
		"another port":            {udp(outsideIP+":77", server, ""), Unrelated},
		"another address":         {udp("198.51.100.2:5000", server, ""), Unrelated},
		"another protocol":        {tcp(mapping, server, flagSYN), Unrelated},
		"a later fragment":        {later, Fragment},
		"something short":         {udp(mapping, server, "")[:27], Malformed},
	} {
		if _, drop := b.translate(Outside, icmpError(icmpUnreachable, stranger, mapping, c.about, 1000)); drop != c.want {
			t.Errorf("error about %s: %v, want %v", name, drop, c.want)
		}
		if _, drop := b.translate(Inside, icmpError(icmpUnreachable, alice, server, c.about, 1000)); drop != c.want {
			t.Errorf("error from inside about %s: %v, want %v", name, drop, c.want)
		}
	}
}

func TestExceededTTLIsReportedToTheSender(t *testing.T) {
	b := newBench(t, Behaviour{Filtering: APDF})
	dying := func(packet []byte) []byte {
		packet[ipTTL] = 1
		p := mustParse(packet)
		p.bytes[ipChecksum], p.bytes[ipChecksum+1] = 0, 0
		p.updateChecksum(ipChecksum, 0xffff, sum(packet[:p.transport]))
		return packet
	}
	check := func(name string, from Side, packet []byte, want string) {
		t.Helper()
		out, drop := b.translate(from, packet)
		if drop != TTLExceeded || out == nil {
			t.Errorf("%s: %v, %v", name, drop, out)
			return
		}
		quoted, _ := mustParse(out).quoted()
		if route(out) != want || quoted.source() != mustParse(packet).source() {
			t.Errorf("%s: reported %s, want %s", name, route(out), want)
		}
	}
	check("from inside", Inside, dying(udp(alice, server, "")), "192.168.1.1:0 > 192.168.1.2:0")
	check("a long one", Inside, dying(udp(alice, server, string(make([]byte, 1400)))), "192.168.1.1:0 > 192.168.1.2:0")
	if got := b.nat.Counts(b.now); got != (Counts{}) {
		t.Errorf("it opened a flow: %+v", got)
	}
	mapping := b.observed(alice, server).String()
	check("from outside", Outside, dying(udp(server, mapping, "")), outsideIP+":0 > 203.0.113.1:0")

	if out, drop := b.translate(Outside, dying(udp(stranger, mapping, ""))); drop != Unsolicited || out != nil {
		t.Errorf("unsolicited: %v, %v", drop, out)
	}
	about := icmpError(icmpUnreachable, "192.0.2.1:0", mapping, udp(mapping, server, ""), 28)
	if out, drop := b.translate(Outside, dying(about)); drop != TTLExceeded || out != nil {
		t.Errorf("an error: %v, %v, want no error about an error", drop, out)
	}
}
