package store

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync"
	"testing"
	"time"

	"peerd/internal/leak"
	"peerd/wire"
)

// childVariable makes the test binary run one of the children instead of the
// tests. Its value is the child's name; the first argument is its directory.
const childVariable = "STORE_TEST_CHILD"

// children are programs that tests kill.
func children() map[string]func(dir string) error {
	return map[string]func(string) error{
		"hold":   holdChild,
		"accept": acceptChild,
	}
}

func TestMain(m *testing.M) {
	child, ok := children()[os.Getenv(childVariable)]
	if !ok {
		os.Exit(leak.Checked(m).Run())
	}
	if err := child(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// childCommand runs this test binary again, and kills it when it runs too long.
func childCommand(t *testing.T, argument, environment string) *exec.Cmd {
	t.Helper()
	executable, err := os.Executable()
	check(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	cmd := exec.CommandContext(ctx, executable, argument)
	cmd.Env = append(os.Environ(), environment)
	cmd.Stderr = os.Stderr
	return cmd
}

// startChild starts a child and returns its output line by line.
func startChild(t *testing.T, name, dir string) (*exec.Cmd, *bufio.Scanner) {
	t.Helper()
	cmd := childCommand(t, dir, childVariable+"="+name)
	_, err := cmd.StdinPipe() // without, its input has ended when it begins
	check(t, err)
	output, err := cmd.StdoutPipe()
	check(t, err)
	check(t, cmd.Start())
	return cmd, bufio.NewScanner(output)
}

// holdChild opens the store, says so, and keeps it until its input ends.
func holdChild(dir string) error {
	s, err := Open(dir)
	if err != nil {
		return err
	}
	fmt.Println("open")
	io.Copy(io.Discard, os.Stdin)
	return s.Close()
}

// acceptChild accepts and receives messages on several goroutines, and prints
// the id of each when the store has said that it is on the disk.
func acceptChild(dir string) error {
	s, err := Open(dir)
	if err != nil {
		return err
	}
	var group sync.WaitGroup
	for worker := range 4 {
		peer := wire.Key{byte(worker + 1)}
		group.Go(func() {
			for seq := uint64(1); ; seq++ {
				id := newID()
				var err error
				if seq%2 == 0 {
					_, err = s.Accept(context.Background(), peer, id, "accepted", noon)
				} else {
					text := wire.Text{ID: id, Seq: seq, SentAt: noon, Body: "received"}
					_, _, err = s.Receive(context.Background(), peer, IncomingText(text), noon, "direct")
				}
				if err != nil {
					fmt.Fprintln(os.Stderr, err)
					return
				}
				fmt.Println(id)
			}
		})
	}
	group.Wait()
	return errors.New("nothing is accepted any more")
}
