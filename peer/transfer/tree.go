package transfer

import (
	"crypto/sha256"
	"math/bits"
)

// A Hash is a node of the hash tree.
type Hash [sha256.Size]byte

// The first octet of what is hashed tells leaves from nodes: otherwise a node could
// pass for a chunk of 64 bytes (RFC 9162, section 2.1.1).
const (
	leafMark = 0
	nodeMark = 1
)

// HashChunk returns the leaf of a chunk.
func HashChunk(data []byte) (leaf Hash) {
	h := sha256.New()
	h.Write([]byte{leafMark})
	h.Write(data)
	h.Sum(leaf[:0])
	return leaf
}

// treeRoot returns the root over leaves.
func treeRoot(leaves []Hash) Hash {
	switch len(leaves) {
	case 0:
		return sha256.Sum256(nil)
	case 1:
		return leaves[0]
	}
	split := 1 << (bits.Len(uint(len(leaves)-1)) - 1)
	left, right := treeRoot(leaves[:split]), treeRoot(leaves[split:])
	node := make([]byte, 0, 1+2*sha256.Size)
	node = append(node, nodeMark)
	node = append(node, left[:]...)
	return sha256.Sum256(append(node, right[:]...))
}
