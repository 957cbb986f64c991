package wire

// A Message is anything a frame can carry. The messages of this package are
// plain values; Parse returns values, never pointers.
type Message interface {
	Kind() Kind
	// AppendBody appends the encoded body to b and returns the result. It
	// fails, naming message and field, for a value that Parse would refuse.
	AppendBody(b []byte) ([]byte, error)
}

// Parse decodes a body of the given kind; unknown kinds return (nil, nil), so
// that a newer peer may send what we do not know. Type-switch on the values:
//
//	switch m := m.(type) {
//	case wire.Welcome:
//	case wire.Refused:
//
// What it returns does not alias body, except Relay.Payload.
func Parse(kind Kind, body []byte) (Message, error) {
	m, err := parse(kind, body)
	if err != nil {
		return nil, err
	}
	return m, nil
}

func parse(kind Kind, body []byte) (Message, error) {
	switch kind {
	case KindHello:
		return ParseHello(body)
	case KindWelcome:
		return ParseWelcome(body)
	case KindRefused:
		return ParseRefused(body)
	case KindSnapshot:
		return ParseSnapshot(body)
	case KindDelta:
		return ParseDelta(body)
	case KindEndpoints:
		return ParseEndpoints(body)
	case KindPrekey:
		return ParsePrekey(body)
	case KindTalk:
		return ParseTalk(body)
	case KindTalkRefused:
		return ParseTalkRefused(body)
	case KindIntroduction:
		return ParseIntroduction(body)
	case KindEnvelope:
		return ParseEnvelope(body)
	case KindRelay:
		return ParseRelay(body)
	case KindPing:
		return ParsePing(body)
	case KindPong:
		return ParsePong(body)
	case KindGoodbye:
		return ParseGoodbye(body)
	case KindClassicUsers:
		return ParseClassicUsers(body)
	case KindText:
		return ParseText(body)
	case KindReceipt:
		return ParseReceipt(body)
	case KindRead:
		return ParseRead(body)
	case KindItem:
		return ParseItem(body)
	case KindEdit:
		return ParseEdit(body)
	case KindGroup:
		return ParseGroup(body)
	case KindFileFetch:
		return ParseFileFetch(body)
	case KindFileWant:
		return ParseFileWant(body)
	case KindFileOffer:
		return ParseFileOffer(body)
	case KindFileAnswer:
		return ParseFileAnswer(body)
	}
	return nil, nil
}
