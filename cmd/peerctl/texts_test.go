package main

import (
	"fmt"
	"net/netip"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"peerd/internal/exitcode"
	"peerd/peer/api"
)

var verb = regexp.MustCompile(`%\[\d\][a-z]`)

// Both catalogues must say the same things: no text missing, none that takes
// other arguments.
func TestBothLanguagesHaveEveryText(t *testing.T) {
	en, zh := flatten("", reflect.ValueOf(english)), flatten("", reflect.ValueOf(chinese))
	for key, text := range en {
		other, ok := zh[key]
		switch {
		case !ok:
			t.Errorf("%s: %q has no Chinese", key, text)
		case (text == "") != (other == ""):
			t.Errorf("%s: one language is empty: %q, %q", key, text, other)
		case !slices.Equal(verbs(text), verbs(other)):
			t.Errorf("%s: arguments differ: %q, %q", key, text, other)
		}
	}
	for key := range zh {
		if _, ok := en[key]; !ok {
			t.Errorf("%s has no English", key)
		}
	}
	if len(en) < 100 {
		t.Errorf("found only %d texts", len(en))
	}
}

func verbs(text string) []string {
	found := verb.FindAllString(text, -1)
	slices.Sort(found)
	return slices.Compact(found)
}

// flatten returns the strings in v by their path. The daemon's own words are
// English, so what it reports needs a translation only in Chinese.
func flatten(path string, v reflect.Value) map[string]string {
	all := map[string]string{}
	add := func(name string, v reflect.Value) {
		for key, text := range flatten(path+"."+name, v) {
			all[key] = text
		}
	}
	switch v.Kind() {
	case reflect.String:
		all[path] = v.String()
	case reflect.Struct:
		for i := range v.NumField() {
			if name := v.Type().Field(i).Name; name != "Daemon" {
				add(name, v.Field(i))
			}
		}
	case reflect.Slice:
		for i := range v.Len() {
			add(fmt.Sprint(i), v.Index(i))
		}
	case reflect.Map:
		for key, value := range v.Seq2() {
			add(key.String(), value)
		}
	}
	return all
}

func TestEveryWordOfTheContractHasAText(t *testing.T) {
	for _, words := range []texts{english, chinese} {
		for name, missing := range map[string][]string{
			"mapping":    without(words.Mapping, "none", "eim", "adm", "apdm", "unknown"),
			"short NAT":  without(words.ShortNAT, "none", "eim", "adm", "apdm", "unknown"),
			"filtering":  without(words.Filtering, "eif", "adf", "apdf", "unknown"),
			"allocation": without(words.Allocation, "preserving", "sequential", "random", "block", "unknown"),
			"path":       without(words.Path, "direct", "relay", "none"),
			"state":      without(words.State, "queued", "sent", "delivered", "read"),
			"rendezvous": without(words.RendezvousState, "online", "connecting", "offline"),
			"strategy":   without(words.Why.Strategy, "volley", "fresh-socket", "many-sockets", "spray", "meeting-port", "tcp", "reunion"),
			"kind":       without(words.Why.Kind, "local", "observed", "predicted", "mapped", "tcp", "heard"),
			"left out":   without(words.Why.Unprobed, "reserved", "private", "own-address", "router", "low-port", "unreachable", "too-many"),
			"reason": without(words.Why.Reason, "direct", "lossy", "rendezvous_offline", "peer_offline", "policy", "our_policy", "their_policy", "no_talk", "punching",
				"no_udp", "peer_no_udp", "same_nat", "one_way", "hard_nats", "our_hard_nat", "their_hard_nat", "no_answer"),
			"remedy": without(words.Why.Remedy, "nothing", "wait", "retry", "check_network", "await_peer", "talk", "allow_direct",
				"add_contact", "introduce", "unblock", "peer_accepts", "allow_udp", "peer_allow_udp", "map_port", "map_our_port", "map_peer_port", "ipv6", "peer_firewall", "firewall"),
			"warning": without(words.Why.Odd, "reserved-candidates", "private-candidates", "own-address-candidates", "low-port-candidates",
				"too-many-candidates", "unconfirmed-candidates", "their-nat-report-contradicted", "our-nat-report-contradicted", "probes-held-back"),
		} {
			if len(missing) > 0 {
				t.Errorf("%s: no text for %v", name, missing)
			}
		}
	}
}

func without[W ~string, T any](texts map[W]T, words ...W) (missing []string) {
	for _, w := range words {
		if _, ok := texts[w]; !ok {
			missing = append(missing, string(w))
		}
	}
	return missing
}

func TestAClassicUserOutOfReachIsNotSaidToBeOffline(t *testing.T) {
	away := chinese.translate(api.ClassicAway("classic/dave"))
	far := chinese.translate(api.ClassicUnreachable("classic/dave", netip.MustParseAddrPort("192.168.1.7:4164")))
	if far.Message == away.Message || !strings.Contains(far.Message, "无法到达") || far.ExitCode() != exitcode.NoSuchPeer {
		t.Errorf("said %q, exit code %d", far.Message, far.ExitCode())
	}
}

func TestTheLocaleChoosesTheLanguage(t *testing.T) {
	for name, c := range map[string]struct {
		all, messages, lang string
		want                *texts
	}{
		"LANG alone":              {"", "", "zh_CN.UTF-8", &chinese},
		"LC_MESSAGES before LANG": {"", "en_US.UTF-8", "zh_CN.UTF-8", &english},
		"LC_ALL before all":       {"zh_TW", "en_US", "C", &chinese},
		"nothing":                 {"", "", "", &english},
		"another language":        {"", "", "de_AT.UTF-8", &english},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("LC_ALL", c.all)
			t.Setenv("LC_MESSAGES", c.messages)
			t.Setenv("LANG", c.lang)
			if got := localeTexts(); got != c.want {
				t.Errorf("got %q", got.Online)
			}
		})
	}
}

func TestUnknownWordsOfANewerDaemonAreShownAsTheyAre(t *testing.T) {
	if got := word(english.Path, api.Path("teleport")); got != "teleport" {
		t.Errorf("got %q", got)
	}
}
