//go:build linux

// Package miniupnpd lets a home router of a lab make port mappings, by PCP,
// NAT-PMP and UPnP IGD, with the program that many real home routers run:
// Debian's miniupnpd on nftables ("make setup" installs it). It serves the tests
// of port mapping and the matrix of NATs. It is for the kernel's kinds of NAT: what a userspace router
// translates, the program's rules do not see.
package miniupnpd

import (
	"context"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/nftables"

	"peerd/internal/natlab"
)

// startTime is how long the program may take to listen.
const startTime = 20 * time.Second

// table holds the program's rules. The lab's own forward whatever they have
// translated.
const table = "miniupnpd"

// Start starts the program on the router of home, as [Run] does, for a test,
// which fails where that is not possible: a lab that skips proves nothing.
func Start(t testing.TB, home *natlab.Home, external netip.Addr) *natlab.Process {
	t.Helper()
	process, err := Run(home, external, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return process
}

// Run starts the program on the router of home, with no mappings and its files
// in folder. external is what it tells others to be its outside address. The
// program refuses private addresses and the documentation ranges that labs are
// made of: give the home another one with natlab.Outside, or one where nothing
// is sent.
func Run(home *natlab.Home, external netip.Addr, folder string) (*natlab.Process, error) {
	program, err := find()
	if err != nil {
		return nil, err
	}
	if err := home.Do(installTable); err != nil {
		return nil, fmt.Errorf("install the router's table: %w", err)
	}
	config := filepath.Join(folder, "miniupnpd.conf")
	if err := os.WriteFile(config, []byte(settings(external)), 0o600); err != nil {
		return nil, fmt.Errorf("configure miniupnpd: %w", err)
	}
	process := home.Start(natlab.Command{
		Path: program, Args: []string{"-d", "-f", config, "-P", filepath.Join(folder, "pid")},
	})
	ctx, cancel := context.WithTimeout(context.Background(), startTime)
	defer cancel()
	_, err = process.Await(ctx, "Listening")
	return process, err
}

// find returns the program.
func find() (string, error) {
	path, err := exec.LookPath("miniupnpd")
	if err != nil { // in many users' PATH its folder is missing
		path, err = exec.LookPath("/usr/sbin/miniupnpd")
	}
	if err != nil {
		return "", fmt.Errorf("%w: a lab needs it as the home router: run \"make setup\" as root, or apt-get install miniupnpd-nftables", err)
	}
	return path, nil
}

func settings(external netip.Addr) string {
	return strings.Join([]string{
		"ext_ifname=wan",
		"listening_ip=lan",
		fmt.Sprintf("ext_ip=%v", external),
		"upnp_table_name=" + table,
		"upnp_nat_table_name=" + table,
		"upnp_forward_chain=forward",
		"upnp_nat_chain=prerouting",
		"upnp_nat_postrouting_chain=postrouting",
		"enable_upnp=yes",
		"enable_natpmp=yes", // and PCP
		"system_uptime=no",
		"secure_mode=yes",
		"min_lifetime=1",
		"uuid=00000000-0000-0000-0000-000000000001",
		"allow 1024-65535 0.0.0.0/0 1024-65535",
		"deny 0-65535 0.0.0.0/0 0-65535",
		"",
	}, "\n")
}

// installTable gives the program its chains, empty.
func installTable() error {
	conn, err := nftables.New()
	if err != nil {
		return err
	}
	rules := &nftables.Table{Family: nftables.TableFamilyINet, Name: table}
	conn.AddTable(rules)
	conn.DelTable(rules)
	conn.AddTable(rules)
	conn.AddChain(&nftables.Chain{Name: "forward", Table: rules})
	conn.AddChain(&nftables.Chain{
		Name: "prerouting", Table: rules, Type: nftables.ChainTypeNAT,
		Hooknum: nftables.ChainHookPrerouting, Priority: nftables.ChainPriorityNATDest,
	})
	conn.AddChain(&nftables.Chain{Name: "postrouting", Table: rules})
	return conn.Flush()
}
