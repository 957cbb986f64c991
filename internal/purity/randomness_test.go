package purity

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"strings"
	"testing"
)

// harmlessDraws are the files, or folders, that may draw numbers which somebody else
// could predict (math/rand), and why it does not matter there. Keys, tokens, nonces,
// ids and transaction ids come from crypto/rand: predictable ones have been a hole
// elsewhere (coturn, CVE-2025-69217).
var harmlessDraws = map[string]string{
	"peer/login.go":            "spreads attempts to log in over time",
	"peer/roam.go":             "spreads the return of many peers over time",
	"rendezvous/shutdown.go":   "spreads the return of many peers over time",
	"internal/portmap/keep.go": "spreads repetitions, as RFC 6886 and 6887 ask; nonces are from crypto/rand",
	"internal/portmap/igd.go":  "another external port to ask the router for, which everybody sees",
	"internal/chaos":           "test tool",
	"internal/figures":         "test tool",
	"internal/natlab":          "test tool",
	"internal/chaos/network":   "test tool",
	"internal/chaos/powercut":  "test tool",
	"internal/natlab/nat":      "test tool",
}

func TestT23OnlyHarmlessDrawsArePredictable(t *testing.T) {
	err := fs.WalkDir(os.DirFS(moduleRoot), ".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && (entry.Name() == "testdata" || strings.HasPrefix(entry.Name(), ".") && name != "."):
			return fs.SkipDir
		case entry.IsDir() || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go"):
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), path.Join(moduleRoot, name), nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		for _, imported := range file.Imports {
			if strings.HasPrefix(imported.Path.Value, `"math/rand`) && harmlessDraws[name] == "" && harmlessDraws[path.Dir(name)] == "" {
				t.Errorf("%s imports %s: take crypto/rand, or say in harmlessDraws why nobody gains by predicting it", name, imported.Path.Value)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for name := range harmlessDraws {
		if _, err := fs.Stat(os.DirFS(moduleRoot), name); err != nil {
			t.Errorf("harmlessDraws names %s, which is not there any more", name)
		}
	}
}
