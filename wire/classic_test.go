package wire

import (
	"errors"
	"net/netip"
	"reflect"
	"strings"
	"testing"
)

// classicFields is a classic datagram as its vectors show it.
type classicFields struct {
	Encoding string
	Login    ClassicUser
	Logout   ClassicUser
	Accept   ClassicAccept
	Talk     ClassicTalk
}

var classicCodec = codec[classicFields]{name: "classic", encode: encodeClassicFields, decode: decodeClassicFields}

func encodeClassicFields(f classicFields) ([]byte, error) {
	messages := []ClassicMessage{ClassicLogin(f.Login), ClassicLogout(f.Logout), f.Accept, f.Talk}
	for _, m := range messages {
		if !reflect.ValueOf(m).IsZero() {
			return AppendClassic(nil, m, classicEncodingNamed(f.Encoding))
		}
	}
	return nil, errNotClassic
}

func decodeClassicFields(datagram []byte) (classicFields, error) {
	message, encoding, err := ParseClassic(datagram)
	fields := classicFields{Encoding: encoding.String()}
	switch m := message.(type) {
	case ClassicLogin:
		fields.Login = ClassicUser(m)
	case ClassicLogout:
		fields.Logout = ClassicUser(m)
	case ClassicAccept:
		fields.Accept = m
	case ClassicTalk:
		fields.Talk = m
	}
	return fields, err
}

func classicEncodingNamed(name string) ClassicEncoding {
	if name == ClassicDotNET.String() {
		return ClassicDotNET
	}
	return ClassicUTF8
}

func TestClassicVectors(t *testing.T) {
	local, observed := ClassicUser{"alice", exampleLocal}, ClassicUser{"alice", exampleEndpoint}
	chinese := ClassicUser{"天涯", exampleLocal}
	classicCodec.testVectors(t,
		example[classicFields]{"login", classicFields{Encoding: "utf-8", Login: local}},
		example[classicFields]{"login in .NET's encoding", classicFields{Encoding: "dotnet", Login: local}},
		example[classicFields]{"login in Chinese", classicFields{Encoding: "utf-8", Login: chinese}},
		example[classicFields]{"login in Chinese, .NET's encoding", classicFields{Encoding: "dotnet", Login: chinese}},
		example[classicFields]{"accept", classicFields{Encoding: "utf-8", Accept: ClassicAccept{7799}}},
		example[classicFields]{"accept in .NET's encoding", classicFields{Encoding: "dotnet", Accept: ClassicAccept{7799}}},
		example[classicFields]{"logout", classicFields{Encoding: "utf-8", Logout: observed}},
		example[classicFields]{"logout in .NET's encoding", classicFields{Encoding: "dotnet", Logout: observed}},
		example[classicFields]{"talk with commas in the message", classicFields{Encoding: "utf-8",
			Talk: ClassicTalk{"21 November 2026 03:21:09", "alice", "well, hello, you"}}},
		example[classicFields]{"talk beyond the basic plane, .NET's encoding", classicFields{Encoding: "dotnet",
			Talk: ClassicTalk{"2026年11月21日 3:21:09", "天涯", "即时聊天 👋"}}},
	)
}

func TestClassicRefuses(t *testing.T) {
	login := func(name, endpoint string) string { return "login," + name + "," + endpoint }
	for name, datagram := range map[string]string{
		"nothing":                            "",
		"half a character of UTF-16":         "l\x00o\x00g",
		"half a surrogate pair":              "t\x00a\x00l\x00k\x00,\x00,\x00a\x00,\x00\x3d\xd8",
		"a surrogate pair in wrong order":    "t\x00a\x00l\x00k\x00,\x00,\x00a\x00,\x00\x4b\xdc\x3d\xd8",
		"bytes that are no text":             login("al\xffice", "192.0.2.1:9"),
		"another word":                       "hello,alice,192.0.2.1:9",
		"another case":                       "Login,alice,192.0.2.1:9",
		"a word alone":                       "login",
		"no name":                            "login,192.0.2.1:9",
		"an empty name":                      login("", "192.0.2.1:9"),
		"no endpoint":                        "login,alice",
		"an empty endpoint":                  login("alice", ""),
		"a comma in the name":                login("ali,ce", "192.0.2.1:9"),
		"a semicolon in the name":            login("ali;ce", "192.0.2.1:9"),
		"a line break in the name":           login("ali\nce", "192.0.2.1:9"),
		"an escape sequence in the name":     login("\x1b[2J", "192.0.2.1:9"),
		"a raw C1 control in the name":       login("a\u009b", "192.0.2.1:9"),
		"a name that turns the direction":    login("a\u202eb", "192.0.2.1:9"),
		"a zero in the name":                 login("al\x00ice", "192.0.2.1:9"),
		"a name that is too long":            login(strings.Repeat("a", MaxName+1), "192.0.2.1:9"),
		"a further field":                    login("alice", "192.0.2.1:9,x"),
		"an endpoint without port":           login("alice", "192.0.2.1"),
		"port 0":                             login("alice", "192.0.2.1:0"),
		"a port that is too large":           login("alice", "192.0.2.1:65536"),
		"no address in particular":           login("alice", "0.0.0.0:9"),
		"an IPv6 endpoint":                   login("alice", "[2001:db8::1]:9"),
		"IPv4 in IPv6's form":                login("alice", "[::ffff:192.0.2.1]:9"),
		"a host name":                        login("alice", "localhost:9"),
		"an address that others read octal":  login("alice", "192.0.02.1:9"),
		"a line break at the end":            login("alice", "192.0.2.1:9\n"),
		"a port padded without end":          login("alice", "192.0.2.1:"+strings.Repeat("0", MaxClassicRequest)+"9"),
		"accept without a port":              "Accept",
		"accept of port 0":                   "Accept,0",
		"accept of no number":                "Accept,-1",
		"talk without a message":             "talk,3:21,alice",
		"talk without a name":                "talk,3:21,,hello",
		"talk with a control in the time":    "talk,\x07,alice,hello",
		"talk with a time that is too long":  "talk," + strings.Repeat("9", MaxClassicTime+1) + ",alice,hello",
		"talk with a zero in the message":    "talk,3:21,alice,hel\x00lo",
		"talk larger than any datagram":      "talk,3:21,alice," + strings.Repeat("a", MaxClassicDatagram),
		"a list, which is not of a datagram": "alice,192.0.2.1:9;end",
	} {
		t.Run(name, func(t *testing.T) {
			m, _, err := ParseClassic([]byte(datagram))
			if !errors.Is(err, errNotClassic) || m != nil {
				t.Errorf("decoded %#v, %v", m, err)
			}
		})
	}
}

