package wire

import (
	"fmt"
	"testing"
)

// Logs and the command line show these words.
func TestWordsOfEnums(t *testing.T) {
	var datagrams []string
	for kind := DatagramUnknown; kind <= DatagramClassic+1; kind++ {
		datagrams = append(datagrams, kind.String())
	}
	for _, c := range []struct{ got, want string }{
		{fmt.Sprint(datagrams), "[unknown quic binding-request binding-response probe probe-reply relay classic datagram 8]"},
		{fmt.Sprint(CandidateLocal, CandidateObserved, CandidateKind(3)), "local observed predicted"},
		{exampleInstance.String(), "mbqwey3emvtgo2djnjvwy3lon4"},
		{exampleSession.String(), "obyxe43uov3ho6dzpj5xy7l6p4"},
	} {
		if c.got != c.want {
			t.Errorf("words are %q, want %q", c.got, c.want)
		}
	}
}
