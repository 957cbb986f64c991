//go:build linux

package flood

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"peerd/internal/natlab"
	"peerd/internal/stage"
	"peerd/peer/api"
)

const (
	// members is how many peers the invite admits.
	members = 10_000
	// warmUp is how long an attack runs before honest logins are measured.
	warmUp = 2 * time.Second
)

// A Flood is a rendezvous, honest peers and an attacker, on a lab.
type Flood struct {
	// For is how long honest logins are measured under each attack.
	For time.Duration
	// Progress says what is going on.
	Progress func(format string, args ...any)

	stage    *stage.Stage
	invite   string
	ipv6     netip.Addr // the victim's
	attacker *natlab.Host
	members  *natlab.Host
	honest   *player
	idle     *player
	alice    *stage.Peer
	bob      *stage.Peer
}

// New builds the scene with programs from the directory binaries; state goes below
// dir. The lab needs IPv6, and is the caller's to close.
func New(lab *natlab.Lab, binaries, dir string) (*Flood, error) {
	near := natlab.Link{Delay: 10 * time.Millisecond}
	vps := lab.PublicHost("vps", natlab.Link{})
	f := &Flood{
		stage: stage.New(vps, binaries, dir), ipv6: vps.IPv6(),
		attacker: lab.PublicHost("attacker", natlab.Link{}), members: lab.PublicHost("members", near),
	}
	honest := lab.PublicHost("honest", near)
	for _, network := range []netip.Prefix{attackers4, attackers6} {
		f.attacker.AddPrefix(network)
	}
	f.members.AddPrefix(netip.PrefixFrom(honest4.Addr().Next(), 32))
	honest.AddPrefix(honest4)
	if err := pin(f.attacker); err != nil {
		return nil, err
	}
	err := f.stage.StartRendezvous("--classic", fmt.Sprintf("%v:%d", vps.Addr(), classicPort))
	if err != nil {
		return nil, errors.Join(err, lab.Err())
	}
	if f.invite, err = f.stage.CreateInvite(members); err != nil {
		return nil, err
	}
	if f.idle, err = startPlayer(f.members, []string{"idle"}, f.invite, f.ipv6); err != nil {
		return nil, err
	}
	if f.honest, err = startPlayer(honest, []string{"honest"}, f.invite, f.ipv6); err != nil {
		return nil, err
	}
	return f, errors.Join(f.startPeers(lab, near), lab.Err())
}

// startPeers starts two daemons behind home routers.
func (f *Flood) startPeers(lab *natlab.Lab, link natlab.Link) (err error) {
	f.stage.Invite = f.invite
	for _, p := range []struct {
		name string
		peer **stage.Peer
	}{{"alice", &f.alice}, {"bob", &f.bob}} {
		host := lab.Home(p.name+"'s home", natlab.Masquerade, link).Host(p.name)
		if *p.peer, err = f.stage.Peer(host, p.name); err != nil {
			return err
		}
	}
	return stage.Meet(f.alice, f.bob)
}

// Play plays the attacks whose names are wanted, one after the other.
func (f *Flood) Play(wanted func(name string) bool) (rows []Row, err error) {
	for _, a := range attacks {
		if !wanted(a.name) {
			continue
		}
		begun := time.Now()
		row, err := f.play(a)
		if err != nil {
			return rows, fmt.Errorf("play %q: %w", a.name, err)
		}
		row.judge()
		rows = append(rows, row)
		f.Progress("%s: %v, %s", a.name, time.Since(begun).Round(time.Second), row.verdict())
	}
	return rows, nil
}

// play plays one attack and measures what it does.
func (f *Flood) play(a attack) (row Row, err error) {
	row.Attack = a.name
	pid := f.stage.Rendezvous().PID()
	before, err := used(pid)
	if err != nil {
		return row, err
	}
	var attacker *player // nil: there is none
	if len(a.parts) > 0 {
		if attacker, err = startPlayer(f.attacker, a.parts, f.invite, f.ipv6); err != nil {
			return row, err
		}
		defer attacker.stop()
	}
	watching := watchProcess(pid)
	err = f.measure(&row, attacker)
	peak, failed := watching.end()
	if err = errors.Join(err, failed); err != nil {
		return row, err
	}
	after, took, err := settle(pid, before)
	row.Settled = took
	row.Memory = [3]int64{before.memory, peak.memory, after.memory}
	row.Files = [3]int{before.files, peak.files, after.files}
	return row, err
}

// measure has the honest do what they do while the attacker, which may be nil, attacks.
func (f *Flood) measure(row *Row, attacker *player) (err error) {
	sent, pushed := f.attacker.Traffic(), f.members.Traffic()
	begun := time.Now()
	if err := f.idle.begin(); err != nil {
		return err
	}
	if attacker != nil {
		if err := attacker.begin(); err != nil {
			return err
		}
	}
	time.Sleep(warmUp)
	if err := f.honest.begin(); err != nil {
		return err
	}
	deadline := time.Now().Add(f.For)
	if row.Message, err = f.restartAndSend(); err != nil {
		return err
	}
	time.Sleep(time.Until(deadline))
	if row.Logins, err = f.honest.endOne(); err != nil {
		return err
	}
	if attacker != nil {
		reports, err := attacker.end()
		if err != nil {
			return err
		}
		for _, r := range reports {
			row.Floods = append(row.Floods, r.reached())
		}
	}
	sentBy, pushedBy := f.attacker.Traffic(), f.members.Traffic()
	row.Sent, row.Answered = sentBy.Sent-sent.Sent, sentBy.Received-sent.Received
	row.Pushed = uint64(float64(pushedBy.Received-pushed.Received) / time.Since(begun).Seconds() / idleMembers)
	row.Lost, err = f.idle.endOne()
	return err
}

// reached says what an attacker really did.
func (r report) reached() string {
	text := fmt.Sprintf("%.0f %s/s", r.rate(), r.What)
	if r.Held > 0 {
		text += fmt.Sprintf(" (%d held)", r.Held)
	}
	return text
}

// restartAndSend starts a daemon anew and has it send a message, which counts when
// the recipient's receipt is there.
func (f *Flood) restartAndSend() (took time.Duration, err error) {
	f.bob.Stop()
	begun := time.Now()
	if err := f.bob.Start(); err != nil {
		return 0, err
	}
	client := f.bob.Client()
	defer client.Close()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	sent, err := client.Send(ctx, api.SendRequest{To: f.alice.Name, Text: "are you there?"})
	if err != nil {
		return 0, fmt.Errorf("send a message: %w", err)
	}
	sent, err = client.WaitMessage(ctx, sent.ID, api.StateDelivered, patience)
	if err == nil && sent.State != api.StateDelivered && !strings.HasPrefix(string(sent.State), "read") {
		err = fmt.Errorf("the message is %s after %v", sent.State, time.Since(begun))
	}
	return time.Since(begun), err
}
