package chaos

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"peerd/internal/statedir"
	"peerd/peer/api"
)

const (
	// smallDisk is the size of a disk that gets full, in MiB: there is room for what
	// a store takes while it is told that there is none.
	smallDisk = 64
	// bigMessage is about how long messages to a full disk are, in bytes.
	bigMessage = 8 << 10
	// longestFull is how long a recipient's disk stays full at most.
	longestFull = time.Second
	fullDiskBar = "0 lost, 0 repeated, in order; refused or queued; ≤ 5 s after space"
)

// playFullDisks fills the disk of either side, so many times, and makes room
// again.
func playFullDisks(lab *Lab) ([]Row, error) {
	var rows [2]Row
	var errs [2]error
	sides := []side{sender, recipient}
	inParallel(len(sides), len(sides), func(i int) { rows[i], errs[i] = fillDisk(lab, sides[i]) })
	return rows[:], errors.Join(errs[:]...)
}

func fillDisk(lab *Lab, of side) (row Row, err error) {
	row = Row{Fault: fmt.Sprintf("disk of the %s full, killed or not, then space again", of), Bar: fullDiskBar}
	c, err := lab.circle(fmt.Sprintf("full-%s", of))
	if err != nil {
		return row, err
	}
	defer c.kill()
	dir := filepath.Join(lab.Dir, fmt.Sprintf("small-%s", of))
	if err := os.Mkdir(dir, 0o700); err != nil {
		return row, err
	}
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, fmt.Sprintf("size=%dm,mode=700", smallDisk)); err != nil {
		return row, fmt.Errorf("mount a small disk: %w", err)
	}
	defer func() { err = errors.Join(err, syscall.Unmount(dir, syscall.MNT_DETACH)) }()
	p, err := newPairOn(c, 0, of, dir)
	if err != nil {
		return row, err
	}
	defer p.kill()
	for range lab.Times {
		resumed, err := p.fill(p.victim(of), filepath.Join(dir, "ballast"))
		if err != nil {
			return row, fmt.Errorf("%s: %w", row.Fault, err)
		}
		if err := p.note(&row, resumed); err != nil || row.Broken() {
			return row, err
		}
	}
	return row, nil
}

// fill fills victim's disk with ballast, has alice send, kills the victim or not,
// and returns how long after there was space again a message got through.
func (p *pair) fill(victim *peer, ballast string) (resumed time.Duration, err error) {
	if err := fillUp(ballast); err != nil {
		return 0, err
	}
	if victim == p.alice {
		err = p.sendUntilRefused()
	} else {
		err = p.sendInVain(20)
	}
	if err != nil {
		return 0, err
	}
	killed := rand.IntN(2) == 0
	if killed {
		victim.kill()
	}
	if err := os.Remove(ballast); err != nil {
		return 0, err
	}
	if killed {
		return p.resume(victim)
	}
	return p.exchange(bigMessage)
}

// fillUp writes a file until the disk is full.
func fillUp(path string) error {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	defer file.Close()
	for block := make([]byte, 1<<20); len(block) > 0; {
		if _, err = file.Write(block); errors.Is(err, syscall.ENOSPC) {
			block = block[:len(block)/2]
		} else if err != nil {
			return err
		}
	}
	return nil
}

// sendUntilRefused has alice send until her daemon refuses two messages, which
// are not sent again, and checks that peerctl says so to a script.
func (p *pair) sendUntilRefused() error {
	for refused := 0; refused < 2; {
		if _, err := p.send(bigMessage); err != nil {
			p.unsure = nil
			refused++
		}
		if p.alice.dead() {
			return fmt.Errorf("%s does not survive a full disk: %s", p.alice.Name, p.alice.process.output())
		}
	}
	peerctl := exec.Command(p.alice.circle.program("peerctl"), "--timeout", "1s", "send", p.bob.Name, "is there space?")
	peerctl.Env = append(os.Environ(), statedir.SocketVariable+"="+p.alice.socket)
	if out, err := peerctl.CombinedOutput(); err == nil {
		return fmt.Errorf("peerctl has sent a message from a full disk: %s", out)
	}
	return nil
}

// sendInVain has alice send so many messages to a bob who cannot store them, and
// gives both some time to notice. Should one of them be said to be delivered, it
// has to outlive what comes next.
func (p *pair) sendInVain(count int) error {
	last := ""
	for range count {
		id, err := p.send(bigMessage)
		if err != nil {
			return err
		}
		last = id
	}
	ctx, cancel := p.lives()
	defer cancel()
	return p.alice.do(ctx, func(ctx context.Context, client *api.Client) error {
		_, err := client.WaitMessage(ctx, last, api.StateDelivered, rand.N(longestFull))
		return err
	})
}
