package wire

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// TestT21NoPrinterShowsASecretOfTheWire prints messages as a careless log line would.
func TestT21NoPrinterShowsASecretOfTheWire(t *testing.T) {
	canary := "canary: 16 bytes"
	key, group := ProbeKey([]byte(canary+canary)), GroupID([]byte(canary))
	holder := struct {
		Hello Hello
		Key   ProbeKey
		Text  Text
		Group Group
	}{Hello{Token: Token(canary)}, key, Text{Group: group}, Group{ID: group}}
	var printed strings.Builder
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d"} {
		fmt.Fprintf(&printed, verb+"\n", holder)
		fmt.Fprintf(&printed, verb+"\n", &holder.Hello)
		fmt.Fprintf(&printed, verb+"\n", key)
		fmt.Fprintf(&printed, verb+"\n", group)
	}
	if err := json.NewEncoder(&printed).Encode(holder); err != nil {
		t.Fatal(err)
	}
	bytes := []byte(canary)[4:12]
	decimal := strings.Trim(fmt.Sprint(bytes), "[]")
	for _, spelling := range []string{
		string(bytes), hex.EncodeToString(bytes), base64.StdEncoding.EncodeToString([]byte(canary))[6:18],
		decimal, strings.ReplaceAll(decimal, " ", ","), group.String()[8:],
	} {
		if strings.Contains(strings.ToLower(printed.String()), strings.ToLower(spelling)) {
			t.Errorf("a printer shows a secret as %q", spelling)
		}
	}
	if !strings.Contains(fmt.Sprint(group), group.String()[:6]) {
		t.Error("groups cannot be told apart in a log")
	}
}
