package leak

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// unchecked are packages that start goroutines and are no part of a daemon: they make
// the stage for tests and measurements, or have none.
var unchecked = []string{
	"internal/chaos", "internal/demo", "internal/endtoend", "internal/figures", "internal/flood", "internal/matrix",
	"internal/natlab", "internal/release", "internal/rogue", "internal/stage", "internal/wrongclock", "internal/desktop/desktoptest",
	"peer/api/apitest",
}

// Whoever writes a package that starts goroutines is reminded of its TestMain.
func TestEveryPackageThatStartsGoroutinesIsChecked(t *testing.T) {
	starts, checks := map[string]bool{}, map[string]bool{}
	err := filepath.WalkDir("../..", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".go" {
			return err
		}
		dir, err := filepath.Rel("../..", filepath.Dir(path))
		dir = filepath.ToSlash(dir)
		isTest := strings.HasSuffix(path, "_test.go")
		switch {
		case err != nil:
		case isTest:
			content, failure := os.ReadFile(path)
			checks[dir] = checks[dir] || strings.Contains(string(content), "leak.Checked(m)")
			err = failure
		case !starts[dir]:
			starts[dir], err = startsGoroutine(path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, dir := range slices.Sorted(maps.Keys(starts)) {
		if starts[dir] && !checks[dir] && !isUnchecked(dir) {
			t.Errorf("%s starts goroutines: its TestMain has to ask leak.Checked", dir)
		}
	}
	if !starts["rendezvous"] || !checks["rendezvous"] {
		t.Error("the rendezvous was not seen: the search is broken")
	}
}

func isUnchecked(dir string) bool {
	return slices.ContainsFunc(unchecked, func(root string) bool { return dir == root || strings.HasPrefix(dir, root+"/") })
}

// startsGoroutine reports whether a file has a go statement or calls a method Go.
func startsGoroutine(path string) (found bool, err error) {
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
	if err != nil {
		return false, err
	}
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.GoStmt:
			found = true
		case *ast.CallExpr:
			if s, ok := n.Fun.(*ast.SelectorExpr); ok && s.Sel.Name == "Go" {
				found = true
			}
		}
		return !found
	})
	return found, nil
}
