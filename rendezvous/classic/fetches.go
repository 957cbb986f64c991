package classic

import (
	"errors"
	"io"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"peerd/wire"
)

// acceptFetches accepts TCP connections until the listener is closed. Lists are
// sent by goroutines of running.
func (d *Door) acceptFetches(running *sync.WaitGroup) {
	log := d.log.Sample(&zerolog.BurstSampler{Burst: 1, Period: time.Minute}) // a flood must not fill the log, too
	for {
		conn, err := d.tcp.AcceptTCP()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil { // out of file descriptors: wait for some to come back
			log.Warn().Err(err).Msg("accept a classic connection")
			time.Sleep(50 * time.Millisecond)
			continue
		}
		list := d.fetch(conn, time.Now())
		if list == nil {
			d.counters.ListsRefused.Add(1)
			_ = conn.Close()
			continue
		}
		running.Go(func() { d.sendList(conn, list, lingerTimeout) })
	}
}

// fetch returns the list for whoever connected, and tells the others when
// somebody is online now. It is nil when nobody there waits for it, or when
// there are too many connections; a newcomer then still waits.
func (d *Door) fetch(conn *net.TCPConn, now time.Time) []byte {
	address := conn.RemoteAddr().(*net.TCPAddr).AddrPort().Addr().Unmap()
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.isClosing() || !d.hasRoomForList(address) || !d.fetches.Take(alone(address), now) {
		return nil
	}
	u, told := d.table.fetch(address, now)
	d.accept(address, now) // the next one there
	if u == nil {
		return nil
	}
	list, err := wire.AppendClassicList(nil, d.table.list(), u.encoding)
	if err != nil { // not for the users that a table holds
		d.log.Error().Err(err).Msg("list the classic users")
		return nil
	}
	if told.message != nil {
		d.log.Info().Str("name", u.name).Stringer("from", u.endpoint).Stringer("encoding", u.encoding).Msg("classic login")
		d.tell(told)
	}
	d.lists[conn] = address
	d.counters.Lists.Add(1)
	return list
}

// isClosing reports whether Close has begun: a connection taken in after that
// would be closed by nobody.
func (d *Door) isClosing() bool {
	select {
	case <-d.closing:
		return true
	default:
		return false
	}
}

func (d *Door) hasRoomForList(address netip.Addr) bool {
	own := 0
	for _, other := range d.lists {
		if other == address {
			own++
		}
	}
	return len(d.lists) < maxLists && own < maxListsPerAddress
}

// sendList sends a list and closes the connection, which the user has linger to do
// before. A list that is lost is fetched again.
func (d *Door) sendList(conn *net.TCPConn, list []byte, linger time.Duration) {
	_ = conn.SetWriteDeadline(time.Now().Add(listTimeout))
	if _, err := conn.Write(list); err == nil && conn.CloseWrite() == nil {
		// The user should have sent nothing. If it has, closing before that is
		// read would make TCP drop what the user has not read yet.
		_ = conn.SetReadDeadline(time.Now().Add(linger))
		_, _ = io.CopyN(io.Discard, conn, maxLinger)
	}
	_ = conn.Close()
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.lists, conn)
}
