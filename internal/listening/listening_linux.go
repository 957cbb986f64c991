// Package listening tells which sockets a process can be reached at, for tests that
// say what a program opens and that it opens nothing else. It reads /proc, so it sees
// what a port scanner would have to guess.
package listening

import (
	"bufio"
	"cmp"
	"encoding/hex"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// A Socket can be reached at Local: an address and port, or a path. Network is "tcp"
// (listening), "udp" (bound) or "unix" (listening).
type Socket struct{ Network, Local string }

// Of returns the sockets of a process, sorted, those that share an address once.
func Of(pid int) ([]Socket, error) {
	ours, err := inodes(pid)
	if err != nil {
		return nil, err
	}
	var found []Socket
	for _, table := range []string{"tcp", "tcp6", "udp", "udp6", "unix"} {
		err := rows(fmt.Sprintf("/proc/%d/net/%s", pid, table), func(fields []string) {
			if socket, inode, ok := parse(table, fields); ok && ours[inode] {
				found = append(found, socket)
			}
		})
		if err != nil {
			return nil, err
		}
	}
	slices.SortFunc(found, func(a, b Socket) int {
		return cmp.Or(cmp.Compare(a.Network, b.Network), cmp.Compare(a.Local, b.Local))
	})
	return slices.Compact(found), nil
}

// inodes returns those of the sockets that a process has open.
func inodes(pid int) (map[string]bool, error) {
	links, err := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", pid))
	if err != nil {
		return nil, err
	}
	found := make(map[string]bool)
	for _, link := range links {
		to, _ := os.Readlink(link) // closed in the meantime
		if inode, ok := strings.CutPrefix(to, "socket:["); ok {
			found[strings.TrimSuffix(inode, "]")] = true
		}
	}
	return found, nil
}

// rows calls row with the fields of each line but the first.
func rows(path string, row func(fields []string)) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	lines := bufio.NewScanner(file)
	lines.Scan()
	for lines.Scan() {
		row(strings.Fields(lines.Text()))
	}
	return lines.Err()
}

// parse reads a row, see proc_net(5) and Documentation/networking/proc_net_tcp.rst. ok
// is false for connections.
func parse(table string, fields []string) (socket Socket, inode string, ok bool) {
	const listen, acceptsConnections = "0A", 1 << 16
	if table == "unix" {
		flags, err := strconv.ParseUint(fields[3], 16, 32)
		if err != nil || flags&acceptsConnections == 0 || len(fields) < 8 {
			return Socket{}, "", false
		}
		return Socket{"unix", fields[7]}, fields[6], true
	}
	network := strings.TrimSuffix(table, "6")
	local, err := parseAddress(fields[1])
	if err != nil || network == "tcp" && fields[3] != listen {
		return Socket{}, "", false
	}
	return Socket{network, local.String()}, fields[9], true
}

// parseAddress reads an address in hexadecimal digits, of words in the host's order,
// and a port: 0100007F:1E14.
func parseAddress(text string) (netip.AddrPort, error) {
	digits, port, _ := strings.Cut(text, ":")
	raw, err := hex.DecodeString(digits)
	if err != nil {
		return netip.AddrPort{}, err
	}
	for word := range slices.Chunk(raw, 4) {
		slices.Reverse(word) // every port of ours is little-endian
	}
	addr, ok := netip.AddrFromSlice(raw)
	number, err := strconv.ParseUint(port, 16, 16)
	if !ok || err != nil {
		return netip.AddrPort{}, fmt.Errorf("address %q", text)
	}
	return netip.AddrPortFrom(addr, uint16(number)), nil
}
