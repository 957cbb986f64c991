package rendezvous

import (
	"bufio"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"
	"golang.org/x/net/netutil"
)

// asked makes a request by hand and returns the answer, its body closed.
func asked(t *testing.T, network, address, request string) *http.Response {
	t.Helper()
	conn, err := net.Dial(network, address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(hangGuard))
	if _, err := fmt.Fprint(conn, request); err != nil {
		t.Fatal(err)
	}
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatalf("%q: %v", request, err)
	}
	response.Body.Close()
	return response
}

func TestT17MetricsAreForNoWebPage(t *testing.T) {
	s := startServer(t, func(c *Config) { c.Metrics, c.Advertise = "localhost:0", "VPS1.example:7700" })
	port := s.MetricsAddr().Port()
	get := func(path, host, header string) string {
		if header != "" {
			header += "\r\n"
		}
		return fmt.Sprintf("GET %s HTTP/1.1\r\nHost: %s\r\n%s\r\n", path, strings.ReplaceAll(host, "PORT", fmt.Sprint(port)), header)
	}
	for name, c := range map[string]struct {
		request string
		want    int
	}{
		"a tool by address":              {get("/metrics", "127.0.0.1:PORT", ""), http.StatusOK},
		"a tool by name":                 {get("/healthz", "localhost:PORT", ""), http.StatusOK},
		"through a tunnel":               {get("/metrics", "localhost:8080", ""), http.StatusOK},
		"by IPv6":                        {get("/metrics", "[::1]:PORT", ""), http.StatusOK},
		"by the advertised name":         {get("/metrics", "vps1.example:PORT", ""), http.StatusOK},
		"typed into a browser":           {get("/metrics", "localhost:PORT", "Sec-Fetch-Site: none"), http.StatusOK},
		"a rebound name":                 {get("/metrics", "evil.example:PORT", ""), http.StatusForbidden},
		"a name that ends like ours":     {get("/metrics", "evil.localhost:PORT", ""), http.StatusForbidden},
		"a name that begins like ours":   {get("/metrics", "localhost.evil.example", ""), http.StatusForbidden},
		"an address of another machine":  {get("/metrics", "192.0.2.1:PORT", ""), http.StatusForbidden},
		"no host":                        {get("/metrics", "", ""), http.StatusForbidden},
		"a rebound name, for health":     {get("/healthz", "evil.example", ""), http.StatusForbidden},
		"a rebound name, for nothing":    {get("/favicon.ico", "evil.example", ""), http.StatusForbidden},
		"a fetch of another site's page": {get("/metrics", "localhost:PORT", "Sec-Fetch-Site: cross-site"), http.StatusForbidden},
		"a foreign origin":               {get("/metrics", "localhost:PORT", "Origin: https://evil.example"), http.StatusForbidden},
		"a WebSocket":                    {get("/metrics", "localhost:PORT", "Connection: Upgrade\r\nUpgrade: websocket"), http.StatusForbidden},
		"a change":                       {"POST /metrics HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n", http.StatusMethodNotAllowed},
		"a preflight":                    {"OPTIONS /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n", http.StatusMethodNotAllowed},
		"a header of 64 KiB":             {get("/metrics", "localhost", "X: "+strings.Repeat("a", 64<<10)), http.StatusRequestHeaderFieldsTooLarge},
		"the admin socket's requests":    {get("/status", "localhost", ""), http.StatusNotFound},
	} {
		t.Run(name, func(t *testing.T) {
			response := asked(t, "tcp", s.MetricsAddr().String(), c.request)
			if response.StatusCode != c.want {
				t.Errorf("status %d, want %d", response.StatusCode, c.want)
			}
			if c.want == http.StatusOK && (response.Header.Get("X-Content-Type-Options") != "nosniff" || response.Header.Get("Access-Control-Allow-Origin") != "") {
				t.Errorf("a page could use the answer: %v", response.Header)
			}
		})
	}
}

// pipes is a listener whose connections are in this process, so that a test may have
// a clock of its own.
type pipes struct {
	waiting chan net.Conn
	closed  chan struct{}
}

