package chaos

// Faults returns what "make chaos" does to the programs, in the order of its
// table.
func Faults() []Fault {
	return []Fault{
		{"failpoints", 200, playFailpoints},
		{"random kills", 1000, playRandomKills},
		{"rendezvous killed", 50, playRendezvousKills},
		{"rendezvous killed, relayed", 10, playRelayedKills},
		{"power cuts", 200, playPowerCuts},
		{"rendezvous power cuts", 100, playRendezvousPowerCuts},
		{"full disks", 20, playFullDisks},
	}
}
