package apitest

import (
	"net/netip"

	"peerd/peer/api"
)

// AddClassic makes a user of the classic protocol come online, and has the status
// count it.
func (d *Daemon) AddClassic(name string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	ref := api.ClassicSign + name
	d.peers = append(d.peers, api.Peer{
		Name: ref, Key: ref, Online: true, Path: api.PathDirect, Transport: api.TransportUDP,
		Endpoint: netip.MustParseAddrPort("198.51.100.9:9000"), ClassicMark: api.MarkClassic(),
	})
	d.reach[ref] = api.StateSent
	if d.status.Classic == nil {
		d.status.Classic = &api.ClassicStatus{}
	}
	d.status.Classic.Users++
}
