//go:build linux

package natlab

import (
	"errors"
	"fmt"
	"io/fs"
	"sync"
	"testing"
)

// ErrUnavailable means that this machine or user may not have a lab. The error that wraps it names the cause and the
// remedy.
var ErrUnavailable = errors.New("network lab unavailable")

// A Lab is one test internet. Building it and changing its links and routers is for one goroutine at a time; sockets,
// processes and captures may be opened and used from any.
//
// In a lab from [New] whatever fails ends the test, as t.Fatal does on the test's own goroutine only. In a lab from
// [Open] the first failure is kept for [Lab.Err]; from then on methods do nothing and return zero values
// that are safe to use, so that a program can build a whole lab and check once.
type Lab struct {
	reporter reporter
	internet *provider
	detour   int        // index of the internet's interface for packets that come back to it; 0 if there is none
	wires    *namespace // where impaired links pass through; nil until the first one
	hosts    addressPool
	routers  addressPool
	hosts6   addressPool // of IPv6, which only some labs have
	routers6 addressPool
	subnets  int // private subnets handed out
	cables   int // cables cut for a wire

	mu        sync.Mutex
	processes []*Process
	closers   []func() // in order of opening; run in reverse
	err       error
	closed    bool
}

// A reporter is the part of testing.TB that a lab needs.
type reporter interface {
	Helper()
	Fatal(args ...any)
	Logf(format string, args ...any)
	Failed() bool
}

// silent is the reporter of a lab outside tests.
type silent struct{}

func (silent) Helper()             {}
func (silent) Fatal(...any)        {}
func (silent) Logf(string, ...any) {}
func (silent) Failed() bool        { return false }

// New opens a lab for a test, closes it when the test ends, and logs the output of its processes if the test failed.
// A lab that cannot start fails the test; nothing is skipped. The package's TestMain must call [Main].
func New(t testing.TB, opts ...LabOption) *Lab {
	t.Helper()
	t.TempDir() // the test's directories go after what is cleaned up before: the lab's processes, which write there
	lab, err := open(t, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(lab.Close)
	return lab
}

// Open opens a lab for a program, which should have called [Enter]. It returns [ErrUnavailable] where there cannot
// be one. The caller closes the lab.
func Open(opts ...LabOption) (*Lab, error) {
	return open(silent{}, opts)
}

func open(r reporter, opts []LabOption) (*Lab, error) {
	o := labOptions{hops: 1}
	for _, option := range opts {
		if err := option(&o); err != nil {
			return nil, fmt.Errorf("natlab: %w", err)
		}
	}
	if err := permitted(); err != nil {
		return nil, unavailable(err)
	}
	lab := &Lab{
		reporter: r,
		hosts:    newAddressPool("203.0.113.0/24"),
		routers:  newAddressPool("198.51.100.0/24"),
		hosts6:   newAddressPool(publicHosts6),
		routers6: newAddressPool(homeRouters6),
	}
	internet, err := lab.newInternet(o)
	if err != nil {
		lab.Close()
		return nil, fmt.Errorf("natlab: build the internet: %w", err)
	}
	lab.internet = internet
	return lab, nil
}

// Err returns the lab's first failure, nil if there was none.
func (l *Lab) Err() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.err
}

// try runs f unless the lab has failed before, and reports whether all is well. A failure is wrapped with what was
// attempted.
func (l *Lab) try(attempt string, f func() error) bool {
	l.reporter.Helper()
	if l.Err() != nil {
		return false
	}
	if err := f(); err != nil {
		l.fail(fmt.Errorf("natlab: %s: %w", attempt, err))
		return false
	}
	return true
}

func (l *Lab) fail(err error) {
	l.reporter.Helper()
	l.mu.Lock()
	if l.err == nil {
		l.err = err
	}
	l.mu.Unlock()
	l.reporter.Fatal(err)
}

// onClose registers f to run when the lab closes.
func (l *Lab) onClose(f func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closers = append(l.closers, f)
}

// adopt makes the process end with the lab.
func (l *Lab) adopt(p *Process) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.processes = append(l.processes, p)
}

// Close kills every process, closes every socket and capture, and removes the internet. It waits for all of it, and
// may be called again.
func (l *Lab) Close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return
	}
	l.closed = true
	if l.err == nil {
		l.err = errors.New("natlab: the lab is closed")
	}
	for _, p := range l.processes {
		p.end()
		if l.reporter.Failed() {
			l.reporter.Logf("%s", p.transcript())
		}
	}
	for i := range l.closers {
		l.closers[len(l.closers)-1-i]()
	}
}

// newHostNamespace returns a namespace for a host.
func (l *Lab) newHostNamespace(ipv6 bool) (*namespace, error) {
	ns, err := l.newNamespace()
	if err != nil || !ipv6 {
		return ns, err
	}
	return ns, ns.enableIPv6()
}

// newNamespace returns a namespace that closes with the lab.
func (l *Lab) newNamespace() (*namespace, error) {
	ns, err := newNamespace()
	if err != nil {
		return nil, err
	}
	l.onClose(ns.close)
	return ns, nil
}

// newRouterNamespace returns a namespace that forwards packets.
func (l *Lab) newRouterNamespace(ipv6 bool) (*namespace, error) {
	ns, err := l.newHostNamespace(ipv6)
	if err != nil {
		return nil, err
	}
	if ipv6 {
		if err := ns.forwardIPv6(); err != nil {
			return nil, err
		}
	}
	return ns, ns.Do(func() error {
		// Where the kernel has br_netfilter, the router's rules would see what only passes its switch.
		err := sysctl("bridge/bridge-nf-call-iptables", "0")
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		return errors.Join(
			sysctl("ipv4/ip_forward", "1"),
			// A strict reverse path check, which some hosts hand down to new namespaces, would drop packets that the
			// routes here consider odd, such as hairpinned ones.
			sysctl("ipv4/conf/all/rp_filter", "0"),
			sysctl("ipv4/conf/default/rp_filter", "0"),
		)
	})
}
