//go:build linux

package matrix

import "testing"

// Who of the two sends first does not change what is promised.
func TestPromisesHoldInBothDirections(t *testing.T) {
	for _, a := range Kinds {
		for _, b := range Kinds {
			if there, back := barOf(a, b), barOf(b, a); there != back {
				t.Errorf("%s × %s: %q, the other way %q", a.Name, b.Name, there.Name, back.Name)
			}
		}
	}
}

func TestEachPairHasItsPromise(t *testing.T) {
	want := map[string]Bar{
		"masquerade × eif":            easyBar,
		"public × public":             easyBar,
		"masquerade × public":         easyBar,
		"eim-block × masquerade":      easyBar,
		"strike × input-accept":       waryBar,
		"public × strike":             waryBar,
		"seq × strike":                sequentialBar,
		"seq × seq-linux":             sequencesBar,
		"adm × masquerade":            randomBar,
		"block-1024 × strike":         randomBar,
		"block-1024 × masquerade":     blockBar,
		"block-512 × block-512":       blocksBar,
		"block-1024 × block-1024":     openBar,
		"seq × rand":                  openBar,
		"rand × public":               publicBar,
		"rand × adm":                  relayedBar,
		"no-udp × no-udp":             tcpBar,
		"no-udp × rand-linux":         tcpBar,
		"no-udp × rand":               openBar,
		"public × no-udp":             tcpBar,
		"carrier without hairpin":     relayedBar,
		"same LAN":                    easyBar,
		"strike × masquerade, banned": bannedBar,
	}
	for _, pair := range Pairs() {
		if bar, named := want[pair.Name]; named && pair.Bar != bar {
			t.Errorf("%s: %q, want %q", pair.Name, pair.Bar.Name, bar.Name)
		}
		delete(want, pair.Name)
	}
	for name := range want {
		t.Errorf("no pair is named %q", name)
	}
}

// A bar that is not listed would have no row in the document, and a pair whose
// name another has would lose its results to it.
func TestDocumentHasRoomForAll(t *testing.T) {
	listed := map[Bar]bool{}
	for _, bar := range Bars() {
		listed[bar] = true
		if bar.Within == 0 {
			t.Errorf("%q: no time in which a meeting has to become direct", bar.Name)
		}
	}
	named := map[string]bool{}
	for _, pair := range Pairs() {
		if !listed[pair.Bar] {
			t.Errorf("%s: its bar %q is not listed", pair.Name, pair.Bar.Name)
		}
		if named[pair.Name] {
			t.Errorf("two pairs are named %q", pair.Name)
		}
		named[pair.Name] = true
	}
}
