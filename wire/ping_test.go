package wire

import "testing"

var pingCodec = bodyCodec("ping", ParsePing)

func TestPingVectors(t *testing.T) {
	pingCodec.testVectors(t,
		example[Ping]{"zero is a nonce too", Ping{}},
		example[Ping]{"the largest nonce", Ping{Nonce: 1<<64 - 1}},
	)
}

func FuzzParsePing(f *testing.F) { pingCodec.fuzz(f) }
