package invite

import (
	"errors"
	"net/url"
	"strings"

	"peerd/internal/name"
	"peerd/wire"
)

// maxText bounds what Parse looks at. The longest real invite has a host of 253
// bytes and a circle of 32 characters, each percent-encoded to 12 bytes.
const maxText = 1024

// A MalformedError says which part of an invite is wrong. It never quotes what may
// be a token.
type MalformedError struct {
	Cause string
}

func (e *MalformedError) Error() string {
	return "the invite is not valid: " + e.Cause +
		": copy it whole, or ask for a new one (`rendezvous invite create` on the server)"
}

func malformed(cause string) *MalformedError { return &MalformedError{Cause: cause} }

// Parse reads an invite, with space around it ignored (a file ends with a newline,
// a pasted line begins with a blank). The port may be missing. It returns a
// *MalformedError.
func Parse(text string) (Invite, error) {
	if len(text) > maxText {
		return Invite{}, malformed("it is too long")
	}
	rest, ok := strings.CutPrefix(strings.TrimSpace(text), scheme)
	if !ok {
		return Invite{}, malformed("it does not begin with " + scheme)
	}
	location, fragment, ok := strings.Cut(rest, "#")
	if !ok {
		return Invite{}, malformed("the part after '#' is missing; in a shell, put the invite in single quotes")
	}
	host, escaped, ok := strings.Cut(location, "/")
	if !ok {
		return Invite{}, malformed("the circle is missing")
	}
	address, err := parseAddress(host)
	if err != nil {
		return Invite{}, malformed(err.Error())
	}
	circle, err := parseCircle(escaped)
	if err != nil {
		return Invite{}, malformed(err.Error())
	}
	server, token, err := parseFragment(fragment)
	if err != nil {
		return Invite{}, malformed(err.Error())
	}
	return Invite{Address: address, Circle: circle, Server: server, Token: token}, nil
}

func parseCircle(escaped string) (string, error) {
	text, err := url.PathUnescape(escaped)
	if err != nil {
		return "", errors.New("the circle is not percent-encoded text")
	}
	circle, err := name.Normalize(text)
	if invalid, ok := errors.AsType[*name.InvalidError](err); ok {
		return "", errors.New("the circle's name " + string(invalid.Rule))
	}
	return circle, err
}

func parseFragment(fragment string) (wire.Key, []byte, error) {
	pin, secret, ok := strings.Cut(fragment, ".")
	if !ok {
		return wire.Key{}, nil, errors.New("the part after '#' is cut short")
	}
	server, err := wire.ParseKey(pin)
	if err != nil || server.IsZero() {
		return wire.Key{}, nil, errors.New("the key of the rendezvous is mistyped")
	}
	token, err := parseToken(secret)
	return server, token, err
}

// parseToken accepts one spelling only: base32 leaves two bits of the last
// character unused, and its decoder skips line breaks. It returns nil for an open
// circle's.
func parseToken(text string) ([]byte, error) {
	if text == openWord {
		return nil, nil
	}
	token, err := tokenText.DecodeString(text)
	if err != nil || len(token) != TokenSize || tokenText.EncodeToString(token) != text {
		return nil, errors.New("the token is mistyped or cut short")
	}
	return token, nil
}
