package chaos

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"

	"peerd/internal/chaos/powercut"
)

const (
	// longestPower is how many changes and syncs a disk takes at most before its
	// power fails. A daemon's start takes some dozens, a short message about ten; a
	// write-ahead log that is long enough to go into its file took two thousand.
	longestPower = 5000
	powerCutBar  = "0 acknowledged lost, 0 repeated, in order; opens again"
)

// playPowerCuts cuts the power of a peer's disk, so many times on either side.
func playPowerCuts(lab *Lab) ([]Row, error) {
	const workers = 4
	var rows []Row
	for _, side := range []side{sender, recipient} {
		parts := make([]Row, workers)
		errs := make([]error, workers)
		inParallel(workers, workers, func(i int) {
			parts[i], errs[i] = cutPower(lab, side, i, (lab.Times+i)/workers)
		})
		if err := errors.Join(errs...); err != nil {
			return rows, err
		}
		rows = append(rows, sum(fmt.Sprintf("power cut of the %s, unsynced writes dropped or torn", side), patience, parts))
	}
	return rows, nil
}

// cutPower cuts the power of one side of a pair.
func cutPower(lab *Lab, side side, number, times int) (row Row, err error) {
	row.Bar = powerCutBar
	c, err := lab.circle(fmt.Sprintf("cuts-%s-%d", side, number))
	if err != nil {
		return row, err
	}
	defer c.kill()
	disk, dir, err := lab.disk(fmt.Sprintf("disk-%s-%d", side, number))
	if err != nil {
		return row, err
	}
	defer func() { err = errors.Join(err, disk.Close()) }()
	p, err := newPairOn(c, number, side, dir)
	if err != nil {
		return row, err
	}
	defer p.kill()
	victim := p.victim(side)
	for range times {
		begin := func() error {
			err := victim.start(fuse{})
			if err == nil {
				disk.TripIn(1+rand.IntN(1+rand.IntN(longestPower)), victim.process.condemn)
			}
			return err
		}
		resumed, err := p.strike(victim, chattering, begin, func() error { return disk.Cut(keep()) })
		if err != nil {
			return row, err
		}
		if err := p.note(&row, resumed); err != nil || row.Broken() {
			return row, err
		}
	}
	return row, nil
}

// keep is how much of what was not synced survives: nothing, in half of all
// cuts, else some part.
func keep() float64 { return max(0, 2*rand.Float64()-1) }

// disk mounts a disk whose power can be cut.
func (l *Lab) disk(name string) (*powercut.Disk, string, error) {
	dir := filepath.Join(l.Dir, name)
	if err := os.Mkdir(dir, 0o700); err != nil {
		return nil, "", err
	}
	disk, err := powercut.Mount(dir, rand.Uint64())
	return disk, dir, err
}

// playRendezvousPowerCuts cuts the power of the rendezvous' disk, so many times,
// while invites are made and revoked.
func playRendezvousPowerCuts(lab *Lab) (rows []Row, err error) {
	disk, dir, err := lab.disk("disk-rendezvous")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, disk.Close()) }()
	peers := filepath.Join(lab.Dir, "peers")
	if err := os.Mkdir(peers, 0o700); err != nil {
		return nil, err
	}
	c, err := startCircleAt(lab.Binaries, peers, dir)
	if err != nil {
		return nil, err
	}
	defer c.kill()
	row := Row{Fault: "power cut of the rendezvous; names and invites intact", Bar: powerCutBar}
	err = c.bereave(&row, lab.Times, func() {
		disk.TripIn(1+rand.IntN(40), c.process.condemn)
	}, func() error { return disk.Cut(keep()) })
	return []Row{row}, err
}
