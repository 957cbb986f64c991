package apitest

import "peerd/peer/api"

// Damage has the status tell of damage to the messages, of which some are missing.
func (d *Daemon) Damage(missing int64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.status.Damage = &api.Damage{
		At: Epoch, Cause: "database disk image is malformed", Kept: "/state/messages.db.damaged-T", Messages: 1200, Missing: missing,
	}
}
