package rendezvous

import (
	"crypto/tls"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"peerd/internal/identity"
	"peerd/internal/invite"
	"peerd/wire"
)

// residentBytes returns the memory of this process that is in RAM.
func residentBytes() int {
	text, _ := os.ReadFile("/proc/self/statm")
	fields := strings.Fields(string(text))
	if len(fields) < 2 {
		return 0
	}
	pages, _ := strconv.Atoi(fields[1])
	return pages * os.Getpagesize()
}

// BenchmarkIdleLogins logs real peers in to a rendezvous of its own process and
// reports what each costs it in memory, the kernel's share excluded.
func BenchmarkIdleLogins(b *testing.B) {
	const logins = 3000
	for b.Loop() {
		child := startChild(b, b.TempDir())
		memory := func() int {
			_, _ = fmt.Fprintln(child.stdin)
			bytes, err := strconv.Atoi(child.line())
			if err != nil {
				b.Fatal(err)
			}
			return bytes
		}
		join := child.invite
		loginIdle(b, join, 100, 0) // what every start costs once
		before := memory()
		start := time.Now()
		loginIdle(b, join, logins, 100)
		b.ReportMetric(float64(logins)/time.Since(start).Seconds(), "logins/s")
		b.ReportMetric(float64(memory()-before)/logins, "B/login")
		_ = child.stdin.Close()
		if err := child.command.Wait(); err != nil {
			b.Error(err)
		}
	}
}

// loginIdle logs count peers in that then say nothing but pongs.
func loginIdle(b testing.TB, join invite.Invite, count, from int) {
	for i := range count {
		conn := dialInvite(b, join)
		hello := wire.Hello{
			Version: wire.Version, Name: fmt.Sprintf("peer %d", from+i), Token: join.Token,
			Instance: wire.Instance{byte(i), byte(i >> 8), 1},
		}
		frame, err := wire.AppendFrame(nil, hello)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := conn.Write(frame); err != nil {
			b.Fatal(err)
		}
		if kind, _, err := wire.ReadFrame(conn, nil); err != nil || kind != wire.KindWelcome {
			b.Fatalf("login %d: %v, %v", i, kind, err)
		}
		go pongs(conn)
	}
}

func dialInvite(b testing.TB, join invite.Invite) *tls.Conn {
	b.Helper()
	self, err := identity.Generate()
	if err != nil {
		b.Fatal(err)
	}
	conn, err := tls.Dial("tcp", join.Address, self.ClientTLS(wire.ControlProtocol, join.Server))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = conn.NetConn().Close() })
	return conn
}

// pongs keeps a connection alive.
func pongs(conn *tls.Conn) {
	buffer := make([]byte, 512)
	for {
		kind, body, err := wire.ReadFrame(conn, buffer)
		if err != nil {
			return
		}
		if kind != wire.KindPing {
			continue
		}
		ping, _ := wire.ParsePing(body)
		frame, _ := wire.AppendFrame(nil, wire.Pong(ping))
		_, _ = conn.Write(frame)
	}
}
