package main

import (
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"peerd/internal/leak"
)

func TestMain(m *testing.M) {
	testscript.Main(leak.Checked(m), map[string]func(){"rendezvous": main})
}

// TestScripts runs the user stories in testdata/script against the real main.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(env *testscript.Env) error {
			env.Setenv("NO_COLOR", "1")
			env.Setenv("GORACE", "atexit_sleep_ms=10") // a program under the race detector otherwise takes a second to exit
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"await":      await,
			"capture":    capture,
			"eventually": eventually,
			"exitcode":   exitsWith,
			"member":     member,
			"served":     served,
			"write":      write,
			"shows":      shows,
		},
	})
}
