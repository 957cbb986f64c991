package main

import (
	"fmt"
	"os"
	"runtime"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// onNetworkOfOurOwn gives the thread, which stays the test's, a network on which there
// is nobody else. Sockets that the test opens and programs that it starts are there.
func onNetworkOfOurOwn() error {
	runtime.LockOSThread() // and never unlocks: the thread ends with the test
	if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
		return fmt.Errorf("make a network of our own: %w", err)
	}
	loopback, err := netlink.LinkByName("lo")
	if err != nil {
		return err
	}
	return netlink.LinkSetUp(loopback)
}

// aloneIfPossible puts the test on a network of its own, where the port of a server that
// has stopped stays free until it starts again. Only root can make one.
func aloneIfPossible() error {
	if os.Geteuid() != 0 {
		return nil
	}
	return onNetworkOfOurOwn()
}
