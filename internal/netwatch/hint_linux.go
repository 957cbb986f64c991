package netwatch

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/rs/zerolog"
	"golang.org/x/sys/unix"
)

// groups are the rtnetlink messages that may mean another network.
const groups = unix.RTMGRP_LINK |
	unix.RTMGRP_IPV4_IFADDR | unix.RTMGRP_IPV6_IFADDR |
	unix.RTMGRP_IPV4_ROUTE | unix.RTMGRP_IPV6_ROUTE

// hint leaves a hint whenever the kernel says that links, addresses or routes
// have changed, until ctx ends. Where the kernel cannot be asked (a sandbox) it
// polls.
func hint(ctx context.Context, logger zerolog.Logger, hints chan<- struct{}) {
	messages, err := openRouteMessages()
	if err == nil {
		err = forward(ctx, messages, hints)
	}
	if ctx.Err() == nil {
		logger.Debug().Err(err).Msg("network changes are polled")
		poll(ctx, hints)
	}
}

// forward leaves a hint for every message, and closes messages. What one says
// does not matter, since Look asks anew; those that did not fit are a hint too.
func forward(ctx context.Context, messages *os.File, hints chan<- struct{}) error {
	stop := context.AfterFunc(ctx, func() { messages.Close() })
	defer stop()
	defer messages.Close()
	notify(hints) // there may have been changes before we listened
	for buffer := make([]byte, 4096); ; {
		if _, err := messages.Read(buffer); err != nil && !errors.Is(err, unix.ENOBUFS) {
			return fmt.Errorf("read rtnetlink: %w", err)
		}
		notify(hints)
	}
}

// openRouteMessages subscribes to groups. The file can be closed while it is
// being read.
func openRouteMessages() (*os.File, error) {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, unix.NETLINK_ROUTE)
	if err != nil {
		return nil, fmt.Errorf("open rtnetlink: %w", err)
	}
	if err := unix.Bind(fd, &unix.SockaddrNetlink{Family: unix.AF_NETLINK, Groups: groups}); err != nil {
		unix.Close(fd)
		return nil, fmt.Errorf("subscribe to rtnetlink: %w", err)
	}
	return os.NewFile(uintptr(fd), "rtnetlink"), nil
}
