package wire

import (
	"encoding/binary"
	"fmt"
	"strings"
	"unicode/utf8"
)

const (
	// MaxClassicUsers bounds the users of one door, and so the rows of a list:
	// every login is told to all of them.
	MaxClassicUsers = 1000
	// MaxClassicList is the size of the longest list: for each user a name, a
	// comma, the longest IPv4 endpoint and a semicolon; "end", and the longest
	// length that .NET puts in front.
	MaxClassicList = MaxClassicUsers*(MaxName+1+len("255.255.255.255:65535")+1) + len("end") + 5
)

// AppendClassicList appends everybody online as a TCP connection carries it,
// "name,endpoint;…;end", in the encoding of whoever fetches it. On error it
// returns b as it was.
func AppendClassicList(b []byte, users []ClassicUser, encoding ClassicEncoding) ([]byte, error) {
	if len(users) > MaxClassicUsers {
		return b, fmt.Errorf("encode classic list: %d users, at most %d fit", len(users), MaxClassicUsers)
	}
	var text strings.Builder
	for _, user := range users {
		if err := user.check(); err != nil {
			return b, fmt.Errorf("encode classic list: %w", err)
		}
		text.WriteString(user.Name + "," + user.Endpoint.String() + ";")
	}
	text.WriteString("end")
	if encoding == ClassicDotNET {
		b = binary.AppendUvarint(b, uint64(text.Len()))
	}
	return append(b, text.String()...), nil
}

// ParseClassicList decodes everything that a connection carried until its end.
func ParseClassicList(list []byte, encoding ClassicEncoding) ([]ClassicUser, error) {
	if len(list) > MaxClassicList {
		return nil, errNotClassic
	}
	if encoding == ClassicDotNET {
		length, size := binary.Uvarint(list)
		if size <= 0 || length != uint64(len(list)-size) {
			return nil, errNotClassic
		}
		list = list[size:]
	}
	rows, whole := strings.CutSuffix(string(list), "end")
	if !whole || !utf8.Valid(list) || strings.Count(rows, ";") > MaxClassicUsers {
		return nil, errNotClassic
	}
	var users []ClassicUser
	for rows != "" {
		row, rest, ended := strings.Cut(rows, ";")
		user, err := parseClassicUser(row)
		if !ended || err != nil {
			return nil, errNotClassic
		}
		users, rows = append(users, user), rest
	}
	return users, nil
}
