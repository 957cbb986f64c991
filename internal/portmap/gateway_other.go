//go:build !linux

package portmap

import (
	"fmt"
	"net"
)

// findGateways guesses: on every link of ours the router has the first address
// of the prefix, as most home routers do. The routing tables of these systems
// need code for each; a wrong guess costs a few packets to a neighbour.
func findGateways() ([]gateway, error) {
	interfaces, err := net.Interfaces()
	if err != nil {
		return nil, fmt.Errorf("list the network interfaces: %w", err)
	}
	var found []gateway
	for _, i := range interfaces {
		for _, prefix := range linkPrefixes(&i) {
			first := prefix.Masked().Addr().Next()
			found = append(found, gateway{address: first, local: prefix.Addr(), link: i.Name})
		}
	}
	return found, nil
}
