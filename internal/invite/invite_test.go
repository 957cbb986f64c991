package invite

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/rs/zerolog"

	"peerd/internal/name"
	"peerd/wire"
)

var server = wire.Key{1, 2, 3}

func newInvite(t testing.TB, address, circle string) Invite {
	t.Helper()
	invite, err := New(address, circle, server)
	if err != nil {
		t.Fatal(err)
	}
	return invite
}

func TestInviteSurvivesBeingSent(t *testing.T) {
	for _, test := range []struct{ proves, address, circle, begins string }{
		{"a host name", "rendezvous.example:7700", "family", "peerd://rendezvous.example:7700/family#"},
		{"the default port", "rendezvous.example", "family", "peerd://rendezvous.example:7700/family#"},
		{"another port", "rendezvous.example:443", "family", "peerd://rendezvous.example:443/family#"},
		{"a host in capitals", "Rendezvous.Example", "Family", "peerd://rendezvous.example:7700/Family#"},
		{"an IPv4 address", "203.0.113.7", "family", "peerd://203.0.113.7:7700/family#"},
		{"an IPv6 address", "[2001:db8::7]:7700", "family", "peerd://[2001:db8::7]:7700/family#"},
		{"an IPv6 address with the default port", "[2001:0DB8::0007]", "family", "peerd://[2001:db8::7]:7700/family#"},
		{"a host of a container network", "peerd_rendezvous_1", "family", "peerd://peerd_rendezvous_1:7700/family#"},
		{"a circle in Chinese", "203.0.113.7", "天涯", "peerd://203.0.113.7:7700/%E5%A4%A9%E6%B6%AF#"},
		{"a circle with a space and a percent sign", "203.0.113.7", "100% us", "peerd://203.0.113.7:7700/100%25%20us#"},
	} {
		t.Run(test.proves, func(t *testing.T) {
			invite := newInvite(t, test.address, test.circle)
			text := invite.String()
			if !strings.HasPrefix(text, test.begins) || strings.ContainsAny(text, " \n") {
				t.Errorf("invite is %s, want it to begin with %s", text, test.begins)
			}
			got, err := Parse("  " + text + "\n")
			if err != nil {
				t.Fatal(err)
			}
			if got.Address != invite.Address || got.Circle != invite.Circle || got.Server != server || !bytes.Equal(got.Token, invite.Token) {
				t.Errorf("sent %s, read back %s", text, got.String())
			}
		})
	}
}

// TestT22TokenHasAtLeast128RandomBits draws tokens until every bit has been both 0
// and 1: one that stays the same in 64 of them would by chance with 2^-63.
func TestT22TokenHasAtLeast128RandomBits(t *testing.T) {
	var everSet, everClear [TokenSize]byte
	seen := map[string]bool{}
	for range 64 {
		token := newInvite(t, "host", "circle").Token
		if len(token)*8 < 128 || seen[string(token)] {
			t.Fatalf("a token of %d bits, drawn before: %v", len(token)*8, seen[string(token)])
		}
		seen[string(token)] = true
		for i, b := range token {
			everSet[i] |= b
			everClear[i] |= ^b
		}
	}
	for i := range TokenSize {
		if everSet[i] != 0xff || everClear[i] != 0xff {
			t.Errorf("byte %d of tokens is not random: %08b %08b", i, everSet[i], everClear[i])
		}
	}
}

func TestOpenCircleHasAnAddressWithoutASecret(t *testing.T) {
	open, err := NewOpen("Plaza.Example", "天涯", server)
	if err != nil {
		t.Fatal(err)
	}
	const want = "peerd://plaza.example:7700/%E5%A4%A9%E6%B6%AF#" + pin + ".open"
	if open.String() != want || open.Redacted() != want || fmt.Sprint(open) != want {
		t.Errorf("address is %s, in logs %v; want %s", open.String(), open, want)
	}
	got, err := Parse(open.String())
	if err != nil || !got.IsOpen() || got.Token != nil || got.Server != server {
		t.Errorf("read back %v, %v", got, err)
	}
	if secret := newInvite(t, "host", "circle"); secret.IsOpen() {
		t.Errorf("an invite with a token passes for open: %v", secret)
	}
}

func TestCircleMayBeTypedUnescaped(t *testing.T) {
	text := strings.Replace(newInvite(t, "host", "天涯").String(), "%E5%A4%A9%E6%B6%AF", "天涯", 1)
	if invite, err := Parse(text); err != nil || invite.Circle != "天涯" {
		t.Errorf("circle %q, %v", invite.Circle, err)
	}
}

