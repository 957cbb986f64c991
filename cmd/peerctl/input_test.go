package main

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"time"

	"peerd/internal/exitcode"
)

// quiet is an input on which nobody types anything.
type quiet struct {
	reading chan struct{} // closed by the first read
	closed  chan struct{}
}

func (q quiet) Read([]byte) (int, error) {
	close(q.reading)
	<-q.closed
	return 0, context.Canceled
}

func TestCtrlCEndsACommandThatReadsItsInput(t *testing.T) {
	for _, line := range []string{"send bob -", "edit last -", "contact verify bob --scanned -", "import -"} {
		t.Run(line, func(t *testing.T) {
			in := quiet{make(chan struct{}), make(chan struct{})}
			defer close(in.closed)
			ctx, interrupt := context.WithCancel(t.Context())
			defer interrupt()
			var out, said bytes.Buffer
			code := make(chan int, 1)
			go func() {
				code <- run(ctx, append([]string{"--socket", "nowhere"}, strings.Fields(line)...), stdio{in, &out, &said})
			}()
			<-in.reading
			interrupt()
			select {
			case got := <-code:
				if got != exitcode.Interrupted || out.Len()+said.Len() > 0 {
					t.Errorf("exit code %d, said %q %q", got, &out, &said)
				}
			case <-time.After(hangGuard):
				t.Fatal("still reads")
			}
		})
	}
}
