package rendezvous

import (
	"testing"

	"peerd/wire"
)

func TestT06OneNameIsOneKeyHoweverManyRace(t *testing.T) {
	config := Config{Listen: "127.0.0.1:0", StateDir: t.TempDir()}
	s, stop := serveUntil(t, config, bePatient)
	defer func() { stop() }()
	secret := token(t, s, 200)
	racers := make([]*client, 100)
	for i := range racers {
		racers[i] = newClient(t, s)
	}
	hello := func(int) wire.Hello { return wire.Hello{Name: "alice", Token: secret} }
	answers := raceOf(t, racers, hello)
	if answers[0] != 1 || answers[wire.RefusedNameTaken] != 99 {
		t.Fatalf("answers are %v, want one welcome and 99 times taken", answers)
	}
	winner := s.hub.connections()[0].key
	stop()

	// And again after a restart, with the winner among them.
	s, stop = serveUntil(t, config, bePatient)
	for _, c := range racers {
		c.server, c.at = s, s.Addr()
	}
	answers = raceOf(t, racers, hello)
	if answers[0] != 1 || answers[wire.RefusedNameTaken] != 99 {
		t.Errorf("after a restart answers are %v, want one welcome and 99 times taken", answers)
	}
	if online := s.hub.connections(); len(online) != 1 || online[0].key != winner {
		t.Error("after a restart another key has the name")
	}
}

// TestT06DisguisedNamesAreRefused asks for names that would be taken for alice's.
func TestT06DisguisedNamesAreRefused(t *testing.T) {
	s := startServer(t)
	join(t, s, "alice")
	coco := join(t, s, "coco")
	secret := token(t, s, 1)
	for what, test := range map[string]struct {
		name string
		want wire.RefusedCode
	}{
		"a Cyrillic letter among Latin ones": {"\u0430lice", wire.RefusedNameInvalid},
		"a text turned around":               {"\u202eecila", wire.RefusedNameInvalid},
		"a zero-width space":                 {"ali\u200bce", wire.RefusedNameInvalid},
		"another case":                       {"ALICE", wire.RefusedNameTaken},
		"full-width letters":                 {"\uff41\uff4c\uff49\uff43\uff45", wire.RefusedNameTaken},
		"a capital I for the l":              {"aIice", wire.RefusedNameTaken},
		"a whole name in Cyrillic":           {"\u0441\u043e\u0441\u043e", wire.RefusedNameTaken},
	} {
		newClient(t, s).refusedWith(test.want, what, wire.Hello{Name: test.name, Token: secret})
		if test.name != "\u0441\u043e\u0441\u043e" { // a member is refused like a stranger
			coco.refusedWith(test.want, what+", asked for by a member", wire.Hello{Name: test.name})
		}
	}
}
