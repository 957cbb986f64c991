//go:build !linux

package natcheck

import (
	"errors"
	"net/netip"
	"time"
)

// Other systems tell who reported the death of a packet only to programs with
// privileges.
const sweepSupported = false

func (s *spare) limitTTL(int) error { return errors.ErrUnsupported }

func (s *spare) awaitReport(time.Time, *question) netip.Addr { return netip.Addr{} }
