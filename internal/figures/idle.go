//go:build linux

package main

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"peerd/internal/natlab"
	"peerd/internal/stage"
)

const (
	idleBound = 30 << 20
	// idlePairs is how many pairs of daemons are looked at.
	idlePairs = 2
	// idleFor is how long they are left alone after the direct path has come up.
	idleFor = 10 * time.Second
)

// measureIdle measures the resident memory of a daemon that is logged in and
// has one session on a direct path, on which nothing is said.
func measureIdle(b *bench) ([]row, error) {
	var resident []int64
	err := onStage(b, vpsLink, nil, func(lab *natlab.Lab, s *stage.Stage) error {
		var peers []*stage.Peer
		for i := range idlePairs {
			couple, err := directPair(lab, s, i)
			if err != nil {
				return err
			}
			peers = append(peers, couple[:]...)
		}
		time.Sleep(idleFor) // this is what is measured, not a wait for something
		for _, p := range peers {
			bytes, err := residentMemory(p.Process().PID())
			if err != nil {
				return err
			}
			resident = append(resident, bytes)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return []row{{
		figure:   "idle: memory of a peerd with one direct session",
		measured: fmt.Sprintf("median %s, worst %s, n %d", mebibytes(median(resident)), mebibytes(slices.Max(resident)), len(resident)),
		bound:    "≤ 30 MiB RSS",
		met:      slices.Max(resident) <= idleBound,
		others:   "tsnet 30–41 MB, tailscaled 36, frpc 27–44",
	}}, nil
}

// directPair joins the number-th pair and lets it find its direct path.
func directPair(lab *natlab.Lab, s *stage.Stage, number int) (couple [2]*stage.Peer, err error) {
	for i := range couple {
		name := fmt.Sprintf("peer-%d-%d", number, i)
		home := lab.Home(name+"-home", natlab.Masquerade, homeLink)
		if couple[i], err = s.Peer(home.Host(name), name); err != nil {
			return couple, err
		}
	}
	if err := stage.Meet(couple[0], couple[1]); err != nil {
		return couple, err
	}
	if result := couple[0].Ctl("wait", "direct", couple[1].Name); result.ExitCode != 0 {
		return couple, fmt.Errorf("wait for a direct path: exit %d: %s", result.ExitCode, result.Stderr)
	}
	return couple, nil
}

// residentMemory returns how many bytes of a process are in memory.
func residentMemory(pid int) (int64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, fmt.Errorf("read memory: %w", err)
	}
	for line := range strings.Lines(string(text)) {
		if value, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			kibibytes, err := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(value), "kB")), 10, 64)
			return kibibytes << 10, err
		}
	}
	return 0, fmt.Errorf("read memory: process %d has none", pid)
}

func mebibytes(n int64) string { return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20)) }
