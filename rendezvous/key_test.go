package rendezvous

import (
	"errors"
	"net/netip"
	"os"
	"path/filepath"
	"testing"
	"time"

	"peerd/internal/identity"
	"peerd/wire"
)

// A rendezvous whose key is gone must not draw another one behind its operator's back:
// every peer would refuse it.
func TestLostKeyIsNotReplacedOnceSomebodyKnowsIt(t *testing.T) {
	for name, makeKnown := range map[string]func(*testing.T, *Server){
		"an invite": func(t *testing.T, s *Server) { token(t, s, 1) },
		"a member without any invite": func(t *testing.T, s *Server) {
			if err := newcomer(s, 1, netip.MustParsePrefix("192.0.2.1/32"), time.Now()); err != nil {
				t.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			config := Config{Listen: "127.0.0.1:0", StateDir: t.TempDir(), Open: true}
			key := startAndClose(t, config, makeKnown)
			path := filepath.Join(config.StateDir, identity.FileName)
			if err := os.Rename(path, path+".away"); err != nil {
				t.Fatal(err)
			}
			for range 2 { // the first refusal leaves nothing behind
				_, err := Open(config)
				_, adminErr := OpenAdmin(config.StateDir)
				for _, err := range []error{err, adminErr} {
					if hinted, ok := errors.AsType[hintedError](err); !ok || hinted.Hint() == "" {
						t.Errorf("without its key: %v", err)
					}
				}
			}
			if err := os.Rename(path+".away", path); err != nil {
				t.Fatal(err)
			}
			if again := startAndClose(t, config, nil); again != key {
				t.Errorf("with its key back it is %s, was %s", again, key)
			}
		})
	}
}

func TestNewRendezvousGetsAKey(t *testing.T) {
	config := Config{Listen: "127.0.0.1:0", StateDir: t.TempDir()}
	first := startAndClose(t, config, nil)
	if err := os.Remove(filepath.Join(config.StateDir, identity.FileName)); err != nil {
		t.Fatal(err)
	}
	if again := startAndClose(t, config, nil); again == first { // nobody knew the first
		t.Error("the same key twice")
	}
}

// startAndClose opens a server, has do do something with it, and returns its key.
func startAndClose(t *testing.T, config Config, do func(*testing.T, *Server)) wire.Key {
	t.Helper()
	s, err := Open(config)
	if err != nil {
		t.Fatal(err)
	}
	if do != nil {
		do(t, s)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return s.Key()
}
