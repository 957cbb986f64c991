//go:build !linux

package socket

// parseSendControl finds nothing: quic-go segments on Linux only, and
// internal/offload marks ECN there only.
func parseSendControl([]byte) (segmentSize int, ecn uint8) { return 0, 0 }

func putECN([]byte, uint8) int { return 0 }
