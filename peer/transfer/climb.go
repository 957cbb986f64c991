package transfer

const (
	// MaxConnections bounds the connections of one transfer. Over a path that loses
	// one packet in a hundred each moves about 1 MB/s; more would take the path
	// from everybody else on it.
	MaxConnections = 16
	// worthwhile is by what factor twice the connections must be faster to be kept:
	// where packets get lost it is nearly 2, where the path is full 1.
	worthwhile = 1.4
	// settledFor is for how many looks a number of connections is kept before more
	// are tried again.
	settledFor = 30
)

// A Climb finds out how many connections make a transfer fast: it doubles them as
// long as that helps. QUIC's congestion control takes every lost packet for a full
// path; several connections each lose their share only. Begin with NewClimb.
type Climb struct {
	connections int
	before      float64 // rate with half the connections; 0 = not tried yet
	settled     int     // looks to go
}

// NewClimb begins with one connection. Its first interval decides nothing: a
// connection that is getting up to speed becomes faster by itself.
func NewClimb() *Climb { return &Climb{connections: 1, settled: 1} }

// Connections returns how many to use now.
func (c *Climb) Connections() int { return c.connections }

// Look takes the rate that the last interval had, in any unit, and decides how many
// connections to use in the next. Intervals should be about as long as connections
// need to get up to speed.
func (c *Climb) Look(rate float64) {
	switch {
	case c.settled > 0:
		c.settled--
		c.before = 0
		return
	case c.before > 0 && rate < worthwhile*c.before:
		c.connections = max(1, c.connections/2)
		c.settled = settledFor
		return
	case c.connections == MaxConnections:
		c.settled = settledFor
		return
	}
	c.before = rate
	c.connections = min(2*c.connections, MaxConnections)
}
