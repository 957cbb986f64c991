package wire

import (
	"bytes"
	"net/netip"
	"reflect"
	"strings"
	"testing"
)

// classicList is a list as its vectors show it.
type classicList struct {
	Encoding string
	Users    []ClassicUser
}

func classicListCodec(encoding ClassicEncoding, name string) codec[classicList] {
	return codec[classicList]{
		name:   name,
		encode: func(l classicList) ([]byte, error) { return AppendClassicList(nil, l.Users, encoding) },
		decode: func(b []byte) (classicList, error) {
			users, err := ParseClassicList(b, encoding)
			return classicList{encoding.String(), users}, err
		},
	}
}

var (
	classicTextList   = classicListCodec(ClassicUTF8, "classic_list")
	classicDotNETList = classicListCodec(ClassicDotNET, "classic_list_dotnet")
)

func TestClassicListVectors(t *testing.T) {
	users := []ClassicUser{{"alice", exampleLocal}, {"天涯", exampleEndpoint}}
	many := make([]ClassicUser, 10) // more than 127 bytes: a length of two octets
	for i := range many {
		many[i] = ClassicUser{strings.Repeat(string(rune('a'+i)), 10), exampleEndpoint}
	}
	for _, c := range []codec[classicList]{classicTextList, classicDotNETList} {
		encoding := ClassicUTF8.String()
		if c.name == "classic_list_dotnet" {
			encoding = ClassicDotNET.String()
		}
		c.testVectors(t,
			example[classicList]{"nobody", classicList{encoding, nil}},
			example[classicList]{"two users", classicList{encoding, users}},
			example[classicList]{"ten users", classicList{encoding, many}},
		)
	}
}

func TestClassicListRefuses(t *testing.T) {
	row := "alice,192.0.2.1:9;"
	for name, list := range map[string]string{
		"nothing":                   "",
		"a list without its end":    row,
		"a list cut inside its end": row + "en",
		"something after the end":   row + "end;",
		"a row that has no end":     "alice,192.0.2.1:9end",
		"a row without endpoint":    "alice;end",
		"a row without name":        ",192.0.2.1:9;end",
		"an empty row":              row + ";end",
		"bytes that are no text":    "al\xffice,192.0.2.1:9;end",
		"more users than there are": strings.Repeat(row, MaxClassicUsers+1) + "end",
		"more bytes than there are": strings.Repeat("a", MaxClassicList+1),
	} {
		if users, err := ParseClassicList([]byte(list), ClassicUTF8); err == nil {
			t.Errorf("%s: decoded %v", name, users)
		}
	}
	for name, list := range map[string]string{
		"nothing":                  "",
		"no length":                "end",
		"a length that is cut":     "\x80",
		"a length that is larger":  "\x04end",
		"a length that is smaller": "\x02end",
		"a length without end":     strings.Repeat("\x80", 20) + "end",
	} {
		if users, err := ParseClassicList([]byte(list), ClassicDotNET); err == nil {
			t.Errorf("%s, .NET: decoded %v", name, users)
		}
	}
}

func TestClassicListHoldsAFullDoor(t *testing.T) {
	users := make([]ClassicUser, MaxClassicUsers)
	for i := range users {
		users[i] = ClassicUser{strings.Repeat("a", MaxName), netip.MustParseAddrPort("255.255.255.255:65535")}
	}
	for _, encoding := range []ClassicEncoding{ClassicUTF8, ClassicDotNET} {
		list, err := AppendClassicList([]byte("kept"), users, encoding)
		if err != nil || !bytes.HasPrefix(list, []byte("kept")) {
			t.Fatal(err)
		}
		if back, err := ParseClassicList(list[4:], encoding); err != nil || !reflect.DeepEqual(back, users) {
			t.Errorf("%v: %d users came back, %v", encoding, len(back), err)
		}
		if b, err := AppendClassicList(nil, append(users, users[0]), encoding); err == nil || b != nil {
			t.Errorf("%v: a list of too many was encoded", encoding)
		}
	}
}

func FuzzClassicList(f *testing.F)       { classicTextList.fuzz(f) }
func FuzzClassicListDotNET(f *testing.F) { classicDotNETList.fuzz(f) }
