package control

import (
	"errors"
	"testing"

	"peerd/wire"
)

func TestT26WelcomeThatAsksForMoreThanWeKnowIsNotTaken(t *testing.T) {
	plain := wire.Hello{Version: 1}
	demanding := wire.Hello{Version: 2, Requires: []wire.Feature{wire.FeatureWithhold}}
	for _, c := range []struct {
		name    string
		hello   wire.Hello
		welcome wire.Welcome
		want    string // empty: it is taken
	}{
		{"nothing is required", plain, wire.Welcome{Version: 1}, ""},
		{"what we know is required", plain, wire.Welcome{Version: 1, Requires: []wire.Feature{wire.FeatureWithhold}}, ""},
		{"what we do not know is required", plain, wire.Welcome{Version: 1, Requires: []wire.Feature{wire.FeatureWithhold, 7}},
			"the rendezvous requires feature 7, which this peerd does not know: upgrade peerd"},
		{"an answer in a higher version", plain, wire.Welcome{Version: 2},
			"the rendezvous answers in version 2 of the protocol to our version 1: upgrade the older of peerd and rendezvous"},
		{"an answer in a version that skips what we require", demanding, wire.Welcome{Version: 1},
			"the rendezvous answers in version 1 of the protocol to our version 2: upgrade the older of peerd and rendezvous"},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := checkWelcome(c.hello, c.welcome)
			incompatible, ok := errors.AsType[*IncompatibleError](err)
			if ok != (c.want != "") || err != nil && !ok {
				t.Fatalf("returned %v, want %q", err, c.want)
			}
			if ok && incompatible.Error() != c.want {
				t.Errorf("returned %q, want %q", incompatible, c.want)
			}
		})
	}
}
