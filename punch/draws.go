package punch

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
)

// draws are random numbers of one engine: keyed hashes of a counter, which a
// stranger cannot guess and a replay of the same events repeats exactly.
type draws struct {
	seed    [16]byte
	counter uint64
}

// next returns 32 random bytes.
func (d *draws) next() []byte {
	d.counter++
	mac := hmac.New(sha256.New, d.seed[:])
	mac.Write(binary.BigEndian.AppendUint64(nil, d.counter))
	return mac.Sum(nil)
}

// below returns a number from 0 to n-1; n must be positive. Its bias is n/2^64.
func (d *draws) below(n int) int {
	return int(binary.BigEndian.Uint64(d.next()) % uint64(n))
}

// ports returns count different ports between first and last, or all of them if
// there are no more, in random order.
func (d *draws) ports(first, last, count int) []uint16 {
	var all []uint16
	for port := first; port <= last; port++ {
		all = append(all, uint16(port))
	}
	for i := range min(count, len(all)) {
		j := i + d.below(len(all)-i)
		all[i], all[j] = all[j], all[i]
	}
	return all[:min(count, len(all))]
}
