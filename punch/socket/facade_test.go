//go:build linux

package socket

import (
	"slices"
	"testing"

	"golang.org/x/sys/unix"
)

// quic-go keeps its offloads on our packet conn: without them a session costs
// more than twice the CPU.
func TestQUICUsesOffloads(t *testing.T) {
	for name, direct := range map[string]bool{"over the relay": false, "directly": true} {
		t.Run(name, func(t *testing.T) {
			var sender, receiver *tap
			p := newPairOver(t, tapInto(&sender, nil), tapInto(&receiver, nil))
			a, b := p.connect(t)
			if direct {
				p.punch(t)
			}
			transfer(t, a, b, 100, nil)
			if !a.ConnectionState().GSO || !b.ConnectionState().GSO {
				t.Error("quic-go does not use GSO")
			}
			if sent := sender.seen(); sent.segmentedSends == 0 || sent.markedSends < sent.sends/2 {
				t.Errorf("of %d sends %d were segmented and %d marked for ECN", sent.sends, sent.segmentedSends, sent.markedSends)
			}
			if received := receiver.seen(); received.joinedReads == 0 || received.markedReads == 0 {
				t.Errorf("%d super-buffers were received, %d marked for ECN", received.joinedReads, received.markedReads)
			}
		})
	}
}

func TestSendControlMessages(t *testing.T) {
	segment := control(unix.IPPROTO_UDP, unix.UDP_SEGMENT, 2, 0xb0, 0x04)
	four := control(unix.IPPROTO_IP, unix.IP_TOS, 1, 2)
	six := control(unix.IPPROTO_IPV6, unix.IPV6_TCLASS, 4, 1, 0, 0, 0)
	source := control(unix.IPPROTO_IP, unix.IP_PKTINFO, 12, 1, 2, 3, 4)
	for name, test := range map[string]struct {
		oob         []byte
		segmentSize int
		ecn         uint8
	}{
		"none":                    {nil, 0, 0},
		"segments":                {segment, 1200, 0},
		"IPv4's ECN":              {four, 0, 2},
		"IPv6's ECN":              {six, 0, 1},
		"a source is passed over": {slices.Concat(source, segment, six), 1200, 1},
		"cut off":                 {slices.Concat(six, segment[:unix.CmsgLen(1)]), 0, 1},
		"not a control message":   {[]byte{1, 2, 3}, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			segmentSize, ecn := parseSendControl(test.oob)
			if segmentSize != test.segmentSize || ecn != test.ecn {
				t.Errorf("got segments of %d and ECN %d, want %d and %d", segmentSize, ecn, test.segmentSize, test.ecn)
			}
		})
	}
}

func TestReceivedECNReadsBack(t *testing.T) {
	for ecn := range uint8(4) {
		oob := make([]byte, 128)
		if _, got := parseSendControl(oob[:putECN(oob, ecn)]); got != ecn {
			t.Errorf("got ECN %d, want %d", got, ecn)
		}
	}
	if n := putECN(make([]byte, 8), 1); n != 0 {
		t.Errorf("%d bytes were written where there is no room", n)
	}
}

// control builds one control message of the given size on a little-endian
// machine.
func control(level, kind int32, size int, data ...byte) []byte {
	b := make([]byte, unix.CmsgSpace(size))
	putHeader(b, level, kind, size)
	copy(b[unix.CmsgLen(0):], data)
	return b
}
