package rendezvous

import (
	"testing"

	"peerd/wire"
)

func TestT26PeersOfEveryVersionWeSpeakAreWelcome(t *testing.T) {
	s := startServer(t)
	for name, hello := range map[string]wire.Hello{
		"the lowest":     {Version: wire.MinVersion},
		"the highest":    {Version: wire.Version},
		"a known demand": {Version: wire.Version, Requires: []wire.Feature{wire.FeatureWithhold}},
	} {
		t.Run(name, func(t *testing.T) {
			hello.Name, hello.Token = name, token(t, s, 1)
			if welcome := newClient(t, s).login(hello); welcome.Version != hello.Version {
				t.Errorf("welcomed in version %d, said hello in %d", welcome.Version, hello.Version)
			}
		})
	}
}

// The refusal says which program is the older one, because only its owner can do
// something. An invite is not used up by it.
func TestT26HelloWeWouldMisunderstandIsRefusedByName(t *testing.T) {
	s := startServer(t)
	invite := token(t, s, 1)
	for _, c := range []struct {
		name  string
		hello wire.Hello
		want  string
	}{
		{"a newer peer", wire.Hello{Version: wire.Version + 1},
			"peerd speaks version 3, this rendezvous at most 2: upgrade the rendezvous"},
		{"a peer of the highest version there can be", wire.Hello{Version: 1<<32 - 1},
			"peerd speaks version 4294967295, this rendezvous at most 2: upgrade the rendezvous"},
		{"a peer that requires a feature of the future", wire.Hello{Requires: []wire.Feature{wire.FeatureWithhold, 7}},
			"peerd requires feature 7, which this rendezvous does not know: upgrade the rendezvous"},
		{"a peer that requires several", wire.Hello{Requires: []wire.Feature{9, 7}},
			"peerd requires features 9, 7, which this rendezvous does not know: upgrade the rendezvous"},
	} {
		t.Run(c.name, func(t *testing.T) {
			client := newClient(t, s)
			c.hello.Name, c.hello.Token = "alice", invite
			if err := client.hello(c.hello); err != nil {
				t.Fatal(err)
			}
			if refused := await[wire.Refused](client); refused.Code != wire.RefusedVersion || refused.Detail != c.want {
				t.Errorf("refused with %v: %q, want %q", refused.Code, refused.Detail, c.want)
			}
		})
	}
	newClient(t, s).login(wire.Hello{Name: "alice", Token: invite})
}
