package socket

import (
	"context"
	"sync"

	"peerd/internal/offload"
)

// concurrentReads is how many auxiliary sockets are read at a time, each into
// half a megabyte. More would not be faster: all of it goes through quic-go's
// one reader.
const concurrentReads = 4

// readBatches are the buffers that auxiliary sockets are read into. A socket
// takes one when there is something to read, so that hundreds of idle ones
// need none.
type readBatches struct {
	tokens chan struct{}
	pool   *sync.Pool // of *readBatch
}

type readBatch [receiveBatch]offload.Datagrams

func newReadBatches() readBatches {
	return readBatches{
		tokens: make(chan struct{}, concurrentReads),
		pool: &sync.Pool{New: func() any {
			b := new(readBatch)
			for i := range b {
				b[i].Buffer = make([]byte, 0, offload.BufferSize)
			}
			return b
		}},
	}
}

// get waits for a batch, until ctx ends.
func (r *readBatches) get(ctx context.Context) (*readBatch, error) {
	select {
	case r.tokens <- struct{}{}:
		return r.pool.Get().(*readBatch), nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (r *readBatches) put(batch *readBatch) {
	r.pool.Put(batch)
	<-r.tokens
}
