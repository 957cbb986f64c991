package deploy

import (
	"fmt"
	"net"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"peerd/internal/invite"
	"peerd/rendezvous"
)

// ports returns the main port of a rendezvous, TCP and UDP, and the next one, UDP.
func ports(t *testing.T) (main, other int) {
	t.Helper()
	_, port, err := net.SplitHostPort(rendezvous.DefaultListen)
	if err != nil {
		t.Fatal(err)
	}
	if main, err = strconv.Atoi(port); err != nil {
		t.Fatal(err)
	}
	return main, main + 1
}

func TestInvitesAndTheRendezvousAgreeOnThePort(t *testing.T) {
	if main, _ := ports(t); invite.DefaultPort != strconv.Itoa(main) {
		t.Errorf("an invite without a port means %s, the rendezvous listens on %d", invite.DefaultPort, main)
	}
}

func TestEveryFileOpensThePortsTheRendezvousListensOn(t *testing.T) {
	main, other := ports(t)
	for path, wants := range map[string][]string{
		"container/Dockerfile": {fmt.Sprintf("EXPOSE %d/tcp %d/udp %d/udp\n", main, main, other)},
		"firewall/nftables.conf": {
			fmt.Sprintf("tcp dport %d accept", main),
			fmt.Sprintf("udp dport { %d, %d } accept", main, other),
			fmt.Sprintf("udp dport { %d, %d } notrack", main, other),
			fmt.Sprintf("udp sport { %d, %d } notrack", main, other),
		},
		"firewall/ufw-rendezvous": {fmt.Sprintf("ports=%d/tcp|%d,%d/udp\n", main, main, other)},
		"README.md": {
			fmt.Sprintf("| TCP %d |", main), fmt.Sprintf("| UDP %d |", main), fmt.Sprintf("| UDP %d |", other),
		},
	} {
		for _, want := range wants {
			if !strings.Contains(read(t, path), want) {
				t.Errorf("%s does not say %q", path, want)
			}
		}
	}
}

func TestNoFileMentionsAnotherPortOfOurs(t *testing.T) {
	main, other := ports(t)
	nearby := regexp.MustCompile(`\b77\d\d\b`)
	for _, path := range operatorFiles(t) {
		for _, port := range nearby.FindAllString(read(t, path), -1) {
			if port != strconv.Itoa(main) && port != strconv.Itoa(other) {
				t.Errorf("%s mentions port %s", path, port)
			}
		}
	}
}
