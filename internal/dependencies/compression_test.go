package dependencies

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// mayCompress are packages that users do not run.
var mayCompress = map[string]bool{"internal/release": true}

// Ten kilobytes can be ten gigabytes once they are decompressed. So nothing is: our code
// imports no decompression, and no HTTP client of ours asks for any, which net/http
// would do by itself.
func TestT15NothingIsDecompressed(t *testing.T) {
	transports := 0
	forEachSource(t, func(file string, source *ast.File) {
		for _, imported := range source.Imports {
			path, _ := strconv.Unquote(imported.Path.Value)
			compresses := strings.HasPrefix(path, "compress/") || path == "archive/zip" || strings.Contains(path, "klauspost/compress")
			if compresses && !mayCompress[filepath.ToSlash(filepath.Dir(file))] {
				t.Errorf("%s imports %s", file, path)
			}
		}
		ast.Inspect(source, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.CompositeLit:
				if isHTTP(n.Type, "Transport") {
					transports++
					if !hasField(n, "DisableCompression") {
						t.Errorf("%s has an http.Transport that decompresses: set DisableCompression", file)
					}
				}
			case *ast.SelectorExpr:
				for _, name := range []string{"DefaultClient", "DefaultTransport", "Get", "Post", "Head", "PostForm"} {
					if isHTTP(n, name) {
						t.Errorf("%s uses http.%s, which decompresses", file, name)
					}
				}
			}
			return true
		})
	})
	if transports == 0 {
		t.Error("found no http.Transport: the search is broken")
	}
}

// forEachSource parses every file of the module that is no test.
func forEachSource(t *testing.T, visit func(file string, source *ast.File)) {
	t.Helper()
	err := filepath.WalkDir(moduleRoot, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		source, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err == nil {
			name, _ := filepath.Rel(moduleRoot, path)
			visit(name, source)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// isHTTP reports whether an expression is http.name.
func isHTTP(e ast.Expr, name string) bool {
	s, ok := e.(*ast.SelectorExpr)
	if !ok || s.Sel.Name != name {
		return false
	}
	p, ok := s.X.(*ast.Ident)
	return ok && p.Name == "http"
}

func hasField(literal *ast.CompositeLit, name string) bool {
	for _, element := range literal.Elts {
		if pair, ok := element.(*ast.KeyValueExpr); ok {
			if key, ok := pair.Key.(*ast.Ident); ok && key.Name == name {
				return true
			}
		}
	}
	return false
}
