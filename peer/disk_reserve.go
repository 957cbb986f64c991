package peer

import "fmt"

// What messages of peers leave free on the disk of the state directory. Without it a
// member who sends and sends fills the disk of everybody it may write to, and takes
// the system and our own messages down with it. What does not fit waits at its
// sender, which keeps it until we have it. Nearly all of it is for small disks;
// larger values make a peer with little room deaf earlier.
const (
	messageReserve = 64 << 20
	// messageReserveShare is the part of a small disk that stays free instead.
	messageReserveShare = 20 // one in
)

// roomForMessages returns an error when messages of peers would take what the rest
// of the machine needs.
func (d *Daemon) roomForMessages() error {
	free, size, err := d.config.DiskSpace(d.config.StateDir)
	if err != nil {
		return fmt.Errorf("ask how much room there is: %w", err)
	}
	if reserve := min(messageReserve, size/messageReserveShare); free < reserve {
		return fmt.Errorf("the disk of %s has %d bytes free, and %d are not for peers", d.config.StateDir, free, reserve)
	}
	return nil
}
