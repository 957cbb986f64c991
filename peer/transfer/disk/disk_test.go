package disk

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"peerd/peer/transfer"
)

const testID = "aaaaaaaaaaaaaaaaaaaaaaaaaa"

func write(t *testing.T, path string, content []byte) {
	t.Helper()
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o777), os.WriteFile(path, content, 0o666)); err != nil {
		t.Fatal(err)
	}
}

func wantContent(t *testing.T, path string, want []byte) {
	t.Helper()
	if got, err := os.ReadFile(path); err != nil || !bytes.Equal(got, want) {
		t.Errorf("%s has %d bytes (%v), want these %d", path, len(got), err, len(want))
	}
}

// noise is content that no two chunks have in common.
func noise(size int) []byte {
	content := make([]byte, size)
	random := rand.NewChaCha8([32]byte{byte(size)})
	random.Read(content)
	return content
}

// names lists a folder without our own.
func names(t *testing.T, dir string) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		if entry.Name() != incoming {
			names = append(names, entry.Name())
		}
	}
	return names
}

func scan(t *testing.T, path string) Scanned {
	t.Helper()
	scanned, err := Scan(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	return scanned
}

// open opens a target, closed with the test.
func open(t *testing.T, dir string, folder bool, m *transfer.Manifest) *Target {
	t.Helper()
	target, err := OpenTarget(dir, testID, folder, m)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { target.Close() })
	return target
}

// move copies the chunks at indexes from what was scanned to the target.
func move(t *testing.T, s Scanned, target *Target, indexes ...uint64) {
	t.Helper()
	source, err := OpenSource(s.Path, s.Manifest)
	if err != nil {
		t.Fatal(err)
	}
	defer source.Close()
	buffer := make([]byte, transfer.ChunkSize)
	for _, i := range indexes {
		data, err := source.Read(i, buffer)
		if err != nil {
			t.Fatal(err)
		}
		if !s.Manifest.Verify(i, data) {
			t.Fatalf("chunk %d is not what was scanned", i)
		}
		if err := target.Write(i, data); err != nil {
			t.Fatal(err)
		}
	}
}

func all(m *transfer.Manifest) (indexes []uint64) {
	for i := range m.Chunks() {
		indexes = append(indexes, i)
	}
	return indexes
}

func finish(t *testing.T, target *Target, name string) string {
	t.Helper()
	recorded := ""
	path, err := target.Finish(name, func(path string) error { recorded = path; return nil })
	if err != nil || path != recorded {
		t.Fatalf("finished at %q, recorded %q: %v", path, recorded, err)
	}
	return path
}

func TestFileArrives(t *testing.T) {
	from, downloads := t.TempDir(), filepath.Join(t.TempDir(), "new", "downloads")
	content := noise(2*transfer.ChunkSize + 7)
	write(t, filepath.Join(from, "photo.jpg"), content)
	s := scan(t, filepath.Join(from, "photo.jpg"))
	if s.Name != "photo.jpg" || s.Folder || s.Manifest.Size() != int64(len(content)) {
		t.Errorf("scanned %+v", s)
	}
	target := open(t, downloads, false, s.Manifest)
	move(t, s, target, 2, 0, 1)
	if path := finish(t, target, s.Name); path != filepath.Join(downloads, "photo.jpg") {
		t.Errorf("it is at %s", path)
	}
	wantContent(t, filepath.Join(downloads, "photo.jpg"), content)
	if err := Discard(downloads, testID); err != nil {
		t.Error(err)
	}
	if staged := names(t, filepath.Join(downloads, incoming)); len(staged) > 0 {
		t.Errorf("left over: %q", staged)
	}
}