// The parts of a good invite, of which each row below spoils one.
const (
	pin   = "aebagaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	token = "abcdefghijklmnopqrstuvwxya"
)

func TestGoodInviteOfTheTableBelow(t *testing.T) {
	invite, err := Parse("peerd://host:7700/circle#" + pin + "." + token)
	if err != nil || invite.Server != server {
		t.Fatalf("%v, %s", err, invite.Server)
	}
}

func TestSpoiledInviteSaysWhatIsWrong(t *testing.T) {
	for _, test := range []struct{ proves, text, says string }{
		{"nothing", "", "does not begin with peerd://"},
		{"a web address", "https://host/circle#" + pin + "." + token, "does not begin with peerd://"},
		{"a file name, for which @ was forgotten", "invite.txt", "does not begin with peerd://"},
		{"a shell that ate the fragment", "peerd://host:7700/circle", "after '#' is missing"},
		{"no circle", "peerd://host:7700#" + pin + "." + token, "the circle is missing"},
		{"an empty circle", "peerd://host:7700/#" + pin + "." + token, "the circle's name is empty"},
		{"a circle with a slash", "peerd://host/a/b#" + pin + "." + token, "the circle's name contains a separator"},
		{"a circle with a hidden newline", "peerd://host/a%0Ab#" + pin + "." + token, "the circle's name contains a control character"},
		{"a broken percent escape", "peerd://host/a%zz#" + pin + "." + token, "not percent-encoded"},
		{"no host", "peerd:///circle#" + pin + "." + token, "the host is missing"},
		{"only a port", "peerd://:7700/circle#" + pin + "." + token, "the host is missing"},
		{"a user before the host", "peerd://root@host/circle#" + pin + "." + token, "neither a name nor an address"},
		{"a space in the host", "peerd://ho st/circle#" + pin + "." + token, "neither a name nor an address"},
		{"a host that is an option", "peerd://-oProxy/circle#" + pin + "." + token, "neither a name nor an address"},
		{"a host longer than the DNS allows", "peerd://" + strings.Repeat("h", 254) + "/circle#" + pin + "." + token, "neither a name nor an address"},
		{"an IPv6 address without brackets", "peerd://2001:db8::7/circle#" + pin + "." + token, "needs brackets"},
		{"an IPv6 address with a zone", "peerd://[fe80::1%eth0]:7700/circle#" + pin + "." + token, "not an IPv6 address"},
		{"an IPv4 address in brackets", "peerd://[203.0.113.7]:7700/circle#" + pin + "." + token, "not an IPv6 address"},
		{"a bracket that is not closed", "peerd://[2001:db8::7:7700/circle#" + pin + "." + token, "not an IPv6 address"},
		{"port zero", "peerd://host:0/circle#" + pin + "." + token, "the port is not"},
		{"a port beyond the last", "peerd://host:65536/circle#" + pin + "." + token, "the port is not"},
		{"an empty port", "peerd://host:/circle#" + pin + "." + token, "the port is not"},
		{"a port by name", "peerd://host:http/circle#" + pin + "." + token, "the port is not"},
		{"a signed port", "peerd://host:+7700/circle#" + pin + "." + token, "the port is not"},
		{"no token", "peerd://host/circle#" + pin, "cut short"},
		{"a key cut short", "peerd://host/circle#" + pin[:51] + "." + token, "the key of the rendezvous is mistyped"},
		{"a key in capitals", "peerd://host/circle#" + strings.ToUpper(pin) + "." + token, "the key of the rendezvous is mistyped"},
		{"a second spelling of a key", "peerd://host/circle#" + pin[:51] + "b." + token, "the key of the rendezvous is mistyped"},
		{"the key of nobody", "peerd://host/circle#" + strings.Repeat("a", 52) + "." + token, "the key of the rendezvous is mistyped"},
		{"an empty token", "peerd://host/circle#" + pin + ".", "the token is mistyped or cut short"},
		{"a token cut short", "peerd://host/circle#" + pin + "." + token[:25], "the token is mistyped or cut short"},
		{"a token with more behind it", "peerd://host/circle#" + pin + "." + token + "aa", "the token is mistyped or cut short"},
		{"a second spelling of a token", "peerd://host/circle#" + pin + "." + token[:25] + "b", "the token is mistyped or cut short"},
		{"a token over two lines", "peerd://host/circle#" + pin + "." + token[:9] + "\n" + token[9:], "the token is mistyped or cut short"},
		{"an open circle's, cut short", "peerd://host/circle#" + pin + ".ope", "the token is mistyped or cut short"},
		{"an open circle's, with more behind it", "peerd://host/circle#" + pin + ".open" + token, "the token is mistyped or cut short"},
		{"a redacted invite", "peerd://host/circle#" + pin + ".…", "the token is mistyped or cut short"},
		{"a megabyte", "peerd://" + strings.Repeat("h", 1<<20), "too long"},
	} {
		t.Run(test.proves, func(t *testing.T) {
			_, err := Parse(test.text)
			if _, ok := errors.AsType[*MalformedError](err); !ok {
				t.Fatalf("got %v, want a MalformedError", err)
			}
			for _, want := range []string{test.says, "rendezvous invite create"} {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("error %q does not say %q", err, want)
				}
			}
			if strings.Contains(err.Error(), token[:9]) {
				t.Errorf("error shows the token: %q", err)
			}
		})
	}
}

