package wire

import (
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// The classic protocol is the one that ours descends from: text, without
// versions, keys or encryption. SPEC.md section 9 has it whole.
//
//	user                         door                    other users
//	 | login,alice,10.0.0.2:9000  |                           |
//	 | -------------------------> |                           |
//	 | <----------- Accept,7799   |                           |
//	 | <== TCP: alice,…;bob,…;end |  login,alice,10.0.0.2:9000 |
//	 |                            | ------------------------> |
//	 | talk,3:21 PM,alice,hello, you                          |
//	 | -----------------------------------------------------> |
//	 | logout,alice,10.0.0.2:9000 | logout,alice,…            |
//	 | -------------------------> | ------------------------> |

// Limits of the classic protocol, enforced in both directions.
const (
	// MaxClassicDatagram is the largest UDP payload there is over IPv4. A talk
	// may have it; whoever wants to reach a home router whole sends less than
	// 1472.
	MaxClassicDatagram = 65507
	// MaxClassicRequest bounds every datagram but a talk: 320 bytes are the
	// longest login in UTF-16, rounded up. A door need not look at longer ones.
	MaxClassicRequest = 320
	// MaxClassicTime bounds the time in a talk, in bytes of UTF-8: the longest
	// long form of a date and time in any language takes about 80.
	MaxClassicTime = 128
)

// errNotClassic is returned for what is no message of the classic protocol. It
// quotes nothing: the text is a stranger's.
var errNotClassic = errors.New("not a message of the classic protocol")

// A ClassicMessage is a datagram of the classic protocol: ClassicLogin,
// ClassicLogout, ClassicAccept or ClassicTalk.
type ClassicMessage interface {
	// fields returns the message as the texts between its commas.
	fields() ([]string, error)
}

// A ClassicUser is somebody online: one row of a list.
type ClassicUser struct {
	// Name has 1 to MaxName bytes of UTF-8, no comma, no semicolon, no control
	// characters and none that turn the direction of text.
	Name string
	// Endpoint is an IPv4 endpoint: the user's own idea of where it listens,
	// from user to door; where others reach it, from door to users.
	Endpoint netip.AddrPort
}

// ClassicLogin asks a door to be let in, or tells users that somebody was.
type ClassicLogin ClassicUser

// ClassicLogout says goodbye to a door, or tells users that somebody is gone.
type ClassicLogout ClassicUser

// ClassicAccept answers a login: fetch the list at this TCP port, never 0. It
// is always smaller than the login.
type ClassicAccept struct{ Port uint16 }

// ClassicTalk is what one user says to another, directly.
type ClassicTalk struct {
	// Time is the sender's date and time in a long form, to be shown and not to
	// be computed with: 0 to MaxClassicTime bytes, without commas.
	Time string
	// Name is the sender's; nothing proves it.
	Name string
	// Text is everything after the third comma. It may be empty.
	Text string
}

// ParseClassic decodes a datagram and says in which encoding it came. The
// message does not alias it.
func ParseClassic(datagram []byte) (ClassicMessage, ClassicEncoding, error) {
	encoding := classicEncodingOf(datagram)
	text, err := encoding.text(datagram)
	if err != nil {
		return nil, encoding, err
	}
	message, err := parseClassicText(text)
	if err != nil {
		return nil, encoding, err
	}
	if _, talk := message.(ClassicTalk); !talk && len(datagram) > MaxClassicRequest {
		return nil, encoding, errNotClassic
	}
	return message, encoding, nil
}

// AppendClassic appends m as a datagram. On error it returns b as it was.
func AppendClassic(b []byte, m ClassicMessage, encoding ClassicEncoding) ([]byte, error) {
	fields, err := m.fields()
	if err != nil {
		return b, fmt.Errorf("encode classic message: %w", err)
	}
	datagram := encoding.append(b, strings.Join(fields, ","))
	if len(datagram)-len(b) > MaxClassicDatagram {
		return b, fmt.Errorf("encode classic message: it has %d bytes, at most %d fit a datagram", len(datagram)-len(b), MaxClassicDatagram)
	}
	return datagram, nil
}

func parseClassicText(text string) (ClassicMessage, error) {
	word, rest, _ := strings.Cut(text, ",")
	switch word {
	case "login":
		user, err := parseClassicUser(rest)
		return ClassicLogin(user), err
	case "logout":
		user, err := parseClassicUser(rest)
		return ClassicLogout(user), err
	case "Accept":
		port, err := strconv.ParseUint(rest, 10, 16)
		if err != nil || port == 0 {
			return nil, errNotClassic
		}
		return ClassicAccept{Port: uint16(port)}, nil
	case "talk":
		return parseClassicTalk(rest)
	}
	return nil, errNotClassic
}

// parseClassicUser reads "name,a.b.c.d:port".
func parseClassicUser(text string) (ClassicUser, error) {
	name, endpoint, found := strings.Cut(text, ",")
	at, err := netip.ParseAddrPort(endpoint)
	user := ClassicUser{Name: name, Endpoint: at}
	if !found || err != nil || user.check() != nil {
		return ClassicUser{}, errNotClassic
	}
	return user, nil
}

func parseClassicTalk(text string) (ClassicMessage, error) {
	fields := strings.SplitN(text, ",", 3)
	if len(fields) < 3 {
		return nil, errNotClassic
	}
	talk := ClassicTalk{Time: fields[0], Name: fields[1], Text: fields[2]}
	if talk.check() != nil {
		return nil, errNotClassic
	}
	return talk, nil
}

func (m ClassicLogin) fields() ([]string, error) {
	return []string{"login", m.Name, m.Endpoint.String()}, ClassicUser(m).check()
}

func (m ClassicLogout) fields() ([]string, error) {
	return []string{"logout", m.Name, m.Endpoint.String()}, ClassicUser(m).check()
}

func (m ClassicAccept) fields() ([]string, error) {
	if m.Port == 0 {
		return nil, errors.New("the port is 0")
	}
	return []string{"Accept", strconv.Itoa(int(m.Port))}, nil
}

func (m ClassicTalk) fields() ([]string, error) {
	return []string{"talk", m.Time, m.Name, m.Text}, m.check()
}

func (u ClassicUser) check() error {
	if err := checkClassicName(u.Name); err != nil {
		return err
	}
	if at := u.Endpoint; !at.Addr().Is4() || at.Addr().IsUnspecified() || at.Port() == 0 {
		return fmt.Errorf("the endpoint is %v, want an IPv4 address and a port", at)
	}
	return nil
}

func (m ClassicTalk) check() error {
	if len(m.Time) > MaxClassicTime || strings.ContainsFunc(m.Time, func(r rune) bool { return r == ',' || acts(r) }) {
		return fmt.Errorf("the time is not a text of at most %d bytes without commas", MaxClassicTime)
	}
	if err := checkClassicText(m.Text); err != nil {
		return err
	}
	return checkClassicName(m.Name)
}

func checkClassicName(name string) error {
	bad := func(r rune) bool { return r == ',' || r == ';' || acts(r) }
	if name == "" || len(name) > MaxName || strings.ContainsFunc(name, bad) {
		return fmt.Errorf("the name is not one of 1 to %d bytes without separators and control characters", MaxName)
	}
	return checkClassicText(name)
}

// checkClassicText refuses what is no text. A zero is none: it would end the
// text in some languages, and the two encodings are told apart by it.
func checkClassicText(text string) error {
	if !utf8.ValidString(text) || strings.ContainsRune(text, 0) {
		return errors.New("not a text in UTF-8")
	}
	return nil
}

// acts reports whether r acts on what shows it instead of appearing: controls,
// line separators, and what turns the direction of text.
func acts(r rune) bool {
	return r == utf8.RuneError || unicode.In(r, unicode.Cc, unicode.Zl, unicode.Zp, unicode.Bidi_Control)
}