func TestFolderArrives(t *testing.T) {
	from, downloads := t.TempDir(), t.TempDir()
	album := filepath.Join(from, "album")
	write(t, filepath.Join(album, "2026", "a.jpg"), noise(10))
	write(t, filepath.Join(album, "2026", "empty"), nil)
	write(t, filepath.Join(album, "large"), noise(transfer.ChunkSize+1))
	if err := os.Mkdir(filepath.Join(album, "nothing"), 0o777); err != nil {
		t.Fatal(err)
	}
	for name, to := range map[string]string{"out": "/etc/passwd", "loop": "."} {
		if err := os.Symlink(to, filepath.Join(album, name)); err != nil {
			t.Fatal(err)
		}
	}
	s := scan(t, album)
	if !s.Folder || s.Skipped != 2 || s.Manifest.Files() != 3 {
		t.Errorf("scanned folder %v, skipped %d, files %d", s.Folder, s.Skipped, s.Manifest.Files())
	}
	target := open(t, downloads, true, s.Manifest)
	move(t, s, target, all(s.Manifest)...)
	path := finish(t, target, s.Name)
	wantContent(t, filepath.Join(path, "2026", "a.jpg"), noise(10))
	wantContent(t, filepath.Join(path, "2026", "empty"), nil)
	wantContent(t, filepath.Join(path, "large"), noise(transfer.ChunkSize+1))
	if got := strings.Join(names(t, path), " "); got != "2026 large nothing" {
		t.Errorf("the folder has %s", got)
	}
}

func TestT25NothingIsOverwritten(t *testing.T) {
	from, downloads := t.TempDir(), t.TempDir()
	write(t, filepath.Join(from, "a.txt"), []byte("new"))
	write(t, filepath.Join(downloads, "a.txt"), []byte("old"))
	if err := os.Symlink("/nowhere", filepath.Join(downloads, "a (2).txt")); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(downloads, "a (3).txt"), 0o777); err != nil {
		t.Fatal(err)
	}
	s := scan(t, filepath.Join(from, "a.txt"))
	target := open(t, downloads, false, s.Manifest)
	move(t, s, target, 0)
	if path := finish(t, target, "a.txt"); path != filepath.Join(downloads, "a (4).txt") {
		t.Errorf("it is at %s", path)
	}
	wantContent(t, filepath.Join(downloads, "a.txt"), []byte("old"))
	wantContent(t, filepath.Join(downloads, "a (4).txt"), []byte("new"))

	write(t, filepath.Join(from, "d", "x"), []byte("x"))
	write(t, filepath.Join(downloads, "d", "y"), []byte("y"))
	if err := Discard(downloads, testID); err != nil {
		t.Fatal(err)
	}
	s = scan(t, filepath.Join(from, "d"))
	target = open(t, downloads, true, s.Manifest)
	move(t, s, target, 0)
	if path := finish(t, target, "d"); path != filepath.Join(downloads, "d (2)") {
		t.Errorf("the folder is at %s", path)
	}
	wantContent(t, filepath.Join(downloads, "d", "y"), []byte("y"))
}

// TestT25HostileNamesStayInside offers a file under every name that has ever led
// somewhere else.
func TestT25HostileNamesStayInside(t *testing.T) {
	from, above := t.TempDir(), t.TempDir()
	downloads := filepath.Join(above, "downloads")
	write(t, filepath.Join(from, "f"), []byte("x"))
	s := scan(t, filepath.Join(from, "f"))
	hostile := []string{
		"../evil", "/etc/cron.d/evil", `..\evil`, "..", ".", "", "a/../../evil", "evil\x00.jpg", "CON", "nul.txt", "a.", "a ",
		incoming, incoming + "/x", "\x1b]0;evil\x07", strings.Repeat("a", 300), strings.Repeat("漢", 100), "C:\\evil", "-rf",
	}
	for _, name := range hostile {
		target := open(t, downloads, false, s.Manifest)
		move(t, s, target, 0)
		path := finish(t, target, name)
		if filepath.Dir(path) != downloads || !filepath.IsLocal(filepath.Base(path)) {
			t.Errorf("%q went to %q", name, path)
		}
		wantContent(t, path, []byte("x"))
		if err := Discard(downloads, testID); err != nil {
			t.Fatal(err)
		}
	}
	if got := names(t, above); len(got) != 1 {
		t.Errorf("beside the download folder: %q", got)
	}
	if got := names(t, downloads); len(got) != len(hostile) {
		t.Errorf("%d files of %d: %q", len(got), len(hostile), got)
	}
}

