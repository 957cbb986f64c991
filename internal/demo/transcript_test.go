package main

import (
	"strings"
	"sync"
)

// transcript collects what a program writes, and tells when there is more.
type transcript struct {
	mu    sync.Mutex
	text  strings.Builder
	grown chan struct{} // closed and replaced at every write
}

func newTranscript() *transcript { return &transcript{grown: make(chan struct{})} }

func (t *transcript) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	close(t.grown)
	t.grown = make(chan struct{})
	return t.text.Write(b)
}

// read returns what there is, and a channel that is closed when there is more.
func (t *transcript) read() (text string, grown <-chan struct{}) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.text.String(), t.grown
}

func (t *transcript) String() string {
	text, _ := t.read()
	return text
}
