//go:build !linux

package main

import (
	"fmt"
	"os"
)

func main() {
	fmt.Fprintln(os.Stderr, "error: the matrix is measured in a network lab, which needs Linux")
	os.Exit(1)
}
