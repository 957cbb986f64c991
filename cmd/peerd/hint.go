package main

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"syscall"

	"peerd/internal/exitcode"
	"peerd/internal/identity"
	"peerd/internal/invite"
	"peerd/peer"
	"peerd/peer/api"
	"peerd/peer/backup"
	"peerd/peer/store"
	"peerd/punch/socket"
	"peerd/wire"
)

// exitCodeOf adds two rules to exitcode's: a refused permission is a denial,
// and a wrong --listen is a wrong command line.
func exitCodeOf(err error) int {
	code := exitcode.Of(err)
	switch {
	case code != exitcode.Other:
	case errors.Is(err, fs.ErrPermission):
		return exitcode.Denied
	case errors.Is(err, socket.ErrListenAddress):
		return exitcode.Usage
	}
	return code
}

// hintFor names the next step after an error of a command, or nothing.
func hintFor(err error, command string) string {
	if refused, ok := errors.AsType[wire.Refused](err); ok {
		return refused.Hint()
	}
	if failure, ok := errors.AsType[*api.Error](err); ok {
		return failure.Hint
	}
	if _, ok := errors.AsType[*store.InUseError](err); ok {
		return "stop the other peerd, or give this one a directory of its own with --state"
	}
	if other, ok := errors.AsType[*peer.OtherCircleError](err); ok {
		return fmt.Sprintf("give the second circle a directory of its own with --state; to leave the first one and keep your key, move %s away",
			store.Path(other.StateDir))
	}
	if _, ok := errors.AsType[*invite.MalformedError](err); ok {
		return "give it in single quotes, as --join @FILE, or as --join - on standard input"
	}
	if _, ok := errors.AsType[*identity.WrongKeyError](err); ok {
		return hintWrongKey
	}
	if _, ok := errors.AsType[*backup.NotEmptyError](err); ok {
		return "restore to another directory with --state, or set aside what is there with --force"
	}
	switch {
	case errors.Is(err, backup.ErrNotABackup):
		return "give a file that peerd backup has written, all of it"
	case errors.Is(err, peer.ErrKeyLost):
		return "put it back from a backup (the archives that peerd backup writes hold it), or join as somebody new in another directory with --state"
	case errors.Is(err, peer.ErrNoCircle):
		return "join one with: peerd run --join INVITE (rendezvous run prints an invite)"
	case errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.ENOTDIR), errors.Is(err, syscall.EROFS):
		return "choose a directory you can write to with --state"
	case errors.Is(err, syscall.EADDRINUSE):
		return "another program has this port: choose another with --listen, or let the system choose with --listen :0"
	case exitCodeOf(err) == exitcode.Usage:
		return "see: " + command + " --help"
	}
	return ""
}

const hintWrongKey = "somebody else answers at this address, or the rendezvous was set up anew: ask whoever runs it, and join with a new invite"

// hintOffline names the next step while there is no login.
func hintOffline(err error) string {
	if _, ok := errors.AsType[*identity.WrongKeyError](err); ok {
		return hintWrongKey
	}
	if refused, ok := errors.AsType[wire.Refused](err); ok {
		return refused.Hint()
	}
	if _, ok := errors.AsType[*net.DNSError](err); ok {
		return "check the network and the name of the rendezvous"
	}
	return "check that the rendezvous runs and that its port is open for TCP and UDP; messages are kept until it answers"
}
