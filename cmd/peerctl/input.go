package main

import (
	"context"
	"io"
)

// input is standard input until ctx ends: Ctrl-C also ends a command that waits for
// somebody to type.
func (a *app) input(ctx context.Context) io.Reader { return interruptible{ctx, a.in} }

// interruptible is a reader whose reads end with ctx. A read from a terminal cannot be
// called back: it is left behind, and ends with the process.
type interruptible struct {
	ctx context.Context
	in  io.Reader
}

func (r interruptible) Read(p []byte) (int, error) {
	type result struct {
		piece []byte
		err   error
	}
	done := make(chan result, 1)
	size := len(p)
	go func() {
		piece := make([]byte, size) // p is the caller's again once ctx has ended
		n, err := r.in.Read(piece)
		done <- result{piece[:n], err}
	}()
	select {
	case read := <-done:
		return copy(p, read.piece), read.err
	case <-r.ctx.Done():
		return 0, r.ctx.Err()
	}
}
