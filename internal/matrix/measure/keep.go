//go:build linux

package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"peerd/internal/matrix"
)

// results are cells by the name of their pair.
type results map[string]matrix.Cell

// load reads what was kept; nothing if there is no such file yet, or none is
// named.
func load(file string) (results, error) {
	kept := results{}
	if file == "" {
		return kept, nil
	}
	content, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return kept, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read kept results: %w", err)
	}
	for row := range bytes.Lines(content) {
		var cell matrix.Cell
		if err := json.Unmarshal(row, &cell); err != nil {
			return nil, fmt.Errorf("read kept results in %s: %w", file, err)
		}
		kept[cell.Pair] = cell
	}
	return kept, nil
}

// known returns those of the pairs that have results.
func (r results) known(pairs []matrix.Pair) (known []matrix.Pair) {
	for _, pair := range pairs {
		if _, ok := r[pair.Name]; ok {
			known = append(known, pair)
		}
	}
	return known
}

// save writes the cells in the order of the matrix, and so forgets those that
// it does not have any more.
func (r results) save(file string) error {
	if file == "" {
		return nil
	}
	var content bytes.Buffer
	for _, pair := range r.known(matrix.Pairs()) {
		row, err := json.Marshal(r[pair.Name])
		if err != nil {
			return fmt.Errorf("keep results: %w", err)
		}
		content.Write(append(row, '\n'))
	}
	// The whole or nothing: an interruption must not cost what took hours.
	if err := os.WriteFile(file+".new", content.Bytes(), 0o644); err != nil {
		return fmt.Errorf("keep results: %w", err)
	}
	if err := os.Rename(file+".new", file); err != nil {
		return fmt.Errorf("keep results: %w", err)
	}
	return nil
}
