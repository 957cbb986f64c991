package store

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"
)

// What happens when a page of messages.db is damaged:
//
//	noticed   by SQLite, when it reads the page, or by the check that looks at all
//	          of them: after an unclean shutdown, and once a day
//	mended    what can be read is copied into a new file (rescue.go), which takes
//	          the place of the old one while callers wait
//	kept      the old file stays beside it under another name, and is never deleted;
//	          private halves of prekeys are overwritten in it (forget_prekeys.go)
//	told      Mended says so, and LastDamage from then on
//
//	messages.db ──rows──▶ messages.db.rescue ──complete──▶ messages.db.rescued-T
//	     │                                                       │
//	     └──▶ messages.db.damaged-T              messages.db ◀───┘
//
// A process that dies on the way finds messages.db as it was, or the completed copy
// and goes on from there.

const (
	rescueSuffix  = ".rescue"
	rescuedSuffix = ".rescued-"
	damagedSuffix = ".damaged-"
	// stampFormat is the time in names of files.
	stampFormat = "20060102T150405.000Z"
	// checkAfter is how long after the start all pages are looked at, if nothing was
	// amiss before, and checkEvery how long after that again.
	checkAfter = 10 * time.Minute
	checkEvery = 24 * time.Hour
	// damageSetting keeps the last Damage.
	damageSetting = "damage"
)

// Damage tells of a file that was damaged, and what became of what was in it.
type Damage struct {
	At       time.Time
	Cause    string // as SQLite put it
	Kept     string // where the damaged file is
	Pages    int    // that could not be read, wholly or in part
	Messages int64  // that could be read
	Missing  int64  // messages that were there once; some of them may have been deleted before
}

// Mended returns a channel that receives after a damaged file was mended, by Open
// or since. It holds the last Damage only.
func (s *Store) Mended() <-chan Damage { return s.database.mended }

// LastDamage returns the last Damage there was to this store, or ErrNotFound.
func (s *Store) LastDamage(ctx context.Context) (Damage, error) {
	text, ok, err := s.Setting(ctx, damageSetting)
	if err != nil || !ok {
		return Damage{}, cmp.Or(err, ErrNotFound)
	}
	var damage Damage
	if err := json.Unmarshal([]byte(text), &damage); err != nil {
		return Damage{}, fmt.Errorf("read of the last damage: %w", err)
	}
	return damage, nil
}

// rescueFile puts a sound file with what can be read in the place of the damaged
// one in dir. Nobody may have it open. With an error and no Damage the damaged one is
// still there; with both, the sound one is complete and finishRescue has to be called again.
func rescueFile(ctx context.Context, dir string, cause error) (Damage, error) {
	path := Path(dir)
	stamp := time.Now().UTC().Format(stampFormat)
	damage := Damage{At: time.Now(), Cause: cause.Error(), Kept: path + damagedSuffix + stamp}
	if err := buildRescued(ctx, dir, &damage); err != nil {
		return Damage{}, fmt.Errorf("rescue what can be read: %w", errors.Join(err, removeDatabase(path+rescueSuffix)))
	}
	if err := os.Rename(path+rescueSuffix, path+rescuedSuffix+stamp); err != nil {
		return Damage{}, fmt.Errorf("rescue what can be read: %w", err)
	}
	return damage, finishRescue(dir)
}

// buildRescued makes the new file and completes damage.
func buildRescued(ctx context.Context, dir string, damage *Damage) error {
	path := Path(dir)
	if err := removeDatabase(path + rescueSuffix); err != nil {
		return err
	}
	if err := makePrivateFile(dir, fileName+rescueSuffix); err != nil {
		return err
	}
	db, err := connect(path+rescueSuffix, 1, "synchronous(FULL)")
	if err != nil {
		return err
	}
	err = migrate(ctx, db)
	if err == nil {
		err = fillRescued(ctx, db, path, damage)
	}
	return errors.Join(err, db.Close())
}

func fillRescued(ctx context.Context, db *sql.DB, path string, damage *Damage) error {
	damaged, err := os.Open(path)
	if err != nil {
		return err
	}
	defer damaged.Close()
	found, err := copyRows(ctx, damaged, db)
	if err != nil {
		return err
	}
	damage.Pages, damage.Messages, damage.Missing = found.damaged, found.messages, found.missing
	text, err := json.Marshal(damage)
	if err != nil {
		return err
	}
	_, err = db.ExecContext(ctx, `INSERT OR REPLACE INTO setting (name, value) VALUES (?, ?)`, damageSetting, string(text))
	return err
}

// finishRescue brings a completed copy, if there is one, into the place of the
// damaged file.
func finishRescue(dir string) error {
	path := Path(dir)
	stamp, err := rescuedStamp(dir)
	if err != nil || stamp == "" {
		return err
	}
	kept := path + damagedSuffix + stamp
	for _, companion := range []string{"", "-wal"} {
		if err := os.Rename(path+companion, kept+companion); err != nil && !errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("keep the damaged file: %w", err)
		}
	}
	if err := removeIfThere(path + "-shm"); err != nil {
		return err
	}
	if err := forgetPrekeys(kept, path+rescuedSuffix+stamp); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("forget prekeys in the damaged file: %w", err)
	}
	return os.Rename(path+rescuedSuffix+stamp, path)
}

// rescuedStamp returns the time in the name of a completed copy; empty when there
// is none.
func rescuedStamp(dir string) (string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return "", err
	}
	for _, entry := range entries {
		if stamp, ok := strings.CutPrefix(entry.Name(), fileName+rescuedSuffix); ok {
			return stamp, nil
		}
	}
	return "", nil
}

func removeDatabase(path string) error {
	var err error
	for _, companion := range []string{"", "-journal", "-wal", "-shm"} {
		err = errors.Join(err, removeIfThere(path+companion))
	}
	return err
}
