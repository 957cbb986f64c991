//go:build !linux

package socket

import "errors"

// receiveBuffer is not known here.
func receiveBuffer(datagramConn) (int, error) { return 0, errors.ErrUnsupported }