func TestClassicTalkKeepsItsMessageAsItIs(t *testing.T) {
	for name, text := range map[string]string{
		"nothing":         "",
		"commas":          ",,,",
		"lines":           "one\r\ntwo\tthree",
		"our own words":   "logout,alice,192.0.2.1:9;end",
		"what is no rune": "\ufffd",
		"as long as can be in UTF-8": strings.Repeat("a",
			MaxClassicDatagram-len("talk,3:21,alice,")),
	} {
		want := ClassicTalk{Time: "3:21", Name: "alice", Text: text}
		datagram, err := AppendClassic([]byte("kept"), want, ClassicUTF8)
		if err != nil || string(datagram[:4]) != "kept" {
			t.Fatalf("%s: %v", name, err)
		}
		if got, _, err := ParseClassic(datagram[4:]); err != nil || got != want {
			t.Errorf("%s: decoded %v, %v", name, got, err)
		}
	}
}

func TestClassicEncodersRefuseWhatDecodersWould(t *testing.T) {
	for name, m := range map[string]ClassicMessage{
		"a login without a name":           ClassicLogin{Endpoint: exampleLocal},
		"a login with an IPv6 endpoint":    ClassicLogin{"alice", exampleEndpoint6},
		"a login with a comma in the name": ClassicLogin{"ali,ce", exampleLocal},
		"a login with bytes for a name":    ClassicLogin{"\xff", exampleLocal},
		"a logout without an endpoint":     ClassicLogout{Name: "alice"},
		"accept of port 0":                 ClassicAccept{},
		"a talk with a comma in the time":  ClassicTalk{"Friday, 21 November", "alice", "hello"},
		"a talk with bytes for a message":  ClassicTalk{"3:21", "alice", "\xff"},
		"a talk larger than any datagram":  ClassicTalk{"3:21", "alice", strings.Repeat("a", MaxClassicDatagram)},
		"a talk that UTF-16 makes too large": ClassicTalk{"3:21", "alice",
			strings.Repeat("a", MaxClassicDatagram/2)},
	} {
		if b, err := AppendClassic([]byte("kept"), m, ClassicDotNET); err == nil || string(b) != "kept" {
			t.Errorf("%s: encoded %.60q, %v", name, b, err)
		}
	}
}

// Whoever forges a source gains nothing by having a door answer to it.
func TestClassicAcceptIsSmallerThanAnyLogin(t *testing.T) {
	smallest := ClassicLogin{"a", netip.MustParseAddrPort("1.1.1.1:1")}
	for _, encoding := range []ClassicEncoding{ClassicUTF8, ClassicDotNET} {
		question, err := AppendClassic(nil, smallest, encoding)
		if err != nil {
			t.Fatal(err)
		}
		answer, err := AppendClassic(nil, ClassicAccept{65535}, encoding)
		if err != nil || len(answer) >= len(question) {
			t.Errorf("%v: %d bytes answer %d, %v", encoding, len(answer), len(question), err)
		}
	}
}

func TestClassicRequestHasRoomForTheLongestLogin(t *testing.T) {
	longest := ClassicLogout{strings.Repeat("a", MaxName), netip.MustParseAddrPort("255.255.255.255:65535")}
	datagram, err := AppendClassic(nil, longest, ClassicDotNET)
	if err != nil || len(datagram) > MaxClassicRequest {
		t.Fatalf("%d bytes, %v", len(datagram), err)
	}
	if m, encoding, err := ParseClassic(datagram); m != longest || encoding != ClassicDotNET || err != nil {
		t.Errorf("decoded %v in %v, %v", m, encoding, err)
	}
}

func FuzzClassic(f *testing.F) { classicCodec.fuzz(f) }
