package peer

import (
	"context"
	"fmt"
	"io/fs"
	"syscall"
	"testing"

	"github.com/quic-go/quic-go"

	"peerd/peer/transfer/disk"
)

// TestWhatEndsTheStreamOfAFile says which errors end the whole transfer: all but those
// that the recipient is told of as cancelled.
func TestWhatEndsTheStreamOfAFile(t *testing.T) {
	for name, row := range map[string]struct {
		err  error
		want quic.StreamErrorCode
	}{
		"it was never offered":    {errNoOffer, codeNoOffer},
		"it has changed":          {disk.ErrChanged, codeChanged},
		"we close":                {context.Canceled, codeCancelled},
		"it may not be read":      {fs.ErrPermission, codeUnreadable},
		"the disk is damaged":     {syscall.EIO, codeUnreadable},
		"too many files are open": {&fs.PathError{Op: "open", Path: "f", Err: syscall.EMFILE}, codeCancelled},
		"the system has no more":  {&fs.PathError{Op: "open", Path: "f", Err: syscall.ENFILE}, codeCancelled},
		"there is no memory":      {syscall.ENOMEM, codeCancelled},
	} {
		t.Run(name, func(t *testing.T) {
			if got := codeOfEnd(fmt.Errorf("serve: %w", row.err)); got != row.want {
				t.Errorf("code %d, want %d", got, row.want)
			}
		})
	}
}
