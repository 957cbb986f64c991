package identity

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"peerd/internal/statedir"
)

// FileName is the name of the key file in the state directory: the private key in
// PKCS #8 and PEM, so that `openssl pkey -in identity.key -text` can read it.
const FileName = "identity.key"

const (
	pemType = "PRIVATE KEY"

	// maxFileSize bounds what we read. A key file has 119 bytes.
	maxFileSize = 4096
)

// LoadOrCreate reads the key file in dir. When there is none it draws a new
// identity and writes it; dir is made (mode 0700) when it does not exist.
//
// It refuses a key file that others can read, own or replace: whoever has the key
// is the peer. The error says how to put it right.
func LoadOrCreate(dir string) (*Identity, error) {
	self, err := Load(dir)
	if !errors.Is(err, fs.ErrNotExist) {
		return self, err
	}
	if err := inside(dir, create); err != nil {
		return nil, err
	}
	// Read back what is there: when two processes start at once, one file wins and both
	// are the same peer.
	return Load(dir)
}

// Load reads the key file in dir, for whom another key would not do: what is there was
// made with this one. The error is fs.ErrNotExist when there is none.
func Load(dir string) (self *Identity, err error) {
	err = inside(dir, func(root *os.Root) error {
		private, err := load(root)
		if err != nil {
			return err
		}
		self, err = newIdentity(private)
		return err
	})
	return self, err
}

// inside runs do in dir, which is made when it does not exist.
func inside(dir string, do func(*os.Root) error) error {
	root, err := statedir.Open(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	return do(root)
}

// load reads the key file; fs.ErrNotExist when there is none.
func load(root *os.Root) (ed25519.PrivateKey, error) {
	path := filepath.Join(root.Name(), FileName)
	before, err := root.Lstat(FileName)
	if err != nil {
		return nil, fmt.Errorf("look at the identity key: %w", err)
	}
	if err := checkFile(path, before); err != nil {
		return nil, err
	}
	file, err := root.Open(FileName)
	if err != nil {
		return nil, fmt.Errorf("open the identity key: %w", err)
	}
	defer file.Close()
	if opened, err := file.Stat(); err != nil || !os.SameFile(before, opened) {
		return nil, fmt.Errorf("the identity key %s was replaced while it was being opened: start again", path)
	}
	text, err := io.ReadAll(io.LimitReader(file, maxFileSize))
	if err != nil {
		return nil, fmt.Errorf("read the identity key: %w", err)
	}
	return decode(path, text)
}

// checkFile refuses a key file whose secrecy we cannot vouch for.
func checkFile(path string, info fs.FileInfo) error {
	mode := info.Mode()
	switch {
	case mode&fs.ModeSymlink != 0:
		return fmt.Errorf("the identity key %s is a symbolic link: put the file itself there", path)
	case !mode.IsRegular():
		return fmt.Errorf("the identity key %s is not a regular file: move it away", path)
	case !ownedByUs(info):
		return fmt.Errorf("the identity key %s belongs to another user: run as that user, or `chown` it", path)
	case othersReach(info):
		return fmt.Errorf("others can read the identity key %s (mode %04o): run `chmod 600 %s`; if somebody else may have read it, delete it and join anew",
			path, mode.Perm(), path)
	}
	return nil
}

// decode never quotes the file in its errors.
func decode(path string, text []byte) (ed25519.PrivateKey, error) {
	damaged := fmt.Errorf("the identity key %s is damaged: restore it from a backup; without one, move it away and join anew with a new key", path)
	block, _ := pem.Decode(text)
	if block == nil || block.Type != pemType {
		return nil, damaged
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, damaged
	}
	private, ok := parsed.(ed25519.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("the identity key %s is not an Ed25519 key: move it away", path)
	}
	return private, nil
}

// create draws a key and gives it its name only when every byte of it is on disk,
// so that a power cut leaves a whole key or none. An existing key is not touched.
func create(root *os.Root) error {
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return fmt.Errorf("draw an identity key: %w", err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return fmt.Errorf("encode the identity key: %w", err)
	}
	temporary := FileName + "." + rand.Text()
	defer root.Remove(temporary)
	if err := writeSynced(root, temporary, pem.EncodeToMemory(&pem.Block{Type: pemType, Bytes: der})); err != nil {
		return fmt.Errorf("write the identity key: %w", err)
	}
	// A link where a rename would do, because a rename replaces: of two processes
	// that start at once, one would go on with a key the disk has forgotten.
	if err := root.Link(temporary, FileName); err != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("name the identity key: %w", err)
	}
	return statedir.Sync(root.Name())
}

func writeSynced(root *os.Root, name string, data []byte) error {
	file, err := root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = file.Write(data)
	return errors.Join(err, file.Sync(), file.Close())
}
