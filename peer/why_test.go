package peer

import (
	"testing"

	"peerd/peer/api"
	"peerd/wire"
)

func TestTheRouterToBlameIsNamed(t *testing.T) {
	easy, hard := wire.NATReport{Mapping: wire.MappingEIM}, wire.NATReport{Mapping: wire.MappingAPDM}
	for _, test := range []struct {
		name         string
		ours, theirs wire.NATReport
		want         api.Reason
	}{
		{"both have a new port for every destination", hard, hard, api.ReasonHardNATs},
		{"ours has", hard, easy, api.ReasonOurHardNAT},
		{"theirs has", easy, hard, api.ReasonTheirHardNAT},
		{"neither has", easy, easy, api.ReasonNoAnswer},
		{"nothing is known", wire.NATReport{}, wire.NATReport{}, api.ReasonNoAnswer},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := hardness(test.ours, test.theirs); got != test.want {
				t.Errorf("reason is %s, want %s", got, test.want)
			}
		})
	}
}

// TestPathIsAnnouncedOnce proves that the same path is not announced twice, for
// once by its proof and once by the session's connection.
func TestPathIsAnnouncedOnce(t *testing.T) {
	c := newCircle(t)
	alice, bob := c.join("alice"), c.join("bob")
	c.knows(alice, "bob")
	changes := alice.Subscribe(c.guard(), api.TypePath)
	c.send(alice, "bob", "hello")
	c.awaitPath(alice, "bob", api.PathDirect)
	if _, err := alice.Ping(c.guard(), "bob"); err != nil {
		t.Fatal(err)
	}
	if err := bob.Close(); err != nil {
		t.Fatal(err)
	}
	c.awaitPath(alice, "bob", api.PathNone)
	var last api.PathChange
	for change := range changes {
		change := change.(api.PathChange)
		if change.Path == last.Path && change.Endpoint == last.Endpoint && change.Transport == last.Transport {
			t.Errorf("%s %v was announced twice", change.Path, change.Endpoint)
		}
		if last = change; last.Path == api.PathNone {
			return
		}
	}
}
