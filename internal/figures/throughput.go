//go:build linux

package main

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"peerd/internal/natlab"
	"peerd/internal/stage"
	"peerd/peer/api"
)

const (
	// throughputRounds is how often each way is measured, in turns: the machine
	// is not equally fast all the time.
	throughputRounds = 7
	// fillFor is how long a stream is filled; the first tenths of a second, in
	// which QUIC's windows grow, weigh little in it.
	fillFor = 2 * time.Second
	// rawPort is where both ends of the bare connection are. Their routers keep
	// it, so that each knows where to send.
	rawPort = 5000
	// noQuota lifts the rendezvous' limit on what one key may have relayed.
	noQuota = 1 << 40
)

// throughputs are what one QUIC stream carried by each way, in Mbit/s, one
// value a round.
type throughputs struct {
	raw     []float64 // quic-go alone, between alice's and bob's hosts
	direct  []float64 // a session's stream, between the same hosts and routers
	relayed []float64 // a session's stream through the rendezvous
}

// fillStreams measures the throughputs, once.
//
// Four homes on links without delay: alice and bob are behind masquerading
// routers and have a direct path, carol and dave behind symmetric ones and stay
// on the relay. The bare connection runs between alice's and bob's hosts too,
// from a port that both routers keep, with the windows and packet size of
// peerd's sessions.
func (b *bench) fillStreams() (*throughputs, error) {
	if b.throughputs != nil {
		return b.throughputs, nil
	}
	measured := new(throughputs)
	err := onStage(b, fastLink, []string{"--relay-rate", fmt.Sprint(noQuota)}, func(lab *natlab.Lab, s *stage.Stage) error {
		raw, direct, err := pairOnRawAndDirect(lab, s)
		if err != nil {
			return err
		}
		relayed, err := bulkPair(s, [2]string{"carol", "dave"}, [2]*natlab.Host{
			lab.Home("carol-home", natlab.FullyRandom, fastLink).Host("carol"),
			lab.Home("dave-home", natlab.FullyRandom, fastLink).Host("dave"),
		}, api.PathRelay)
		if err != nil {
			return err
		}
		for range throughputRounds {
			if err := measured.round(raw, direct, relayed); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil {
		b.throughputs = measured
	}
	return measured, err
}

// round fills one stream by each way.
func (t *throughputs) round(raw, direct, relayed *child) error {
	for _, way := range []struct {
		name   string
		sender *child
		rates  *[]float64
	}{{"raw", raw, &t.raw}, {"direct", direct, &t.direct}, {"relayed", relayed, &t.relayed}} {
		result, err := way.sender.ask("fill " + fillFor.String())
		if err != nil {
			return fmt.Errorf("%s stream: %w", way.name, err)
		}
		rate, err := megabitsPerSecond(result)
		if err != nil {
			return fmt.Errorf("%s stream: %w", way.name, err)
		}
		*way.rates = append(*way.rates, rate)
	}
	last := len(t.raw) - 1
	progress("throughput round %d of %d: raw %.0f, direct %.0f, relayed %.0f Mbit/s",
		last+1, throughputRounds, t.raw[last], t.direct[last], t.relayed[last])
	for _, still := range []struct {
		sender *child
		of     string
		path   api.Path
	}{{direct, "bob", api.PathDirect}, {relayed, "dave", api.PathRelay}} {
		if path, err := still.sender.ask("path " + still.of); err != nil || path != string(still.path) {
			return fmt.Errorf("the path to %s has become %q, not %s: %w", still.of, path, still.path, err)
		}
	}
	return nil
}

// pairOnRawAndDirect connects alice and bob both ways and returns the senders.
func pairOnRawAndDirect(lab *natlab.Lab, s *stage.Stage) (raw, direct *child, err error) {
	names := [2]string{"alice", "bob"}
	var hosts [2]*natlab.Host
	var outside [2]string
	for i, name := range names {
		home := lab.Home(name+"-home", natlab.Masquerade, fastLink)
		hosts[i], outside[i] = home.Host(name), home.AddrPort(rawPort).String()
	}
	port := fmt.Sprint(rawPort)
	if _, err := startChild(hosts[1], "raw-quic", port, outside[0]); err != nil {
		return nil, nil, err
	}
	if raw, err = startChild(hosts[0], "raw-quic", port, outside[1]); err != nil {
		return nil, nil, err
	}
	if _, err := raw.ask("dial"); err != nil {
		return nil, nil, err
	}
	direct, err = bulkPair(s, names, hosts, api.PathDirect)
	return raw, direct, err
}

// bulkPair is bulkPeers for who needs only the first.
func bulkPair(s *stage.Stage, names [2]string, hosts [2]*natlab.Host, wanted api.Path) (*child, error) {
	peers, err := bulkPeers(s, names, hosts, wanted)
	return peers[0], err
}

// bulkPeers joins two peers and connects them over the wanted kind of path.
func bulkPeers(s *stage.Stage, names [2]string, hosts [2]*natlab.Host, wanted api.Path) (peers [2]*child, err error) {
	for i, name := range names {
		if peers[i], err = startChild(hosts[i], "bulk-peer", filepath.Join(s.Dir(), name), name, s.Invite); err != nil {
			return peers, err
		}
	}
	_, err = peers[0].ask(strings.Join([]string{"connect", names[1], string(wanted)}, " "))
	return peers, err
}

// ratio returns what the medians of two ways are to each other.
func ratio(of, to []float64) float64 { return median(of) / median(to) }

// rates says what was measured by one way.
func rates(values []float64) string {
	return fmt.Sprintf("median %.0f, worst %.0f Mbit/s, n %d", median(values), slices.Min(values), len(values))
}
