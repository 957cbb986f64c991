package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"peerd/wire"
)

const (
	// sequenceLeap is how far sequences leap at least when a copy is taken into
	// use: farther than anybody has written since the copy was made.
	sequenceLeap = 1 << 32
	// floorSetting is where new conversations begin in a store that was once
	// restored: they may be new to the copy only.
	floorSetting = "sequence floor"
)

// Snapshot writes a copy of the store as it is now to path, where no file is.
// Changes go on meanwhile. The copy has no private halves of prekeys: what is
// sealed to them and got lost comes again over a session, and who finds a copy
// can open nothing that was recorded. The full-text index is not part of it.
func (s *Store) Snapshot(ctx context.Context, path string) error {
	path, err := filepath.Abs(path)
	if err != nil {
		return fmt.Errorf("copy the store: %w", err)
	}
	if _, err := os.Lstat(path); !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("copy the store: %s is there already", path)
	}
	if err := s.snapshot(ctx, path); err != nil {
		return fmt.Errorf("copy the store: %w", errors.Join(err, removeIfThere(path)))
	}
	return nil
}

func (s *Store) snapshot(ctx context.Context, path string) error {
	if s.writer.stopped() {
		return ErrClosed
	}
	dir, name := filepath.Split(path)
	if err := makePrivateFile(filepath.Clean(dir), name); err != nil {
		return err
	}
	source, err := connect(Path(filepath.Dir(s.lock.file.Name())), 1)
	if err != nil {
		return err
	}
	// VACUUM INTO reads in one transaction: what it writes is one state.
	_, err = source.ExecContext(ctx, `VACUUM INTO ?`, path)
	if err := errors.Join(err, source.Close()); err != nil {
		return err
	}
	// A journal on the disk would have the rows that are deleted.
	cleared, err := connect(path, 1, "secure_delete(1)", "journal_mode(MEMORY)")
	if err != nil {
		return err
	}
	_, err = cleared.ExecContext(ctx, `DELETE FROM prekey`)
	return errors.Join(err, cleared.Close())
}

// Revive takes a copy that Snapshot made, now in state directory dir, into use:
// it checks all of it, brings it to today's schema, and lets the sequences of our
// messages leap, since the peers may have seen numbers that the copy knows nothing
// of. Whoever got a number twice would take the second message as read already.
// The error is ErrDamaged or ErrNewerSchema when the copy cannot be used.
func Revive(ctx context.Context, dir string, now time.Time) error {
	s, err := Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(s.checkWhole(ctx), s.leap(ctx, now), s.Close())
}

// checkWhole verifies every page and index. A copy that was mended on the way was damaged.
func (s *Store) checkWhole(ctx context.Context) error {
	finding, err := first(ctx, s, func(row scanner) (finding string, err error) {
		err = row.Scan(&finding)
		return finding, err
	}, `PRAGMA integrity_check(1)`)
	switch {
	case err != nil:
		return fmt.Errorf("check the copy: %w", describeDamage(err))
	case finding != "ok":
		return fmt.Errorf("check the copy: %w: %s", ErrDamaged, finding)
	}
	select {
	case damage := <-s.Mended(): // by who came upon it before we did
		return fmt.Errorf("check the copy: %w: %s", ErrDamaged, damage.Cause)
	default:
		return nil
	}
}

// leap moves the sequences of all conversations to where none has been. The time
// makes them leap farther whenever the same copy is taken into use again.
func (s *Store) leap(ctx context.Context, now time.Time) error {
	return apply(ctx, s, "leap over used sequences", func(tx *transaction) error {
		var highest int64
		if err := tx.row(`SELECT coalesce(max(next_seq), 1) FROM conversation`, nil, &highest); err != nil {
			return err
		}
		floor := max(highest+sequenceLeap, now.UnixMicro())
		if floor > math.MaxInt64/2 {
			return fmt.Errorf("sequence %d leaves no room", highest)
		}
		if err := tx.exec(`UPDATE conversation SET next_seq = ?`, floor); err != nil {
			return err
		}
		return tx.exec(`INSERT OR REPLACE INTO setting (name, value) VALUES (?, ?)`, floorSetting, strconv.FormatInt(floor, 10))
	})
}

// firstSequence returns the first sequence of a conversation that is new here.
func (tx *transaction) firstSequence(peer wire.Key) (int64, error) {
	floor, err := tx.sequenceFloor()
	if err != nil || floor == 1 {
		return floor, err
	}
	return floor, tx.exec(`UPDATE conversation SET next_seq = ? WHERE peer = ?`, floor+1, peer[:])
}

// sequenceFloor returns the sequence with which new conversations begin.
func (tx *transaction) sequenceFloor() (int64, error) {
	var text string
	err := tx.row(`SELECT value FROM setting WHERE name = ?`, []any{floorSetting}, &text)
	if errors.Is(err, sql.ErrNoRows) {
		return 1, nil
	}
	if err != nil {
		return 0, err
	}
	return strconv.ParseInt(text, 10, 64)
}

func removeIfThere(path string) error {
	if err := os.Remove(path); !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}
