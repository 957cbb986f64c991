//go:build linux

package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strings"
)

// Between these lines of the document is what a table is regenerated into.
const (
	tableBegins = "<!-- measured: %s -->\n"
	tableEnds   = "<!-- end of %s -->\n"
)

// tables are those of the document.
var tables = map[string]func(results) string{
	"promises": promisesTable,
	"grid":     gridTable,
	"special":  specialTable,
	"others":   othersTable,
	"kinds":    kindsTable,
}

// writeDocument regenerates the tables of a document and leaves the rest of it
// alone.
func writeDocument(file string, r results) error {
	document, err := os.ReadFile(file)
	if err != nil {
		return fmt.Errorf("read the document: %w", err)
	}
	for name, table := range tables {
		if document, err = replaceTable(document, name, table(r)); err != nil {
			return fmt.Errorf("regenerate %s: %w", file, err)
		}
	}
	if err := os.WriteFile(file, document, 0o644); err != nil {
		return fmt.Errorf("write the document: %w", err)
	}
	return nil
}

func replaceTable(document []byte, name, table string) ([]byte, error) {
	begins, ends := fmt.Sprintf(tableBegins, name), fmt.Sprintf(tableEnds, name)
	before, rest, found := bytes.Cut(document, []byte(begins))
	_, after, ended := bytes.Cut(rest, []byte(ends))
	if !found || !ended {
		return nil, errors.New("no lines " + strings.TrimSpace(begins) + " and " + strings.TrimSpace(ends))
	}
	return bytes.Join([][]byte{before, after}, []byte(begins+"\n"+table+"\n"+ends)), nil
}
