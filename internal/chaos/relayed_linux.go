package chaos

import (
	"context"
	"errors"
	"fmt"
	"time"

	"peerd/internal/natlab"
	"peerd/internal/stage"
	"peerd/peer/api"
)

// Uplinks of homes have 20 ms one way, the rendezvous' 5 ms.
var (
	homeLink = natlab.Link{Delay: 20 * time.Millisecond}
	vpsLink  = natlab.Link{Delay: 5 * time.Millisecond}
)

// playRelayedKills kills the rendezvous, so many times, between two homes that
// cannot reach each other but through it.
func playRelayedKills(lab *Lab) (rows []Row, err error) {
	internet, err := natlab.Open()
	if err != nil {
		return nil, err
	}
	defer internet.Close()
	s := stage.New(internet.PublicHost("vps", vpsLink), lab.Binaries, lab.Dir)
	if err := s.StartRendezvous(); err != nil {
		return nil, errors.Join(err, internet.Err())
	}
	aliceHome, bobHome := internet.Home("a", natlab.Masquerade, homeLink), internet.Home("b", natlab.Masquerade, homeLink)
	internet.SetTransit(aliceHome.Node, bobHome.Node, natlab.Transit{Blocked: true})
	alice, errAlice := s.Peer(aliceHome.Host("alice"), "alice")
	bob, errBob := s.Peer(bobHome.Host("bob"), "bob")
	if err := errors.Join(errAlice, errBob, internet.Err()); err != nil {
		return nil, err
	}
	if err := stage.Meet(alice, bob); err != nil {
		return nil, err
	}
	row := Row{Fault: "kill -9 of the rendezvous, talk relayed (20 ms uplinks)", Bar: rendezvousBarText}
	ledger := NewLedger()
	for range lab.Times {
		if _, err := relay(alice, ledger); err != nil { // there is a session
			return nil, err
		}
		s.KillRendezvous()
		if err := s.StartRendezvous(); err != nil {
			return nil, err
		}
		resumed, err := relay(alice, ledger)
		if err != nil {
			return nil, err
		}
		row.Injected++
		row.Resume = append(row.Resume, resumed)
	}
	history, err := read(bob)
	row.Count = ledger.Audit(history)
	row.judge(rendezvousBar)
	return []Row{row}, errors.Join(err, internet.Err())
}

// relay sends bob a message and returns how long it took to get there.
func relay(alice *stage.Peer, ledger *Ledger) (took time.Duration, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	client := alice.Client()
	defer client.Close()
	request := ledger.Draft(0)
	request.To = "bob"
	began := time.Now()
	if _, err := client.Send(ctx, request); err != nil {
		return 0, err
	}
	ledger.Confirm(request.ID)
	sent, err := client.WaitMessage(ctx, request.ID, api.StateDelivered, patience)
	took = time.Since(began)
	switch {
	case err != nil:
		return took, err
	case !sent.State.Reached(api.StateDelivered):
		return took, fmt.Errorf("a relayed message is %s after %v", sent.State, took)
	case sent.Path != api.PathRelay:
		return took, fmt.Errorf("a message took the path %q between homes that only reach the rendezvous", sent.Path)
	}
	return took, nil
}

func read(bob *stage.Peer) ([]api.Message, error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	client := bob.Client()
	defer client.Close()
	return client.Read(ctx, api.ReadRequest{From: "alice"})
}
