//go:build !linux

package main

import (
	"fmt"
	"os"
)

func main() {
	fmt.Fprintln(os.Stderr, "error: faults are injected with the means of Linux")
	os.Exit(1)
}
