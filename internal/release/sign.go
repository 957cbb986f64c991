package release

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
)

// Namespace keeps a signature of a file from being passed off as one of anything
// else that the key signs. "file" is the one that ssh-keygen's manual recommends.
const Namespace = "file"

// sign writes path.sig with an SSH key: a tool and a kind of key that whoever
// releases has already. A passphrase is asked for at the terminal; a public key
// signs through the agent.
func sign(ctx context.Context, key, path string) error {
	// ssh-keygen would ask whether to overwrite.
	if err := os.Remove(path + ".sig"); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	command := exec.CommandContext(ctx, "ssh-keygen", "-q", "-Y", "sign", "-n", Namespace, "-f", key, path)
	command.Stdin, command.Stdout, command.Stderr = os.Stdin, os.Stdout, os.Stderr
	if err := command.Run(); err != nil {
		return fmt.Errorf("sign %s with %s: %w", path, key, err)
	}
	return nil
}
