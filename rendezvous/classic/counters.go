package classic

import "sync/atomic"

// Counters count what happened since the start.
type Counters struct {
	Logins        atomic.Uint64 // answered with Accept
	Lists         atomic.Uint64 // begun to be sent
	Announcements atomic.Uint64 // datagrams that told users of others
	Malformed     atomic.Uint64 // datagrams that are no login or logout
	Refused       atomic.Uint64 // logins for which there is no room, logouts of nobody
	OverRate      atomic.Uint64 // datagrams over the limit of their address
	ListsRefused  atomic.Uint64 // TCP connections of nobody, or over a limit
	ReceiveErrors atomic.Uint64 // of the UDP socket
}
