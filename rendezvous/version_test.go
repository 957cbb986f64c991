package rendezvous

import (
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

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

// What peers of earlier releases say at login gets them in today: the bytes of their
// vectors, sent as they are.
func TestT26HellosOfTheDayBeforeAreAdmitted(t *testing.T) {
	files, err := filepath.Glob("../wire/testdata/older/*/hello.json")
	if err != nil || len(files) < 2 {
		t.Fatalf("found %v, %v", files, err)
	}
	for _, file := range files {
		t.Run(filepath.Base(filepath.Dir(file)), func(t *testing.T) {
			for i, hello := range oldBodies(t, file) {
				s := startServer(t)
				c := newClient(t, s)
				m, err := wire.ParseHello(hello)
				if err != nil {
					t.Fatal(err)
				}
				if m.Token != nil { // the vector's invite
					if _, err := s.state.addInvite(m.Token, 1, time.Hour, time.Now()); err != nil {
						t.Fatal(err)
					}
				} else { // a member since before
					c.login(wire.Hello{Name: "小明", Token: token(t, s, 1)})
				}
				if err := c.dial(); err != nil {
					t.Fatal(err)
				}
				header := binary.BigEndian.AppendUint32(nil, uint32(wire.KindHello)<<24|uint32(len(hello)))
				if _, err := c.conn.Write(append(header, hello...)); err != nil {
					t.Fatal(err)
				}
				if welcome := await[wire.Welcome](c); welcome.Version != 1 || welcome.Name != "小明" || len(welcome.Requires) > 0 {
					t.Errorf("hello %d is answered with %+v", i, welcome)
				}
			}
		})
	}
}

// oldBodies returns the bodies in a file of vectors.
func oldBodies(t *testing.T, file string) (bodies [][]byte) {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var vectors []struct{ Hex string }
	if err := json.Unmarshal(content, &vectors); err != nil {
		t.Fatal(err)
	}
	for _, v := range vectors {
		body, err := hex.DecodeString(v.Hex)
		if err != nil {
			t.Fatal(err)
		}
		bodies = append(bodies, body)
	}
	return bodies
}
