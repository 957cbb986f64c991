//go:build linux

package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"peerd/internal/natlab"
)

// childArgument makes the program play a role on a host of the lab:
//
//	figures child ROLE ARGUMENT...
//
// A child prints "ready", then answers each line on its standard input with one
// line, and ends with its input.
const childArgument = "child"

// Beginnings of a child's answers.
const (
	answered = "answer: "
	failed   = "failed: "
)

// A part is a role being played.
type part struct {
	answer func(line string) (string, error)
	end    func() error
}

// roles are what children play.
var roles = map[string]func(args []string) (part, error){
	"bulk-peer":  playBulkPeer,
	"raw-quic":   playRawQUIC,
	"reconnects": playReconnects,
	"logins":     playLogins,
}

func childRole(args []string) (role string, rest []string, ok bool) {
	if len(args) < 2 || args[0] != childArgument {
		return "", nil, false
	}
	return args[1], args[2:], true
}

// runChild plays a role until standard input ends, and returns the exit code.
func runChild(role string, args []string) int {
	play, known := roles[role]
	if !known {
		fmt.Fprintf(os.Stderr, "error: no role %q\n", role)
		return 2
	}
	p, err := play(args)
	if err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		return 1
	}
	fmt.Println("ready")
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		text, err := p.answer(lines.Text())
		if err != nil {
			text = failed + err.Error()
		}
		fmt.Println(answered + text)
	}
	if err := p.end(); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		return 1
	}
	return 0
}

// child is such a process, seen from outside.
type child struct {
	process *natlab.Process
	stdin   *os.File
}

// startChild starts a role on a host and waits until it is ready. Its end comes
// with the lab's.
func startChild(host *natlab.Host, role string, args ...string) (*child, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	read, write, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	c := &child{stdin: write, process: host.Start(natlab.Command{
		Path:  self,
		Args:  append([]string{childArgument, role}, args...),
		Stdin: read,
	})}
	return c, errors.Join(read.Close(), c.await("ready"))
}

func (c *child) await(line string) error {
	_, err := c.line(line)
	return err
}

func (c *child) line(containing string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 3*patience)
	defer cancel()
	line, err := c.process.Await(ctx, containing)
	if err != nil {
		return "", fmt.Errorf("%w: %s", err, c.process.Stderr())
	}
	return line, nil
}

// ask has the child answer a line. One question at a time.
func (c *child) ask(question string) (string, error) {
	if _, err := fmt.Fprintln(c.stdin, question); err != nil {
		return "", fmt.Errorf("ask %q: %w", question, err)
	}
	line, err := c.line(answered)
	if err != nil {
		return "", fmt.Errorf("ask %q: %w", question, err)
	}
	answer := strings.TrimPrefix(line, answered)
	if cause, isFailure := strings.CutPrefix(answer, failed); isFailure {
		return "", fmt.Errorf("ask %q: %s", question, cause)
	}
	return answer, nil
}
