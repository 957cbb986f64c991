package store

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestWriterWaitsForTheDisk(t *testing.T) {
	s := openTest(t)
	for pragma, want := range map[string]string{
		"journal_mode":  "wal",
		"synchronous":   "2", // FULL: an fsync at every commit
		"foreign_keys":  "1",
		"busy_timeout":  "5000",
		"secure_delete": "1",
	} {
		check(t, apply(t.Context(), s, "ask", func(tx *transaction) error {
			var got string
			err := tx.row("PRAGMA "+pragma, nil, &got)
			if got != want {
				t.Errorf("%s is %q, want %q", pragma, got, want)
			}
			return err
		}))
	}
}

func TestReadersCannotWrite(t *testing.T) {
	s := openTest(t)
	if _, err := s.readers.db.ExecContext(t.Context(), `INSERT INTO setting (name, value) VALUES ('a', 'b')`); err == nil {
		t.Error("a reader's connection wrote")
	}
}

// Who goes back to an older release is told, and finds every message when the newer
// one is started again.
func TestT26OlderReleaseRefusesANewerFileAndHarmsNothing(t *testing.T) {
	dir := t.TempDir()
	s := reopen(t, dir)
	accept(t, s, bob, "written by the newer one")
	newest := steps(t)[len(steps(t))-1].version
	check(t, apply(t.Context(), s, "pretend", func(tx *transaction) error { return tx.exec("PRAGMA user_version = 99") }))
	check(t, s.Close())
	before, err := os.ReadFile(filepath.Join(dir, fileName))
	check(t, err)

	_, err = Open(dir)
	if !errors.Is(err, ErrNewerSchema) || !strings.Contains(err.Error(), "version 99") {
		t.Fatalf("got %v, want ErrNewerSchema that names the version", err)
	}
	if after, err := os.ReadFile(filepath.Join(dir, fileName)); err != nil || !bytes.Equal(before, after) {
		t.Errorf("the file was changed (%v)", err)
	}
	lock, err := lockDirectory(dir)
	if err != nil {
		t.Fatalf("the directory is still taken after the failed Open: %v", err)
	}
	check(t, lock.release())

	db, err := connect(filepath.Join(dir, fileName), 1) // the newer one, which knows version 99
	check(t, err)
	_, err = db.ExecContext(t.Context(), fmt.Sprintf("PRAGMA user_version = %d", newest))
	check(t, errors.Join(err, db.Close()))
	if queued, err := reopen(t, dir).Queued(t.Context()); err != nil || queued[bob] != 1 {
		t.Errorf("%v wait, %v", queued, err)
	}
}

func steps(t *testing.T) []migration {
	t.Helper()
	all, err := migrations()
	check(t, err)
	return all
}

func TestFailedMigrationLeavesTheFileAsItWas(t *testing.T) {
	db, err := connect(filepath.Join(t.TempDir(), fileName), 1)
	check(t, err)
	defer db.Close()
	check(t, migrate(t.Context(), db))
	newest := steps(t)[len(steps(t))-1].version
	nonsense := migration{newest + 1, "CREATE TABLE half (a); CREATE TABLE nonsense"}
	if err := migrateStep(t.Context(), db, nonsense); err == nil {
		t.Fatal("nonsense migrated")
	}
	var version, halves int
	check(t, db.QueryRowContext(t.Context(), "PRAGMA user_version").Scan(&version))
	check(t, db.QueryRowContext(t.Context(), "SELECT count(*) FROM sqlite_schema WHERE name = 'half'").Scan(&halves))
	if version != newest || halves != 0 {
		t.Errorf("version %d, %d half-made tables", version, halves)
	}
}

// abandon returns a directory as a killed process leaves it: with messages in
// the file and in the write-ahead log.
func abandon(t *testing.T) (dir string, messages int) {
	t.Helper()
	const inFile = 400
	from, dir := t.TempDir(), t.TempDir()
	s := reopen(t, from)
	for range inFile {
		accept(t, s, bob, strings.Repeat("x", 500))
	}
	check(t, s.Close())
	s = reopen(t, from)
	accept(t, s, bob, "in the log")
	for _, name := range []string{fileName, fileName + "-wal"} {
		content, err := os.ReadFile(filepath.Join(from, name))
		check(t, err)
		check(t, os.WriteFile(filepath.Join(dir, name), content, 0o600))
	}
	return dir, inFile + 1
}

func TestUncleanShutdownIsRecovered(t *testing.T) {
	dir, messages := abandon(t)
	if !closedUncleanly(filepath.Join(dir, fileName)) {
		t.Error("an abandoned file passes as closed")
	}
	s := reopen(t, dir)
	all, err := s.Messages(t.Context(), Filter{})
	if len(all) != messages || err != nil {
		t.Errorf("%d messages, error %v; want %d", len(all), err, messages)
	}
	check(t, s.Close())
	if closedUncleanly(filepath.Join(dir, fileName)) {
		t.Error("a closed file passes as abandoned")
	}
}

func TestDamageIsFoundAfterAnUncleanShutdown(t *testing.T) {
	dir, messages := abandon(t)
	file, err := os.OpenFile(filepath.Join(dir, fileName), os.O_RDWR, 0)
	check(t, err)
	// Many pages: the log has sound copies of those that the last message changed.
	_, err = file.WriteAt(bytes.Repeat([]byte{0xff}, 20*4096), 30*4096)
	check(t, err)
	check(t, file.Close())
	s := reopen(t, dir)
	select {
	case damage := <-s.Mended():
		if damage.Pages == 0 || damage.Messages == 0 || damage.Messages+damage.Missing != int64(messages) {
			t.Errorf("told of %+v; there were %d messages", damage, messages)
		}
	case <-time.After(time.Minute):
		t.Error("nobody has noticed")
	}
}

func TestTornEndOfTheLogIsCutOff(t *testing.T) {
	dir, messages := abandon(t)
	log, err := os.OpenFile(filepath.Join(dir, fileName+"-wal"), os.O_WRONLY|os.O_APPEND, 0)
	check(t, err)
	_, err = log.Write(bytes.Repeat([]byte{0xaa}, 3000)) // part of a frame
	check(t, err)
	check(t, log.Close())
	all, err := reopen(t, dir).Messages(t.Context(), Filter{})
	if len(all) != messages || err != nil {
		t.Errorf("%d messages, error %v; want %d", len(all), err, messages)
	}
}
