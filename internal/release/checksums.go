package release

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
)

// Checksums is the file that `sha256sum -c` reads.
const Checksums = "SHA256SUMS"

// writeChecksums writes the checksums of files in dir, in the order given.
func writeChecksums(dir string, names []string) error {
	var sums bytes.Buffer
	for _, name := range names {
		data, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			return err
		}
		fmt.Fprintf(&sums, "%x  %s\n", sha256.Sum256(data), name)
	}
	return os.WriteFile(filepath.Join(dir, Checksums), sums.Bytes(), 0o644)
}
