package apitest

import "peerd/peer/api"

// LogOut makes the daemon one whose last login failed.
func (d *Daemon) LogOut(why string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.status.Rendezvous = api.Rendezvous{
		Addr: d.status.Rendezvous.Addr, State: api.RendezvousOffline, Transport: api.TransportTLS, Why: why,
	}
}