func TestNewRefusesWhatParseWould(t *testing.T) {
	if _, err := New("ho st", "circle", server); err == nil {
		t.Error("an address with a space was accepted")
	}
	_, err := New("host", "a/b", server)
	if invalid, ok := errors.AsType[*name.InvalidError](err); !ok || invalid.Rule != name.Separator {
		t.Errorf("a circle with a slash: %v", err)
	}
}

// sha256sum gives the same.
func TestHashIsWhatOthersCanCompute(t *testing.T) {
	got := Hash([]byte("0123456789abcdef"))
	if want := "9f9f5111f7b27a781f1f1ddde5ebc2dd2b796bfc7365c9c28b548e564176929f"; hex.EncodeToString(got[:]) != want {
		t.Errorf("hash is %x, want %s", got, want)
	}
}

// The canary is the token: whatever prints an invite by accident must not show it.
func TestNoPrinterShowsTheToken(t *testing.T) {
	invite := newInvite(t, "host", "circle")
	var logged bytes.Buffer
	logger := zerolog.New(&logged)
	logger.Info().Any("any", invite).Interface("pointer", &invite).Str("redacted", invite.Redacted()).Send()
	slog.New(slog.NewTextHandler(&logged, nil)).Info("x", "invite", invite)
	slog.New(slog.NewJSONHandler(&logged, nil)).Info("x", "invite", &invite)
	text, err := json.Marshal(map[string]any{"value": invite, "pointer": &invite})
	if err != nil {
		t.Fatal(err)
	}
	printed := map[string]string{
		"Redacted": invite.Redacted(),
		"logs":     logged.String(),
		"JSON":     string(text),
		"Print":    fmt.Sprint(invite, &invite, []Invite{invite}, struct{ Invite Invite }{invite}),
		"Error":    fmt.Errorf("join %v: %w", invite, errors.ErrUnsupported).Error(),
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%b"} {
		printed[verb] = fmt.Sprintf(verb, invite)
		printed["pointer "+verb] = fmt.Sprintf(verb, &invite)
	}
	secret := invite.String()[strings.LastIndexByte(invite.String(), '.')+1:]
	for how, text := range printed {
		for _, canary := range []string{secret, secret[:9], hex.EncodeToString(invite.Token[:5]), strings.Trim(fmt.Sprint(invite.Token[:5]), "[]")} {
			if strings.Contains(text, canary) {
				t.Errorf("%s shows the token: %s", how, text)
			}
		}
		if !strings.Contains(text, "peerd://host:7700/circle#"+server.String()) {
			t.Errorf("%s does not say which invite it is: %s", how, text)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add("peerd://host:7700/circle#" + pin + "." + token)
	f.Add("peerd://[2001:db8::7]/%E5%A4%A9%E6%B6%AF#" + pin + "." + token)
	f.Add("peerd://host/circle#" + pin)
	f.Add("peerd://host/circle#" + pin + ".open")
	f.Add("peerd://[::ffff:203.0.113.7]:1/a%25#" + pin + "." + token)
	f.Fuzz(func(t *testing.T, text string) {
		invite, err := Parse(text)
		if err != nil {
			if _, ok := errors.AsType[*MalformedError](err); !ok {
				t.Fatalf("%v is no MalformedError", err)
			}
			return
		}
		again, err := Parse(invite.String())
		if err != nil || again.String() != invite.String() {
			t.Fatalf("%q gives %s, which gives %s, %v", text, invite.String(), again.String(), err)
		}
		if remade, err := New(invite.Address, invite.Circle, invite.Server); err != nil || remade.public() != invite.public() {
			t.Fatalf("New disagrees with Parse about %s: %s, %v", invite.public(), remade.public(), err)
		}
	})
}
