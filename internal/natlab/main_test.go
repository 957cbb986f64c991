//go:build linux

package natlab_test

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"os/signal"
	"syscall"
	"testing"
	"time"

	"peerd/internal/natlab"
)

// programVariable makes the test binary one of the programs below, which the tests run on the lab's machines.
const programVariable = "NATLAB_TEST_PROGRAM"

func TestMain(m *testing.M) {
	if name := os.Getenv(programVariable); name != "" {
		os.Exit(programs[name](os.Args[1:]))
	}
	os.Exit(natlab.Main(m))
}

var programs = map[string]func(args []string) (exitCode int){
	"talk":    talk,
	"address": printAddress,
	"sleep":   sleep,
	"lab":     runLab,
}

// program is the command for one of the programs.
func program(name string, args ...string) natlab.Command {
	return natlab.Command{Path: "/proc/self/exe", Args: args, Env: []string{programVariable + "=" + name}}
}

// talk says ready, repeats each line of its input on standard output, writes the last without a newline to standard
// error, and exits with 3.
func talk([]string) int {
	fmt.Println("ready")
	last := ""
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		last = lines.Text()
		fmt.Println("heard", last)
	}
	fmt.Fprint(os.Stderr, "last was ", last)
	return 3
}

// printAddress prints the address it would send from to the one given.
func printAddress(args []string) int {
	conn, err := net.Dial("udp4", args[0])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	fmt.Println(conn.LocalAddr())
	return 0
}

// sleep says ready and ends when it is told to, which it does not take from SIGHUP.
func sleep([]string) int {
	signal.Ignore(syscall.SIGHUP)
	interrupted := make(chan os.Signal, 1)
	signal.Notify(interrupted, syscall.SIGTERM)
	fmt.Println("ready")
	select {
	case <-interrupted:
		fmt.Println("terminated")
		return 0
	case <-time.After(time.Minute):
		return 1
	}
}
