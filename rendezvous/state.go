package rendezvous

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	bolt "go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"

	"peerd/internal/identity"
	"peerd/internal/statedir"
)

// stateFile is the name of the state file in the state directory: a bbolt
// database, every transaction of which is on disk before it counts.
const stateFile = "rendezvous.db"

// lockTimeout is how long opening waits for another process to let go of the
// state file: long enough for a restart, short enough for a user to see why.
const lockTimeout = time.Second

// ErrStateInUse says that another process has the state file open.
var ErrStateInUse = errors.New("the state directory is in use by another rendezvous")

// The buckets of the state file. All values are JSON.
var (
	membersBucket  = []byte("members")  // key → member
	namesBucket    = []byte("names")    // folded name → key
	invitesBucket  = []byte("invites")  // id → storedInvite
	settingsBucket = []byte("settings") // settingsKey → settings
	removedBucket  = []byte("removed")  // key → removal
	settingsKey    = []byte("settings")
	originKey      = []byte("origin") // in settings → origin
)

// state is what a rendezvous must still know after a power cut: members, their
// names, invites, and who was removed. Presence, sessions and endpoints are not in
// it. It is safe for concurrent use.
type state struct{ db *bolt.DB }

// settings is what the tools need to know while no rendezvous runs.
type settings struct {
	Advertise string `json:"advertise"`
	Circle    string `json:"circle"`
	Open      bool   `json:"open,omitempty"`
}

// origin is how the state file began. The zero origin is that of one from before
// origins were noted.
type origin struct {
	At time.Time `json:"at"`
	// Lost says that the rendezvous is older: its key was there, the state was not.
	Lost bool `json:"lost"`
}

// openState opens the state file in dir, creating both where there are none. It
// returns ErrStateInUse when another process has it, and a *statedir.UnsafeError
// when other users could write to dir.
func openState(dir string) (*state, error) {
	root, err := statedir.Open(dir)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	path := filepath.Join(dir, stateFile)
	db, err := bolt.Open(path, 0o600, &bolt.Options{
		Timeout: lockTimeout,
		// Through the root, so that no planted link has us write elsewhere.
		OpenFile: func(_ string, flag int, mode fs.FileMode) (*os.File, error) {
			return root.OpenFile(stateFile, flag, mode)
		},
	})
	if errors.Is(err, bolterrors.ErrTimeout) {
		return nil, hinted(fmt.Errorf("open %s: %w", path, ErrStateInUse), "stop the other one, or give this one a directory of its own with --state")
	}
	if err != nil {
		return nil, fmt.Errorf("open the state file %s: %w", path, err)
	}
	s := &state{db: db}
	err = s.update("prepare the state file", func(tx *bolt.Tx) error {
		isNew := tx.Bucket(settingsBucket) == nil
		for _, bucket := range [][]byte{membersBucket, namesBucket, invitesBucket, settingsBucket, removedBucket} {
			if _, err := tx.CreateBucketIfNotExists(bucket); err != nil {
				return err
			}
		}
		if !isNew {
			return nil
		}
		_, err := root.Stat(identity.FileName)
		return put(tx.Bucket(settingsBucket), originKey, origin{At: time.Now(), Lost: err == nil})
	})
	if err == nil {
		err = statedir.Sync(dir) // bbolt syncs what is in its file, and not its name
	}
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return s, nil
}

func (s *state) close() error { return s.db.Close() }

// update runs one durable transaction; what names it in errors.
func (s *state) update(what string, run func(*bolt.Tx) error) error {
	if err := s.db.Update(run); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}

func (s *state) view(what string, run func(*bolt.Tx) error) error {
	if err := s.db.View(run); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}

func (s *state) origin() (o origin, err error) {
	err = s.view("read how the state began", func(tx *bolt.Tx) error {
		_, err := get(tx.Bucket(settingsBucket), originKey, &o)
		return err
	})
	return o, err
}

func (s *state) settings() (set settings, err error) {
	err = s.view("read the settings", func(tx *bolt.Tx) error {
		_, err := get(tx.Bucket(settingsBucket), settingsKey, &set)
		return err
	})
	return set, err
}

func (s *state) keepSettings(set settings) error {
	return s.update("keep the settings", func(tx *bolt.Tx) error {
		return put(tx.Bucket(settingsBucket), settingsKey, set)
	})
}

// get decodes the value of key into value; found is false when there is none.
func get(bucket *bolt.Bucket, key []byte, value any) (found bool, err error) {
	text := bucket.Get(key)
	if text == nil {
		return false, nil
	}
	if err := json.Unmarshal(text, value); err != nil {
		return false, fmt.Errorf("the state file is damaged: restore it from a backup: %w", err)
	}
	return true, nil
}

func put(bucket *bolt.Bucket, key []byte, value any) error {
	text, err := json.Marshal(value)
	if err != nil {
		return err
	}
	return bucket.Put(key, text)
}

// checkStateFile returns an error when dir holds no state file.
func checkStateFile(dir string) error {
	_, err := os.Stat(filepath.Join(dir, stateFile))
	if errors.Is(err, fs.ErrNotExist) {
		return hinted(fmt.Errorf("no rendezvous has its state in %s", dir), "start one with: rendezvous run --state "+dir)
	}
	return err
}