// TestT25PlantedLinksLeadNowhere has another user of the machine plant links where
// files are about to be written.
func TestT25PlantedLinksLeadNowhere(t *testing.T) {
	from, downloads, outside := t.TempDir(), t.TempDir(), t.TempDir()
	write(t, filepath.Join(from, "d", "x"), []byte("x"))
	write(t, filepath.Join(outside, "x"), []byte("precious"))
	s := scan(t, filepath.Join(from, "d"))
	staging := filepath.Join(downloads, incoming, testID)
	if err := errors.Join(os.MkdirAll(staging, 0o777), os.Symlink(outside, filepath.Join(staging, content))); err != nil {
		t.Fatal(err)
	}
	if target, err := OpenTarget(downloads, testID, true, s.Manifest); err == nil {
		if err := target.Write(0, []byte("x")); err == nil {
			t.Error("written through a link")
		}
		target.Close()
	}
	wantContent(t, filepath.Join(outside, "x"), []byte("precious"))
}

// TestWhatIsThereIsNotFetchedAgain has a process die at every point of a transfer.
func TestWhatIsThereIsNotFetchedAgain(t *testing.T) {
	from, downloads := t.TempDir(), t.TempDir()
	content := noise(4*transfer.ChunkSize + 100)
	write(t, filepath.Join(from, "f"), content)
	s := scan(t, filepath.Join(from, "f"))
	missing := func(target *Target) []uint64 {
		t.Helper()
		there := make(map[uint64]bool)
		if err := target.Verify(t.Context(), func(i uint64) { there[i] = true }); err != nil {
			t.Fatal(err)
		}
		var missing []uint64
		for i := range s.Manifest.Chunks() {
			if !there[i] {
				missing = append(missing, i)
			}
		}
		return missing
	}
	target := open(t, downloads, false, s.Manifest)
	if got := missing(target); len(got) != 5 {
		t.Errorf("of nothing, missing are %v", got)
	}
	move(t, s, target, 0, 3) // 1 and 2 are a hole
	target.Close()

	torn, err := os.OpenFile(filepath.Join(downloads, incoming, testID, "content"), os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := torn.WriteAt([]byte("torn by a power cut"), 3*transfer.ChunkSize+50); err != nil {
		t.Fatal(err)
	}
	if _, err := torn.WriteAt([]byte("too long"), int64(len(content))); err != nil {
		t.Fatal(err)
	}
	torn.Close()

	target = open(t, downloads, false, s.Manifest)
	got := missing(target)
	if len(got) != 4 || got[0] != 1 {
		t.Errorf("missing are %v, want all but the first", got)
	}
	move(t, s, target, got...)
	wantContent(t, finish(t, target, "f"), content)
}

func TestACrashWhileMovingIntoPlaceMakesNoSecondCopy(t *testing.T) {
	for _, folder := range []bool{false, true} {
		from, downloads := t.TempDir(), t.TempDir()
		path := filepath.Join(from, "f")
		if folder {
			write(t, filepath.Join(path, "x"), []byte("x"))
		} else {
			write(t, path, []byte("x"))
		}
		s := scan(t, path)
		target := open(t, downloads, folder, s.Manifest)
		move(t, s, target, 0)
		placed := finish(t, target, "f") // and dies before anybody hears of it
		target.Close()
		if !Moved(downloads, testID, placed) {
			target = open(t, downloads, folder, s.Manifest)
			if again := finish(t, target, "f"); again != placed {
				t.Errorf("folder %v: first at %s, then at %s", folder, placed, again)
			}
		}
		if got := names(t, downloads); len(got) != 1 {
			t.Errorf("folder %v: %q", folder, got)
		}
	}
}

func TestMovedIsNotSaidOfWhatNeverCame(t *testing.T) {
	downloads := t.TempDir()
	write(t, filepath.Join(downloads, "f"), []byte("another"))
	if Moved(downloads, testID, "") || Moved(downloads, testID, filepath.Join(downloads, "g")) {
		t.Error("said to be moved")
	}
}

func TestT25ChangedSourceIsNoticed(t *testing.T) {
	for name, change := range map[string]func(t *testing.T, path string){
		"longer":  func(t *testing.T, path string) { write(t, path, noise(transfer.ChunkSize+20)) },
		"shorter": func(t *testing.T, path string) { write(t, path, noise(5)) },
		"gone": func(t *testing.T, path string) {
			if err := os.Remove(path); err != nil {
				t.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			for _, offered := range []string{"f", "."} {
				dir := filepath.Join(t.TempDir(), "d")
				write(t, filepath.Join(dir, "f"), noise(transfer.ChunkSize+10))
				s := scan(t, filepath.Join(dir, offered))
				source, err := OpenSource(s.Path, s.Manifest)
				if err != nil {
					t.Fatal(err)
				}
				change(t, filepath.Join(dir, "f"))
				if _, err := source.Read(1, make([]byte, transfer.ChunkSize)); !errors.Is(err, ErrChanged) {
					t.Errorf("%s: error is %v", offered, err)
				}
				if err := source.Close(); err != nil {
					t.Error(err)
				}
			}
		})
	}
}

func TestScanRefuses(t *testing.T) {
	dir := t.TempDir()
	if _, err := Scan(t.Context(), filepath.Join(dir, "nothing")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("of nothing: %v", err)
	}
	if _, err := Scan(t.Context(), os.DevNull); !errors.Is(err, ErrNotAFile) {
		t.Errorf("of a device: %v", err)
	}
	write(t, filepath.Join(dir, "d", "bad\xffname"), []byte("x"))
	if _, err := Scan(t.Context(), filepath.Join(dir, "d")); !errors.Is(err, transfer.ErrManifest) {
		t.Errorf("of a name that is no text: %v", err)
	}
	link := filepath.Join(dir, "link")
	write(t, filepath.Join(dir, "file"), []byte("x"))
	if err := os.Symlink(filepath.Join(dir, "file"), link); err != nil {
		t.Fatal(err)
	}
	if s := scan(t, link); s.Manifest.Size() != 1 || s.Name != "link" {
		t.Errorf("a link that is named itself: %+v", s)
	}
}

func TestTidyKeepsWhatIsOpen(t *testing.T) {
	dir := t.TempDir()
	keep := func(id string) bool { return id == testID }
	if err := errors.Join(Tidy(dir, keep), TidyManifests(dir, keep), Tidy(filepath.Join(dir, "nothing"), keep)); err != nil {
		t.Errorf("of nothing: %v", err)
	}
	for _, id := range []string{testID, "old"} {
		write(t, filepath.Join(dir, incoming, id, content), []byte("x"))
		if err := KeepManifest(dir, id, []byte(id)); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(Tidy(dir, keep), TidyManifests(dir, keep)); err != nil {
		t.Fatal(err)
	}
	if got := names(t, filepath.Join(dir, incoming)); len(got) != 1 || got[0] != testID {
		t.Errorf("staged are %q", got)
	}
	if got, err := ReadManifest(dir, testID); err != nil || string(got) != testID {
		t.Errorf("manifest is %q: %v", got, err)
	}
	if _, err := ReadManifest(dir, "old"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the old manifest is still there: %v", err)
	}
	if err := errors.Join(ForgetManifest(dir, testID), ForgetManifest(dir, testID)); err != nil {
		t.Error(err)
	}
}

func TestFreeKnowsTheDisk(t *testing.T) {
	if free, size, err := Free(t.TempDir()); err != nil || free == 0 || size < free {
		t.Errorf("free are %d of %d: %v", free, size, err)
	}
	if _, _, err := Free(filepath.Join(t.TempDir(), "nothing")); err == nil {
		t.Error("free where nothing is")
	}
}
