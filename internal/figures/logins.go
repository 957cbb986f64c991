//go:build linux

package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"time"

	"peerd/internal/identity"
	"peerd/internal/invite"
	"peerd/internal/natlab"
	"peerd/internal/stage"
	"peerd/peer/control"
	"peerd/peer/seal"
	"peerd/wire"
)

const (
	loginsBound = 20 << 10
	// manyLogins is how many peers log in, after firstLogins that make the
	// rendezvous pay what every start costs once.
	manyLogins  = 2000
	firstLogins = 100
	// loginsAtATime is how many log in concurrently.
	loginsAtATime = 8
)

// measureLogins measures what one more idle peer costs a rendezvous in memory
// of its own, the kernel's share excluded.
func measureLogins(b *bench) ([]row, error) {
	var before, after int64
	err := onStage(b, fastLink, nil, func(lab *natlab.Lab, s *stage.Stage) error {
		secret, err := s.CreateInvite(firstLogins + manyLogins)
		if err != nil {
			return err
		}
		peers, err := startChild(lab.PublicHost("peers", fastLink), "logins", secret)
		if err != nil {
			return err
		}
		if before, err = residentAfter(s, peers, firstLogins); err != nil {
			return err
		}
		after, err = residentAfter(s, peers, manyLogins)
		return err
	})
	if err != nil {
		return nil, err
	}
	each := (after - before) / manyLogins
	return []row{{
		figure:   "logins: memory of the rendezvous for one idle peer",
		measured: fmt.Sprintf("%.1f KiB, n %d", float64(each)/1024, manyLogins),
		bound:    "≤ 20 KiB",
		met:      each <= loginsBound,
	}}, nil
}

// residentAfter logs more peers in and returns the rendezvous' memory when it
// has settled.
func residentAfter(s *stage.Stage, peers *child, more int) (int64, error) {
	if _, err := peers.ask(fmt.Sprint(more)); err != nil {
		return 0, err
	}
	time.Sleep(idleFor)
	bytes, err := residentMemory(s.Rendezvous().PID())
	progress("rendezvous after %d more logins: %s", more, mebibytes(bytes))
	return bytes, err
}

// playLogins plays peers that log in as daemons do, by TCP and UDP, and then
// only answer pings. Argument: an invite. It answers a number N by logging N
// more peers in.
func playLogins(args []string) (part, error) {
	if len(args) != 1 {
		return part{}, errors.New("logins wants an invite")
	}
	joined, err := invite.Parse(args[0])
	if err != nil {
		return part{}, err
	}
	server, err := netip.ParseAddrPort(joined.Address)
	if err != nil {
		return part{}, err
	}
	p := &idlePeers{invite: joined, server: server}
	return part{answer: p.answer, end: func() error { return nil }}, nil
}

// idlePeers are logged in until the process ends.
type idlePeers struct {
	invite invite.Invite
	server netip.AddrPort
	count  int
}

func (p *idlePeers) answer(line string) (string, error) {
	var more int
	if _, err := fmt.Sscan(line, &more); err != nil {
		return "", fmt.Errorf("question %q is none", line)
	}
	numbers := make(chan int)
	failures := make(chan error, loginsAtATime)
	var workers sync.WaitGroup
	for range loginsAtATime {
		workers.Go(func() {
			var err error
			for n := range numbers {
				if err == nil {
					err = p.login(n)
				}
			}
			failures <- err
		})
	}
	for range more {
		numbers <- p.count
		p.count++
	}
	close(numbers)
	workers.Wait()
	close(failures)
	var err error
	for failure := range failures {
		err = errors.Join(err, failure)
	}
	return fmt.Sprint(p.count), err
}

// login logs one peer in and leaves it so.
func (p *idlePeers) login(number int) error {
	hello, self, err := p.hello(number)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	connection, err := control.Dial(ctx, p.invite.Address, self.ClientTLS(wire.ControlProtocol, p.invite.Server))
	if err != nil {
		return err
	}
	if _, err := connection.Login(hello); err != nil {
		return fmt.Errorf("log in number %d: %w", number, err)
	}
	go func() {
		for {
			if _, err := connection.Receive(); err != nil {
				return
			}
		}
	}()
	return nil
}

// hello is what a peer with a key of its own says.
func (p *idlePeers) hello(number int) (wire.Hello, *identity.Identity, error) {
	self, err := identity.Generate()
	if err != nil {
		return wire.Hello{}, nil, err
	}
	prekey, _, err := seal.NewPrekey(self, 1)
	if err != nil {
		return wire.Hello{}, nil, err
	}
	observed, err := p.observe()
	if err != nil {
		return wire.Hello{}, nil, err
	}
	hello := wire.Hello{
		Version:    wire.Version,
		Name:       fmt.Sprintf("peer-%d", number),
		Token:      p.invite.Token,
		Candidates: []wire.Candidate{observed},
		NAT:        wire.NATReport{Mapping: wire.MappingNone},
		Prekey:     prekey,
	}
	_, _ = rand.Read(hello.Instance[:])
	return hello, self, nil
}

// observe logs in by UDP and returns what the rendezvous observed. The socket is
// closed again: nothing is relayed here.
func (p *idlePeers) observe() (wire.Candidate, error) {
	conn, err := net.DialUDP("udp4", nil, net.UDPAddrFromAddrPort(p.server))
	if err != nil {
		return wire.Candidate{}, err
	}
	defer conn.Close()
	var login wire.Login
	_, _ = rand.Read(login.TransactionID[:])
	answer := make([]byte, 1500)
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		return wire.Candidate{}, err
	}
	if _, err := conn.Write(login.Append(nil)); err != nil {
		return wire.Candidate{}, err
	}
	n, err := conn.Read(answer)
	if err != nil {
		return wire.Candidate{}, fmt.Errorf("log in by UDP: %w", err)
	}
	accept, err := wire.ParseAccept(answer[:n])
	return wire.Candidate{Endpoint: accept.Observed, Kind: wire.CandidateObserved, Cookie: accept.Cookie}, err
}
