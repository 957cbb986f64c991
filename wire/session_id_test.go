package wire

import (
	"encoding/hex"
	"testing"
)

type sessionVector struct {
	Name      string `json:"name"`
	Key       string `json:"key"`
	Instance  string `json:"instance"`
	OtherKey  string `json:"other_key"`
	OtherInst string `json:"other_instance"`
	Session   string `json:"session"`
}

func TestSessionIDVectors(t *testing.T) {
	instance, otherInstance := counting[Instance](0x60), counting[Instance](0xe0)
	if *update {
		session := DeriveSessionID(exampleKey, instance, otherKey, otherInstance)
		writeTestdata(t, "session_id", []sessionVector{{
			"either side derives the same", hex.EncodeToString(exampleKey[:]), hex.EncodeToString(instance[:]),
			hex.EncodeToString(otherKey[:]), hex.EncodeToString(otherInstance[:]), hex.EncodeToString(session[:]),
		}})
	}
	var vectors []sessionVector
	readTestdata(t, "session_id", &vectors)
	for _, v := range vectors {
		a, ia := Key(unhex(t, v.Key)), Instance(unhex(t, v.Instance))
		b, ib := Key(unhex(t, v.OtherKey)), Instance(unhex(t, v.OtherInst))
		want := SessionID(unhex(t, v.Session))
		if got := DeriveSessionID(a, ia, b, ib); got != want {
			t.Errorf("%s: session is %x", v.Name, got)
		}
		if got := DeriveSessionID(b, ib, a, ia); got != want {
			t.Errorf("%s: the other side's session is %x", v.Name, got)
		}
	}
}

func TestSessionIDChangesWithEveryPart(t *testing.T) {
	ia, ib := Instance{1}, Instance{2}
	seen := map[SessionID]string{}
	for name, id := range map[string]SessionID{
		"both":                DeriveSessionID(exampleKey, ia, otherKey, ib),
		"a restarted":         DeriveSessionID(exampleKey, Instance{3}, otherKey, ib),
		"b restarted":         DeriveSessionID(exampleKey, ia, otherKey, Instance{3}),
		"instances swapped":   DeriveSessionID(exampleKey, ib, otherKey, ia),
		"another in b's role": DeriveSessionID(exampleKey, ia, Key{9}, ib),
	} {
		if other, twice := seen[id]; twice {
			t.Errorf("%s and %s share session %v", name, other, id)
		}
		seen[id] = name
	}
}
