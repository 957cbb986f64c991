//go:build linux

package stage

import (
	"context"
	"errors"
	"fmt"
	"time"

	"peerd/peer/api"
)

// Meet waits until two peers see each other online.
func Meet(a, b *Peer) error {
	return errors.Join(a.awaitOnline(b.Name), b.awaitOnline(a.Name))
}

func (p *Peer) awaitOnline(name string) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	client := p.Client()
	defer client.Close()
	for {
		_, err := client.WaitOnline(ctx, name)
		if err == nil {
			return nil
		}
		if failure, ok := errors.AsType[*api.Error](err); !ok || failure.Code != api.CodeNoSuchPeer || ctx.Err() != nil {
			return fmt.Errorf("wait until %s sees %s online: %w", p.Name, name, err)
		}
		time.Sleep(10 * time.Millisecond) // nothing announces a name that is new to the roster and offline
	}
}
