package rendezvous

import (
	"os/exec"
	"strings"
	"testing"
	"time"
)

// coturn asks a rendezvous with one of the STUN clients of that project, and returns
// what it reports.
func coturn(t *testing.T, s *Server, tool string, options ...string) string {
	t.Helper()
	command := exec.CommandContext(t.Context(), tool, append(options, "-p", portOf(s), s.Addr().Addr().String())...)
	command.WaitDelay = time.Second
	guard := time.AfterFunc(hangGuard, func() { _ = command.Process.Kill() })
	defer guard.Stop()
	out, err := command.CombinedOutput()
	if command.ProcessState == nil {
		t.Fatalf("%s is needed (make setup): %v", tool, err)
	}
	if err != nil {
		t.Errorf("%s %v: %v\n%s", tool, options, err, out)
	}
	return string(out)
}

func portOf(s *Server) string {
	_, port, _ := strings.Cut(s.Addr().String(), ":")
	return port
}

// A client that nobody here has written finds in our answers what it looks for.
func TestCoturnsClientIsToldItsEndpoint(t *testing.T) {
	s := startServer(t)
	report := coturn(t, s, "turnutils_stunclient")
	if !strings.Contains(report, "UDP reflexive addr: 127.0.0.1:") || strings.Contains(report, "Other addr") {
		t.Errorf("it reports\n%s", report)
	}
}

// With a second address a rendezvous is a server for RFC 5780. On loopback there is
// no NAT: every mapping and filter is endpoint-independent.
func TestCoturnDiscoversNATBehaviour(t *testing.T) {
	s := startServer(t, besides(secondLoopback))
	first, other := "127.0.0.1:"+portOf(s), "Other addr: : 127.0.0.2:"
	for _, test := range []struct {
		proves  string
		options []string
		reports []string
	}{
		{"mapping, from two addresses", []string{"-m"},
			[]string{"Response origin: : " + first, other, "Response origin: : 127.0.0.2:" + portOf(s), "NAT with Endpoint Independent Mapping!"}},
		{"filtering, with an answer from the other address and port", []string{"-f"},
			[]string{"Response origin: : " + first, other, "RFC 5780 response 2", "NAT with Endpoint Independent Filtering!"}},
		{"hairpinning", []string{"-H"}, []string{other, "maybe a successful hairpinning"}},
		{"collision of two hosts' ports", []string{"-c", "-L", "127.0.0.1", "-A", "127.0.0.3"},
			[]string{"UDP reflexive addr: 127.0.0.1:", "UDP reflexive addr: 127.0.0.3:"}},
	} {
		t.Run(test.proves, func(t *testing.T) {
			report := coturn(t, s, "turnutils_natdiscovery", test.options...)
			for _, want := range test.reports {
				if !strings.Contains(report, want) {
					t.Errorf("it does not report %q but\n%s", want, report)
				}
			}
		})
	}
}

// It wants its second answer from the other address, at another port of its own.
func TestCoturnsClientIsAnsweredAtAnotherPort(t *testing.T) {
	s := startServer(t, besides(secondLoopback))
	report := coturn(t, s, "turnutils_stunclient")
	if n := strings.Count(report, "UDP reflexive addr: 127.0.0.1:"); n < 2 || !strings.Contains(report, "Response origin: : 127.0.0.2:") {
		t.Errorf("it reports\n%s", report)
	}
}
