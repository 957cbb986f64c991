//go:build !linux

package main

import (
	"fmt"
	"os"
)

func main() {
	fmt.Fprintln(os.Stderr, "error: the figures are measured in a network lab, which needs Linux")
	os.Exit(1)
}
