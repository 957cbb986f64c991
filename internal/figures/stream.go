//go:build linux

package main

import (
	"fmt"
	"io"
	"time"

	"github.com/quic-go/quic-go"
)

// blockSize is how much one write hands to QUIC.
const blockSize = 1 << 20

// fill writes to a stream for as long as d and waits until the other side has
// read it all and ended its own direction. It returns "BYTES NANOSECONDS".
func fill(stream *quic.Stream, d time.Duration) (string, error) {
	block := make([]byte, blockSize)
	var sent int64
	start := time.Now()
	for time.Since(start) < d {
		n, err := stream.Write(block)
		if sent += int64(n); err != nil {
			return "", fmt.Errorf("write to the stream: %w", err)
		}
	}
	if err := stream.Close(); err != nil {
		return "", fmt.Errorf("end the stream: %w", err)
	}
	if _, err := io.Copy(io.Discard, stream); err != nil {
		return "", fmt.Errorf("wait until everything is read: %w", err)
	}
	return filled(sent, time.Since(start)), nil
}

// filled is a result of fill.
func filled(bytes int64, took time.Duration) string { return fmt.Sprintf("%d %d", bytes, took) }

// megabitsPerSecond reads fill's result.
func megabitsPerSecond(result string) (float64, error) {
	var sent int64
	var took time.Duration
	if _, err := fmt.Sscan(result, &sent, &took); err != nil || took <= 0 {
		return 0, fmt.Errorf("read a throughput from %q: %w", result, err)
	}
	return float64(sent) * 8 / 1e6 / took.Seconds(), nil
}
