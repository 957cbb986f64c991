package store

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// smallDiskVariable tells the test below that it is the inner one, and where it
// may mount.
const smallDiskVariable = "STORE_TEST_SMALL_DISK"

// TestFullDiskRefusesAndRecovers runs itself again in mount and user namespaces
// of its own, where anybody may mount a small disk.
func TestFullDiskRefusesAndRecovers(t *testing.T) {
	if dir := os.Getenv(smallDiskVariable); dir != "" {
		check(t, fillSmallDisk(dir))
		return
	}
	cmd := childCommand(t, "-test.run=^"+t.Name()+"$", smallDiskVariable+"="+t.TempDir())
	cmd.Stdout = t.Output()
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}},
	}
	err := cmd.Start()
	if errors.Is(err, syscall.EPERM) && os.Getenv("CI") == "" {
		t.Skip("this system does not let us make namespaces; TestFullFileRefusesAndRecovers covers part of this: ", err)
	}
	check(t, err)
	check(t, cmd.Wait())
}

// fillSmallDisk fills a disk of 1 MiB with messages, makes room, and goes on.
func fillSmallDisk(dir string) error {
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=1m,mode=700"); err != nil {
		return fmt.Errorf("mount a small disk: %w", err)
	}
	ballast := filepath.Join(dir, "ballast")
	if err := os.WriteFile(ballast, make([]byte, 256<<10), 0o600); err != nil {
		return err
	}
	s, err := Open(dir)
	if err != nil {
		return err
	}
	accepted, err := acceptUntilFull(s)
	if err != nil {
		return err
	}
	if err := expectStored(s, accepted); err != nil {
		return fmt.Errorf("while full: %w", err)
	}
	if err := os.Remove(ballast); err != nil {
		return err
	}
	if _, err := s.Accept(context.Background(), bob, newID(), strings.Repeat("x", 4<<10), noon); err != nil {
		return fmt.Errorf("with space again: %w", err)
	}
	if err := expectStored(s, accepted+1); err != nil {
		return fmt.Errorf("with space again: %w", err)
	}
	return s.Close()
}

// acceptUntilFull returns how many messages the store accepted before it said
// that the disk is full, twice in a row.
func acceptUntilFull(s *Store) (accepted int, err error) {
	for range 1000 {
		id := newID()
		if _, err = s.Accept(context.Background(), bob, id, strings.Repeat("x", 4<<10), noon); err == nil {
			accepted++
			continue
		}
		if _, found := s.Message(context.Background(), id); !errors.Is(found, ErrNotFound) {
			return accepted, fmt.Errorf("a refused message (%w) is there: %w", err, found)
		}
		if _, again := s.Accept(context.Background(), bob, id, strings.Repeat("x", 4<<10), noon); again == nil {
			return accepted, fmt.Errorf("refused (%w) and accepted without more space", err)
		}
		return accepted, nil
	}
	return accepted, errors.New("the disk never became full")
}

func expectStored(s *Store, want int) error {
	all, err := s.Messages(context.Background(), Filter{})
	if err == nil && len(all) != want {
		err = fmt.Errorf("%d messages stored, %d accepted", len(all), want)
	}
	return err
}
