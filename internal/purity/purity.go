// Package purity checks that the core packages stay pure: wire, roster and
// punch have no socket, clock, goroutine, randomness or logger of their own. It
// serves the module's tests only; nothing imports it.
//
// It reads source, not behaviour: the imports and the go statements of each
// file that is not a test. What an allowed dependency does inside is not its
// concern.
package purity

import (
	"fmt"
	"go/ast"
	"go/token"
	"path"
	"slices"
	"strconv"
	"strings"
)

// A Rule is what one package may be made of.
type Rule struct {
	Package string   // folder of the module, subfolders included
	Exempt  []string // subfolders that it does not apply to
	// Imports are the paths, with everything below them, that may be imported
	// besides the pure part of the standard library.
	Imports []string
	Why     string // shown with every violation
}

const whyPure = "time and the network must be simulated exactly: the driver passes in datagrams, random bytes " +
	"and the current time, and logs what comes out"

// Rules are the rules of this module's core packages.
func Rules() []Rule {
	return []Rule{
		{
			Package: "wire",
			Imports: []string{"peerd/wire", "github.com/pion/stun/v3", "google.golang.org/protobuf"},
			Why:     "wire is below everything, and another dependency here is one of every program; besides, " + whyPure,
		},
		{Package: "roster", Imports: []string{"peerd/wire"}, Why: whyPure},
		{Package: "punch", Exempt: []string{"socket", "natcheck"}, Imports: []string{"peerd/wire"}, Why: whyPure},
	}
}

// impure are the parts of the standard library that reach outside the process
// or differ between two runs. Everything below them is impure too, except
// what pure lists.
var (
	impure = []string{"net", "os", "syscall", "log", "crypto/rand", "math/rand", "runtime", "plugin", "testing"}
	pure   = []string{"net/netip"}
)

// clocks are what package time must not be asked for.
var clocks = []string{"Now", "Since", "Until", "Sleep", "After", "AfterFunc", "Tick", "NewTimer", "NewTicker"}

// Check returns what is wrong with file, which belongs to the rule's package:
// one line for each violation, with its position.
func (r Rule) Check(files *token.FileSet, file *ast.File) []string {
	var violations []string
	report := func(node ast.Node, what string) {
		violations = append(violations, fmt.Sprintf("%s: %s %s, because %s", files.Position(node.Pos()), r.Package, what, r.Why))
	}
	timeName := ""
	for _, spec := range file.Imports {
		imported, _ := strconv.Unquote(spec.Path.Value) // parsed: it is a string
		if !r.mayImport(imported) {
			report(spec, "must not import "+imported)
		}
		if imported == "time" {
			timeName = localName(spec, imported)
		}
	}
	if timeName == "." {
		report(file.Name, "must not import time with a dot: its clocks could not be told from other names")
	}
	ast.Inspect(file, func(node ast.Node) bool {
		switch node := node.(type) {
		case *ast.GoStmt:
			report(node, "must not start goroutines")
		case *ast.SelectorExpr:
			of, ok := node.X.(*ast.Ident)
			if ok && of.Name == timeName && slices.Contains(clocks, node.Sel.Name) {
				report(node, "must not use time."+node.Sel.Name)
			}
		}
		return true
	})
	return violations
}

func (r Rule) mayImport(imported string) bool {
	if within(imported, r.Imports) || within(imported, pure) {
		return true
	}
	first, _, _ := strings.Cut(imported, "/")
	standard := !strings.Contains(first, ".") && first != "peerd" && first != "C"
	return standard && !within(imported, impure)
}

// within reports whether a path is one of roots or below one.
func within(imported string, roots []string) bool {
	return slices.ContainsFunc(roots, func(root string) bool {
		return imported == root || strings.HasPrefix(imported, root+"/")
	})
}

// localName returns the name by which a file knows an import.
func localName(spec *ast.ImportSpec, imported string) string {
	if spec.Name != nil {
		return spec.Name.Name
	}
	return path.Base(imported)
}
