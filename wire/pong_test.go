package wire

import "testing"

var pongCodec = bodyCodec("pong", ParsePong)

func TestPongVectors(t *testing.T) {
	pongCodec.testVectors(t,
		example[Pong]{"zero is a nonce too", Pong{}},
		example[Pong]{"the largest nonce", Pong{Nonce: 1<<64 - 1}},
	)
}

func FuzzParsePong(f *testing.F) { pongCodec.fuzz(f) }
