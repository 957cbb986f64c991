//go:build linux

package main

import (
	"fmt"
	"slices"
	"time"
)

// sample is what repeated measurements of one figure gave.
type sample []time.Duration

func (s sample) median() time.Duration { return median(s) }

func (s sample) worst() time.Duration { return slices.Max(s) }

func (s sample) String() string {
	return fmt.Sprintf("median %s, worst %s, n %d", milliseconds(s.median()), milliseconds(s.worst()), len(s))
}

// median returns the middle value, of an even number the upper of the two.
func median[T int | int64 | float64 | time.Duration](values []T) T {
	return slices.Sorted(slices.Values(values))[len(values)/2]
}

func milliseconds(d time.Duration) string {
	return fmt.Sprintf("%.1f ms", float64(d)/float64(time.Millisecond))
}
