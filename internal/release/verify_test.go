package release

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// These are the commands in docs/OPERATIONS.md.
var (
	checkSums      = "sha256sum -c --ignore-missing SHA256SUMS"
	checkSignature = "ssh-keygen -Y verify -f signers -I peerd -n file -s SHA256SUMS.sig < SHA256SUMS"
)

// newKey makes a key that signs this test's release and nothing else.
func newKey(t *testing.T, dir string) (private string) {
	t.Helper()
	private = filepath.Join(dir, "release-key")
	if out, err := exec.Command("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", private).CombinedOutput(); err != nil {
		t.Fatalf("ssh-keygen: %v\n%s", err, out)
	}
	return private
}

// trust writes the file of those whose signature is believed.
func trust(t *testing.T, dir, private string) {
	t.Helper()
	public, err := os.ReadFile(private + ".pub")
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "signers"), `peerd namespaces="file" `+string(public))
}

// passes reports whether a command of the documents succeeds in dir.
func passes(t *testing.T, dir, command string) bool {
	t.Helper()
	shell := exec.Command("sh", "-c", command)
	shell.Dir = dir
	out, err := shell.CombinedOutput()
	t.Logf("%s\n%s", command, out)
	return err == nil
}

// verifies checks the files of a release that was really made.
func verifies(t *testing.T, b builder) {
	trust(t, b.dist, filepath.Join(b.home, "release-key"))
	if !passes(t, b.dist, checkSums) || !passes(t, b.dist, checkSignature) {
		t.Error("an honest release does not verify")
	}
}

// Each row is something that somebody between us and the user could do to a
// download, and which of the two documented checks stops it.
func TestTamperedReleaseDoesNotVerify(t *testing.T) {
	for _, test := range []struct {
		proves          string
		tamper          func(t *testing.T, dir string)
		sums, signature bool // do they still pass?
	}{
		{"an honest one verifies", func(*testing.T, string) {}, true, true},
		{"with one archive of several", func(t *testing.T, dir string) {
			if err := os.Remove(filepath.Join(dir, "other.tar.gz")); err != nil {
				t.Fatal(err)
			}
		}, true, true},
		{"a changed archive fails its checksum", func(t *testing.T, dir string) {
			write(t, filepath.Join(dir, "peerd.tar.gz"), "a bacKdoor")
		}, false, true},
		{"a changed archive with its checksum fails the signature", func(t *testing.T, dir string) {
			write(t, filepath.Join(dir, "peerd.tar.gz"), "a backdoor")
			checksums(t, dir)
		}, true, false},
		{"signed again by somebody else", func(t *testing.T, dir string) {
			write(t, filepath.Join(dir, "peerd.tar.gz"), "a backdoor")
			checksums(t, dir)
			signWith(t, dir, newKey(t, t.TempDir()))
		}, true, false},
		{"without a signature", func(t *testing.T, dir string) {
			if err := os.Remove(filepath.Join(dir, "SHA256SUMS.sig")); err != nil {
				t.Fatal(err)
			}
		}, true, false},
	} {
		t.Run(test.proves, func(t *testing.T) {
			dir := t.TempDir()
			write(t, filepath.Join(dir, "peerd.tar.gz"), "an archive")
			write(t, filepath.Join(dir, "other.tar.gz"), "another")
			checksums(t, dir)
			key := newKey(t, t.TempDir())
			signWith(t, dir, key)
			trust(t, dir, key)

			test.tamper(t, dir)
			if got := passes(t, dir, checkSums); got != test.sums {
				t.Errorf("checksums pass: %v, want %v", got, test.sums)
			}
			if got := passes(t, dir, checkSignature); got != test.signature {
				t.Errorf("signature passes: %v, want %v", got, test.signature)
			}
		})
	}
}

// A signature that the key once made of another kind of thing is none of a file.
func TestSignatureOfSomethingElseDoesNotVerify(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "peerd.tar.gz"), "an archive")
	checksums(t, dir)
	key := newKey(t, t.TempDir())
	trust(t, dir, key)
	if !passes(t, dir, "ssh-keygen -q -Y sign -n git -f "+key+" SHA256SUMS") {
		t.Fatal("ssh-keygen does not sign")
	}
	if passes(t, dir, checkSignature) {
		t.Error("a signature for git passes as one of a release")
	}
}

func TestKeyThatIsNotThereIsNamed(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "SHA256SUMS"), "")
	if err := sign(t.Context(), filepath.Join(dir, "no-key"), filepath.Join(dir, "SHA256SUMS")); err == nil {
		t.Error("signed without a key")
	}
}

func checksums(t *testing.T, dir string) {
	t.Helper()
	if err := writeChecksums(dir, archives(t, dir)); err != nil {
		t.Fatal(err)
	}
}

// archives are the files in dir that a release has checksums of.
func archives(t *testing.T, dir string) (found []string) {
	t.Helper()
	for _, name := range names(t, dir) {
		if filepath.Ext(name) == ".gz" {
			found = append(found, name)
		}
	}
	return found
}

func signWith(t *testing.T, dir, key string) {
	t.Helper()
	if err := sign(t.Context(), key, filepath.Join(dir, "SHA256SUMS")); err != nil {
		t.Fatal(err)
	}
}

// The commands that users are told are the ones that were tried here.
func TestDocumentedChecksAreTheTestedOnes(t *testing.T) {
	document := string(readFile(t, moduleRoot, "docs/OPERATIONS.md"))
	for _, command := range []string{checkSums, checkSignature} {
		if !strings.Contains(document, "\n"+command+"\n") {
			t.Errorf("docs/OPERATIONS.md does not say %q", command)
		}
	}
}
