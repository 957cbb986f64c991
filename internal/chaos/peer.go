//go:build linux

package chaos

import (
	"context"
	"errors"
	"fmt"
	"time"

	"peerd/internal/failpoint"
	"peerd/peer/api"
)

// A peer is a peerd that dies and comes back.
type peer struct {
	Name string

	circle  *circle
	state   string
	socket  string
	join    string // file with the invite; empty once it has joined
	process *process
	client  *api.Client
}

// A fuse is a failpoint to die at, when it has been passed so many times. The
// zero fuse is none.
type fuse struct {
	point failpoint.Point
	count int
}

func (f fuse) environment() []string {
	if f == (fuse{}) {
		return nil
	}
	return []string{fmt.Sprintf("%s=%s@%d", failpoint.Variable, f.point, f.count)}
}

// start begins another life, which ends at the fuse. It waits for nothing.
func (p *peer) start(f fuse) (err error) {
	args := []string{"run", "--state", p.state, "--socket", p.socket, "--listen", "127.0.0.1:0", "--port-mapping", "off"}
	if p.join != "" {
		args = append(args, "--name", p.Name, "--join", "@"+p.join)
	}
	p.process, err = startProcess(f.environment(), p.circle.program("peerd"), args...)
	p.client = api.NewClient(p.socket)
	return err
}

// awaitReady waits until the peer is logged in.
func (p *peer) awaitReady() error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	_, err := p.process.await(ctx, "ready")
	return err
}

// kill ends a life without warning.
func (p *peer) kill() {
	if p.process != nil {
		p.process.kill()
		p.client.Close()
	}
}

// dead reports whether a life has ended.
func (p *peer) dead() bool {
	select {
	case <-p.process.ended:
		return true
	default:
		return false
	}
}

// errDied says that a life which was needed has ended.
var errDied = errors.New("the daemon has died")

// do asks something of the peer's daemon until it has answered: one that has just
// been started does not listen yet. The error is errDied when ctx has ended with
// that cause.
func (p *peer) do(ctx context.Context, ask func(ctx context.Context, client *api.Client) error) error {
	for {
		err := ask(ctx, p.client)
		if err == nil {
			return nil
		}
		if ctx.Err() != nil {
			return fmt.Errorf("%s: %w: %s", p.Name, context.Cause(ctx), p.process.output())
		}
		failure, ok := errors.AsType[*api.Error](err)
		if !ok || failure.Code != api.CodeUnreachable {
			return fmt.Errorf("%s: %w", p.Name, err)
		}
		select {
		case <-time.After(2 * time.Millisecond): // nothing announces that the socket is there
		case <-ctx.Done():
		}
	}
}
