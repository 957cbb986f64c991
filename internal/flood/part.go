//go:build linux

package flood

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"strings"
	"sync"
	"time"

	"peerd/internal/invite"
	"peerd/internal/natlab"
)

// patience bounds every wait for a program. It is long because the machine is
// busy by intention.
const patience = 60 * time.Second

// partArgument makes the program play parts on a host of the lab, at the same time:
//
//	run part NAME[,NAME...] INVITE IPV6-ADDRESS
//
// It says "ready", plays from the line "begin" on its standard input to the line
// "end", answers that with a report of each part, and may be asked to begin again. It
// ends with its input.
const partArgument = "part"

// answered begins the line with the reports.
const answered = "reports: "

// A report is what a part has to say at the end.
type report struct {
	Done    int             // what was attempted: datagrams, connections, logins
	What    string          // the word for it
	Seconds float64         // how long it was played
	Held    int             `json:",omitempty"` // the most there were at once
	Took    []time.Duration `json:",omitempty"` // of honest logins
	Failed  int             `json:",omitempty"`
	Note    string          `json:",omitempty"` // why the last one failed
}

// rate is how many were attempted per second.
func (r report) rate() float64 { return float64(r.Done) / max(r.Seconds, 0.001) }

// An aim is what every part knows of the victim.
type aim struct {
	target
	invite invite.Invite
}

// A play attempts something until ctx ends.
type play func(ctx context.Context, at aim) (report, error)

// A part prepares a play. What is prepared lasts until ctx ends.
type part func(ctx context.Context, at aim) (play, error)

// simply is a part that needs no preparation.
func simply(p play) part {
	return func(context.Context, aim) (play, error) { return p, nil }
}

// PlayPart plays a part if the arguments of the program ask for it. It returns
// the exit code.
func PlayPart(args []string) (code int, asked bool) {
	if len(args) == 0 || args[0] != partArgument {
		return 0, false
	}
	if err := playPart(args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		return 1, true
	}
	return 0, true
}

func playPart(args []string) error {
	if len(args) != 3 {
		return errors.New("usage: run part NAME[,NAME...] INVITE IPV6-ADDRESS")
	}
	at, err := parseAim(args[1], args[2])
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	prepared, err := prepareParts(ctx, strings.Split(args[0], ","), at)
	if err != nil {
		return err
	}
	fmt.Println("ready")
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		reports, err := playUntil(lines.Scan, prepared, at)
		if err != nil {
			return fmt.Errorf("play %s: %w", args[0], err)
		}
		text, err := json.Marshal(reports)
		if err != nil {
			return err
		}
		fmt.Println(answered + string(text))
	}
	return lines.Err()
}

func prepareParts(ctx context.Context, names []string, at aim) (plays []play, err error) {
	for _, name := range names {
		if parts[name] == nil {
			return nil, fmt.Errorf("no part is called %q", name)
		}
		prepared, err := parts[name](ctx, at)
		if err != nil {
			return nil, fmt.Errorf("prepare %s: %w", name, err)
		}
		plays = append(plays, prepared)
	}
	return plays, nil
}

// playUntil plays until end returns.
func playUntil(end func() bool, plays []play, at aim) ([]report, error) {
	ctx, cancel := context.WithCancel(context.Background())
	reports, failures := make([]report, len(plays)), make([]error, len(plays))
	var playing sync.WaitGroup
	begun := time.Now()
	for i, play := range plays {
		playing.Go(func() {
			reports[i], failures[i] = play(ctx, at)
			reports[i].Seconds = time.Since(begun).Seconds()
		})
	}
	end()
	cancel()
	playing.Wait()
	return reports, errors.Join(failures...)
}

func parseAim(invitation, ipv6 string) (at aim, err error) {
	if at.invite, err = invite.Parse(invitation); err != nil {
		return at, err
	}
	if at.v4, err = netip.ParseAddrPort(at.invite.Address); err != nil {
		return at, err
	}
	addr, err := netip.ParseAddr(ipv6)
	at.v6 = netip.AddrPortFrom(addr, at.v4.Port())
	return at, err
}

// player is such a process, seen from outside.
type player struct {
	process *natlab.Process
	stdin   *os.File
}

// startPlayer starts parts on a host, in one process. Its end comes with the lab's,
// or with stop.
func startPlayer(host *natlab.Host, parts []string, invitation string, ipv6 netip.Addr) (*player, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	read, write, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	p := &player{stdin: write, process: host.Start(natlab.Command{
		Path:  self,
		Args:  []string{partArgument, strings.Join(parts, ","), invitation, ipv6.String()},
		Stdin: read,
	})}
	_, err = p.await("ready")
	return p, errors.Join(read.Close(), err)
}

func (p *player) await(text string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	line, err := p.process.Await(ctx, text)
	if err != nil {
		return "", fmt.Errorf("%w: %s", err, p.process.Stderr())
	}
	return line, nil
}

// begin lets the parts begin.
func (p *player) begin() error {
	_, err := fmt.Fprintln(p.stdin, "begin")
	return err
}

// end lets the parts end and returns their reports.
func (p *player) end() (reports []report, err error) {
	if _, err := fmt.Fprintln(p.stdin, "end"); err != nil {
		return nil, err
	}
	line, err := p.await(answered)
	if err != nil {
		return nil, err
	}
	return reports, json.Unmarshal([]byte(strings.TrimPrefix(line, answered)), &reports)
}

// endOne is end of a process that plays one part.
func (p *player) endOne() (report, error) {
	reports, err := p.end()
	if err != nil || len(reports) != 1 {
		return report{}, errors.Join(err, fmt.Errorf("%d reports, want 1", len(reports)))
	}
	return reports[0], nil
}

// stop ends the process.
func (p *player) stop() {
	p.process.Kill()
	_ = p.stdin.Close()
}
