//go:build linux

package chaos

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// Build builds the programs with failpoints into dir.
func Build(dir string) error {
	build := exec.Command("go", "build", "-trimpath", "-tags", "failpoint", "-o", dir+string(filepath.Separator), "peerd/cmd/peerd", "peerd/cmd/rendezvous", "peerd/cmd/peerctl")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("build the programs: %w\n%s", err, out)
	}
	return nil
}
