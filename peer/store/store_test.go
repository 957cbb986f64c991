package store

import (
	"crypto/rand"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"peerd/wire"
)

// noon is when things happen in these tests.
var noon = time.Date(2026, 11, 21, 12, 0, 0, 123456789, time.UTC)

var alice, bob, carol = wire.Key{'a'}, wire.Key{'b'}, wire.Key{'c'}

func openTest(t testing.TB) *Store { return reopen(t, t.TempDir()) }

func reopen(t testing.TB, dir string) *Store {
	t.Helper()
	s, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// stopIndexing ends what reads beside a test: what was stored is indexed half a second
// later, or by the next search.
func stopIndexing(s *Store) {
	s.index.cancel()
	<-s.index.finished
}

func newID() (id wire.MessageID) {
	rand.Read(id[:])
	return id
}

func accept(t testing.TB, s *Store, to wire.Key, body string) Message {
	t.Helper()
	m, err := s.Accept(t.Context(), to, newID(), body, noon)
	check(t, err)
	return m
}

func receive(t testing.TB, s *Store, from wire.Key, seq uint64, body string) Message {
	t.Helper()
	m, fresh, err := s.Receive(t.Context(), from, IncomingText(wire.Text{ID: newID(), Seq: seq, SentAt: noon, Body: body}), noon.Add(time.Second), "direct")
	check(t, err)
	if !fresh {
		t.Fatalf("message %q is not fresh", body)
	}
	return m
}

func bodies(messages []Message) []string {
	all := []string{}
	for _, m := range messages {
		all = append(all, m.Body)
	}
	return all
}

func TestEverythingSurvivesAReopen(t *testing.T) {
	dir := t.TempDir()
	s := reopen(t, dir)
	want := accept(t, s, bob, "hello")
	check(t, s.SetSetting(t.Context(), "circle", "home"))
	check(t, s.Close())

	s = reopen(t, dir)
	if got, err := s.Message(t.Context(), want.ID); err != nil || got != want {
		t.Errorf("got %+v, %v; want %+v", got, err, want)
	}
	if got, ok, err := s.Setting(t.Context(), "circle"); got != "home" || !ok || err != nil {
		t.Errorf("setting: %q, %t, %v", got, ok, err)
	}
}

func TestSecondOpenOfADirectoryIsRefused(t *testing.T) {
	dir := t.TempDir()
	s := reopen(t, dir)
	_, err := Open(dir)
	inUse, ok := errors.AsType[*InUseError](err)
	if !ok || inUse.Dir != dir {
		t.Fatalf("got %v, want an InUseError for %s", err, dir)
	}
	check(t, s.Close())
	reopen(t, dir)
}

func TestFilesAreTheOwnersOnly(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("permissions are those of the user's profile directory there")
	}
	dir := filepath.Join(t.TempDir(), "new", "state")
	s := reopen(t, dir)
	accept(t, s, bob, "make a write-ahead log")
	for name, want := range map[string]os.FileMode{
		".":               0o700 | os.ModeDir,
		lockName:          0o600,
		fileName:          0o600,
		fileName + "-wal": 0o600,
		fileName + "-shm": 0o600,
	} {
		info, err := os.Stat(filepath.Join(dir, name))
		check(t, err)
		if info.Mode() != want {
			t.Errorf("%s: mode %v, want %v", name, info.Mode(), want)
		}
	}
}

func TestLooseFilePermissionsAreTightened(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("permissions are those of the user's profile directory there")
	}
	dir := t.TempDir()
	path := filepath.Join(dir, fileName)
	check(t, os.WriteFile(path, nil, 0o644))
	reopen(t, dir)
	info, err := os.Stat(path)
	check(t, err)
	if info.Mode() != 0o600 {
		t.Errorf("mode %v, want 0600", info.Mode())
	}
}

func TestPlantedLinkIsNotFollowed(t *testing.T) {
	dir, elsewhere := t.TempDir(), filepath.Join(t.TempDir(), "victim")
	check(t, os.WriteFile(elsewhere, []byte("precious"), 0o644))
	if err := os.Symlink(elsewhere, filepath.Join(dir, fileName)); err != nil {
		t.Skip("this system lets us make no links: ", err)
	}
	if s, err := Open(dir); err == nil {
		s.Close()
		t.Error("opened a database through a link that leaves the state directory")
	}
}

func TestDirectoryNamesNeedNoEscaping(t *testing.T) {
	for _, name := range []string{"with space", "50%25", "what?mode=memory", "a#b", "家"} {
		if runtime.GOOS == "windows" && name == "what?mode=memory" {
			continue // not a file name there
		}
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), name)
			accept(t, reopen(t, dir), bob, "hello")
			if info, err := os.Stat(filepath.Join(dir, fileName+"-wal")); err != nil || info.Size() == 0 {
				t.Errorf("the database is not in %s: %v", dir, err)
			}
		})
	}
}

func TestCloseIsFinalAndRepeatable(t *testing.T) {
	s := openTest(t)
	check(t, s.Close())
	check(t, s.Close())
	_, acceptErr := s.Accept(t.Context(), bob, newID(), "late", noon)
	_, readErr := s.Messages(t.Context(), Filter{})
	_, _, _, rosterErr := s.LoadRoster(t.Context())
	for name, err := range map[string]error{"Accept": acceptErr, "Messages": readErr, "LoadRoster": rosterErr} {
		if !errors.Is(err, ErrClosed) {
			t.Errorf("%s after Close: %v, want ErrClosed", name, err)
		}
	}
}

func TestCloseLeavesNoGoroutine(t *testing.T) {
	before := runtime.NumGoroutine()
	for range 3 {
		s, err := Open(t.TempDir())
		check(t, err)
		accept(t, s, bob, "hello")
		_, err = s.Messages(t.Context(), Filter{})
		check(t, err)
		check(t, s.Close())
	}
	deadline := time.Now().Add(10 * time.Second)
	for runtime.NumGoroutine() > before {
		if time.Now().After(deadline) {
			stacks := make([]byte, 64<<10)
			t.Fatalf("%d goroutines, %d before:\n%s", runtime.NumGoroutine(), before, stacks[:runtime.Stack(stacks, true)])
		}
		runtime.Gosched()
	}
}
