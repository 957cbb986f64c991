package rendezvous

import (
	"bufio"
	"context"
	"crypto/tls"
	"fmt"
	"os"
	"os/exec"
	"runtime/debug"
	"strconv"
	"strings"
	"testing"
	"time"

	"peerd/internal/identity"
	"peerd/internal/invite"
	"peerd/wire"
)

// childVariable makes the test binary a rendezvous instead of running tests, so
// that its memory is not mixed with its clients'.
const childVariable = "RENDEZVOUS_TEST_CHILD"

func TestMain(m *testing.M) {
	if directory := os.Getenv(childVariable); directory != "" {
		if err := serveChild(directory); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// serveChild prints an invite, and for every line it reads the memory it uses,
// until its standard input ends.
func serveChild(directory string) error {
	s, err := Open(Config{Listen: "127.0.0.1:0", StateDir: directory})
	if err != nil {
		return err
	}
	secret, err := s.CreateInvite(1_000_000, time.Hour)
	if err != nil {
		return err
	}
	fmt.Println(secret.String())
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		defer cancel()
		for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
			debug.FreeOSMemory()
			fmt.Println(residentBytes())
		}
	}()
	return s.Serve(ctx)
}

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
		command := exec.Command(os.Args[0])
		command.Env = append(os.Environ(), childVariable+"="+b.TempDir())
		command.Stderr = os.Stderr
		stdin, err := command.StdinPipe()
		if err != nil {
			b.Fatal(err)
		}
		stdout, err := command.StdoutPipe()
		if err != nil {
			b.Fatal(err)
		}
		if err := command.Start(); err != nil {
			b.Fatal(err)
		}
		lines := bufio.NewScanner(stdout)
		line := func() string {
			if !lines.Scan() {
				b.Fatal("the rendezvous ended")
			}
			return lines.Text()
		}
		memory := func() int {
			_, _ = fmt.Fprintln(stdin)
			bytes, err := strconv.Atoi(line())
			if err != nil {
				b.Fatal(err)
			}
			return bytes
		}
		join, err := invite.Parse(line())
		if err != nil {
			b.Fatal(err)
		}
		loginIdle(b, join, 100, 0) // what every start costs once
		before := memory()
		start := time.Now()
		loginIdle(b, join, logins, 100)
		b.ReportMetric(float64(logins)/time.Since(start).Seconds(), "logins/s")
		b.ReportMetric(float64(memory()-before)/logins, "B/login")
		_ = stdin.Close()
		if err := command.Wait(); err != nil {
			b.Error(err)
		}
	}
}

// loginIdle logs count peers in that then say nothing but pongs.
func loginIdle(b *testing.B, join invite.Invite, count, from int) {
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

func dialInvite(b *testing.B, join invite.Invite) *tls.Conn {
	b.Helper()
	self, err := identity.Generate()
	if err != nil {
		b.Fatal(err)
	}
	conn, err := tls.Dial("tcp", join.Address, self.ClientTLS(ALPN, join.Server))
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
