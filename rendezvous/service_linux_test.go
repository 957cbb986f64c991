package rendezvous

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"golang.org/x/sys/unix"
)

// dialAs connects as another user: a thread may have a user id of its own. The thread
// ends with the goroutine.
func dialAs(uid int, path string) (conn net.Conn, err error) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread()
		if _, _, number := unix.RawSyscall(unix.SYS_SETRESUID, ^uintptr(0), uintptr(uid), ^uintptr(0)); number != 0 {
			err = number
			return
		}
		conn, err = net.Dial("unix", path)
	}()
	<-done
	return conn, err
}

// TestT16AnotherUserGetsNothingFromTheAdminSocket opens the socket to everybody, as a
// careless chmod would: who is not root nor the owner makes no invite all the same.
func TestT16AnotherUserGetsNothingFromTheAdminSocket(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can be another user")
	}
	s := startServer(t)
	dir := s.config.StateDir
	path := filepath.Join(dir, adminSocket)
	if err := errors.Join(os.Chmod(filepath.Dir(dir), 0o755), os.Chmod(dir, 0o755), os.Chmod(path, 0o666)); err != nil {
		t.Fatal(err)
	}
	const request = "POST /invites HTTP/1.1\r\nHost: rendezvous\r\nContent-Length: 34\r\nConnection: close\r\n\r\n" + `{"uses":1,"life_ns":3600000000000}`
	for uid, want := range map[int]int{65534: http.StatusForbidden, 0: http.StatusOK} {
		conn, err := dialAs(uid, path)
		if err != nil {
			t.Fatalf("user %d: %v", uid, err)
		}
		defer conn.Close()
		fmt.Fprint(conn, request)
		response, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(response.Body)
		response.Body.Close()
		if response.StatusCode != want {
			t.Errorf("user %d: status %d, %s", uid, response.StatusCode, body)
		}
	}
	if invites, err := s.stopped().Invites(); err != nil || len(invites) != 1 {
		t.Errorf("invites are %v, %v; want root's one", invites, err)
	}
}