func (p pipes) Accept() (net.Conn, error) {
	select {
	case conn := <-p.waiting:
		return conn, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p pipes) Addr() net.Addr { return &net.TCPAddr{} }

func (p pipes) Close() error {
	select {
	case <-p.closed:
	default:
		close(p.closed)
	}
	return nil
}

func (p pipes) dial() net.Conn {
	here, there := net.Pipe()
	p.waiting <- there
	return here
}

// TestT17IdlersDoNotStarveTheMetrics opens as many connections as are served at once,
// which say nothing or dribble, and one more.
func TestT17IdlersDoNotStarveTheMetrics(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		listener := pipes{make(chan net.Conn, 2*maxServiceConns), make(chan struct{})}
		handler := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
		anyHost := func(string, net.Addr) bool { return true }
		s := newService(netutil.LimitListener(listener, maxServiceConns), handler, anyHost, zerolog.Nop())
		var tasks sync.WaitGroup
		tasks.Go(s.serve)
		for i := range maxServiceConns {
			conn := listener.dial()
			defer conn.Close()
			tasks.Go(func() {
				for _, octet := range []byte("GET / HTTP/1.1\r\nHost: localhost")[:i] {
					if _, err := conn.Write([]byte{octet}); err != nil {
						return
					}
					time.Sleep(time.Second)
				}
			})
		}
		begun, conn := time.Now(), listener.dial()
		tasks.Go(func() { fmt.Fprint(conn, "GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n") })
		response, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil || response.StatusCode != http.StatusNoContent {
			t.Errorf("answered %v, %v", response, err)
		}
		if waited := time.Since(begun); waited != helloTimeout {
			t.Errorf("it was answered after %v, want %v", waited, helloTimeout)
		}
		conn.Close()
		s.close()
		tasks.Wait()
	})
}

func TestT17AdminSocketIsForNoWebPage(t *testing.T) {
	s := startServer(t)
	path := filepath.Join(s.config.StateDir, adminSocket)
	const invite = "POST /invites HTTP/1.1\r\nHost: %s\r\n%sContent-Length: 34\r\n\r\n" + `{"uses":1,"life_ns":3600000000000}`
	for name, request := range map[string]string{
		"another host":     fmt.Sprintf(invite, "localhost", ""),
		"a foreign origin": fmt.Sprintf(invite, adminHost, "Origin: http://evil.example\r\n"),
		"a foreign page":   fmt.Sprintf(invite, adminHost, "Sec-Fetch-Site: cross-site\r\n"),
	} {
		if response := asked(t, "unix", path, request); response.StatusCode != http.StatusForbidden {
			t.Errorf("%s: status %d", name, response.StatusCode)
		}
	}
	if invites, err := s.stopped().Invites(); err != nil || len(invites) > 0 {
		t.Errorf("invites were made: %v, %v", invites, err)
	}
	if response := asked(t, "unix", path, fmt.Sprintf(invite, adminHost, "")); response.StatusCode != http.StatusOK {
		t.Errorf("a tool: status %d", response.StatusCode)
	}
}

// TestT16LinksPlantedForTheRendezvousLeadNowhere has what we keep, or the directory
// we keep it in, lead to somebody's precious file.
func TestT16LinksPlantedForTheRendezvousLeadNowhere(t *testing.T) {
	for _, name := range []string{stateFile, adminSocket, "identity.key"} {
		t.Run(name, func(t *testing.T) {
			dir, precious := t.TempDir(), filepath.Join(t.TempDir(), "precious")
			if err := errors.Join(os.WriteFile(precious, nil, 0o600), os.Symlink(precious, filepath.Join(dir, name))); err != nil {
				t.Fatal(err)
			}
			s, err := Open(Config{Listen: "127.0.0.1:0", StateDir: dir})
			if err == nil { // the socket takes the link's place
				err = s.Close()
				if name != adminSocket {
					t.Error("the link was followed")
				}
			}
			if name == adminSocket && err != nil {
				t.Error(err)
			}
			if content, err := os.ReadFile(precious); err != nil || len(content) > 0 {
				t.Errorf("written through the link: %d bytes, %v", len(content), err)
			}
		})
	}
}

func TestT16StateDirectoryOthersWriteToIsRefused(t *testing.T) {
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(Config{Listen: "127.0.0.1:0", StateDir: dir}); err == nil || !strings.Contains(err.Error(), "chmod 700") {
		t.Errorf("got %v", err)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) > 0 {
		t.Errorf("left there: %v, %v", entries, err)
	}
}

// What a request does to the state must be over before that is closed.
func TestServiceEndsAfterItsRequests(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	begun, asker := make(chan struct{}), make(chan struct{})
	var finished atomic.Bool
	handler := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		close(begun)
		<-r.Context().Done()              // the service is being closed
		time.Sleep(20 * time.Millisecond) // the rest of its work
		finished.Store(true)
	})
	s := newService(listener, handler, func(string, net.Addr) bool { return true }, zerolog.Nop())
	go func() {
		defer close(asker)
		_, _ = http.Get("http://" + listener.Addr().String())
	}()
	go func() {
		<-begun
		s.close()
	}()
	s.serve()
	if !finished.Load() {
		t.Error("a request was still being answered")
	}
	<-asker
}
