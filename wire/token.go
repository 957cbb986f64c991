package wire

import (
	"fmt"
	"io"
)

// A Token is an invite's secret: whoever has it may become a member.
type Token []byte

// Format implements fmt.Formatter: no verb shows the token.
func (Token) Format(state fmt.State, _ rune) { io.WriteString(state, "token(…)") }

// MarshalText implements encoding.TextMarshaler, for JSON and logs.
func (Token) MarshalText() ([]byte, error) { return []byte("token(…)"), nil }
