//go:build linux

package natlab

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// A namespace is an unnamed network namespace, held open by one locked operating system thread. Whatever the thread
// opens or starts lives in the namespace; whatever a goroutine started by it opens does not.
type namespace struct {
	file  *os.File        // the namespace itself, for moving interfaces into it
	links *netlink.Handle // sockets that speak rtnetlink and ctnetlink to the namespace, from any thread
	jobs  chan func()
	done  chan struct{} // closed when the thread is about to end
}

func newNamespace() (*namespace, error) {
	ns := &namespace{jobs: make(chan func()), done: make(chan struct{})}
	ready := make(chan error)
	go ns.thread(ready)
	if err := <-ready; err != nil {
		return nil, err
	}
	if err := ns.Do(ns.quiet); err != nil {
		ns.close()
		return nil, err
	}
	return ns, nil
}

// thread becomes the namespace's thread: it enters a new namespace, reports to ready and serves jobs. It is never
// unlocked, so the thread ends with it and gives up its hold on the namespace.
func (ns *namespace) thread(ready chan<- error) {
	runtime.LockOSThread()
	if unix.Gettid() == unix.Getpid() {
		// The main thread cannot end before the process does. While it stays locked here, the next goroutine gets
		// another one.
		handedOver := make(chan error)
		go ns.thread(handedOver)
		err := <-handedOver
		runtime.UnlockOSThread()
		ready <- err
		return
	}
	defer close(ns.done)
	err := ns.enter()
	ready <- err
	if err != nil {
		return
	}
	for job := range ns.jobs {
		job()
	}
}

func (ns *namespace) enter() (err error) {
	if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
		return fmt.Errorf("create a network namespace: %w", err)
	}
	if ns.file, err = os.Open("/proc/thread-self/ns/net"); err != nil {
		return fmt.Errorf("open the new network namespace: %w", err)
	}
	if ns.links, err = netlink.NewHandle(unix.NETLINK_ROUTE, unix.NETLINK_NETFILTER); err != nil {
		return errors.Join(fmt.Errorf("open netlink: %w", err), ns.file.Close())
	}
	return nil
}

// quiet brings up loopback and turns IPv6 off, whose chatter would show up in captures.
func (ns *namespace) quiet() error {
	for _, scope := range []string{"all", "default"} {
		err := sysctl("ipv6/conf/"+scope+"/disable_ipv6", "1")
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return ns.setUp("lo")
}

// Do runs f on the namespace's thread and returns its error.
func (ns *namespace) Do(f func() error) error {
	result := make(chan error, 1)
	ns.jobs <- func() { result <- f() }
	return <-result
}

// close ends the thread. The kernel frees the namespace with its last socket, process and interface.
func (ns *namespace) close() {
	close(ns.jobs)
	<-ns.done
	ns.links.Close()
	ns.file.Close()
}

func (ns *namespace) setUp(name string) error {
	link, err := ns.links.LinkByName(name)
	if err != nil {
		return fmt.Errorf("find interface %s: %w", name, err)
	}
	if err := ns.links.LinkSetUp(link); err != nil {
		return fmt.Errorf("set interface %s up: %w", name, err)
	}
	return nil
}

// sysctl sets net.<path> of the calling thread's namespace.
func sysctl(path, value string) error {
	return os.WriteFile(filepath.Join("/proc/sys/net", path), []byte(value), 0)
}
