package store

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"peerd/wire"
)

// privateHalf is the one of sound's prekey.
const privateHalf = "canary: 32 bytes of private key."

// sound makes a store with pages of every kind, and returns what is said in it.
func sound(t *testing.T) (dir string, said map[int64]Message) {
	t.Helper()
	dir = t.TempDir()
	s := reopen(t, dir)
	for i := range 60 {
		peer := wire.Key{byte(i % 3), 'p'}
		accept(t, s, peer, fmt.Sprintf("message %d: %s", i, strings.Repeat("word ", i*7)))
		receive(t, s, peer, uint64(i+1), strings.Repeat("an answer ", 60))
	}
	accept(t, s, alice, strings.Repeat("several pages long ", 1000))
	forgotten := wire.Key{'f'}
	check(t, s.Pin(t.Context(), Contact{Key: forgotten, Name: "forgotten", PinnedAt: noon}))
	for range 20 {
		accept(t, s, forgotten, strings.Repeat("leaves free pages ", 200))
	}
	_, err := s.Forget(t.Context(), forgotten, true)
	check(t, err)
	for i := range 100 { // enough for pages above the leaves
		check(t, s.Pin(t.Context(), Contact{Key: wire.Key{byte(i), 'c'}, Name: fmt.Sprintf("contact %d", i), PinnedAt: noon}))
		check(t, s.SetSetting(t.Context(), fmt.Sprintf("setting %d", i), strings.Repeat("x", 100)))
	}
	check(t, s.SavePrekey(t.Context(), 7, []byte(privateHalf), noon))
	said = everyMessage(t, s)
	check(t, s.Close())
	return dir, said
}

func everyMessage(t *testing.T, s *Store) map[int64]Message {
	t.Helper()
	all, err := s.Messages(t.Context(), Filter{})
	check(t, err)
	said := make(map[int64]Message)
	for _, m := range all {
		said[m.Row] = m
	}
	return said
}

// kindsOf returns what kind of page each of a sound file is.
func kindsOf(t *testing.T, path string) (kinds []string) {
	t.Helper()
	content, err := os.ReadFile(path)
	check(t, err)
	names := map[byte]string{leafTable: "leaf of a table", interiorTable: "above the leaves of a table", leafIndex: "leaf of an index", interiorIndex: "above the leaves of an index"}
	for number := range len(content) / defaultPageSize {
		page := content[number*defaultPageSize:][:defaultPageSize]
		kind := names[page[0]]
		switch {
		case number == 0:
			kind = "header and schema"
		case kind == "" && bytes.Equal(page, make([]byte, defaultPageSize)):
			kind = "free"
		case kind == "":
			kind = "rest of a long row, or list of free pages"
		}
		kinds = append(kinds, kind)
	}
	return kinds
}

// TestDamageToAnyPageCostsNoMoreThanThePage damages every page of a file in turn.
func TestDamageToAnyPageCostsNoMoreThanThePage(t *testing.T) {
	dir, said := sound(t)
	random := rand.New(rand.NewPCG(1, 2))
	seen := make(map[string]int)
	for number, kind := range kindsOf(t, Path(dir)) {
		seen[kind]++
		if seen[kind] > 3 {
			continue
		}
		for _, damage := range []struct {
			name string
			do   func(page []byte)
		}{
			{"overwritten", func(page []byte) { fillRandomly(random, page) }},
			{"zero", func(page []byte) { clear(page) }},
			{"its head flipped", func(page []byte) {
				for i := range 8 {
					page[i] ^= 0xff
				}
			}},
		} {
			t.Run(fmt.Sprintf("page %d, %s, %s", number+1, kind, damage.name), func(t *testing.T) {
				damaged := copyDatabase(t, dir)
				damagePage(t, damaged, number, damage.do)
				expectMended(t, damaged, said, kind)
			})
		}
	}
	if len(seen) < 7 {
		t.Errorf("the file has only pages of these kinds: %v", seen)
	}
}

func fillRandomly(random *rand.Rand, page []byte) {
	for i := 0; i+8 <= len(page); i += 8 {
		binary.LittleEndian.PutUint64(page[i:], random.Uint64())
	}
}

func copyDatabase(t *testing.T, from string) (dir string) {
	t.Helper()
	dir = t.TempDir()
	content, err := os.ReadFile(Path(from))
	check(t, err)
	check(t, os.WriteFile(Path(dir), content, 0o600))
	return dir
}

func damagePage(t *testing.T, dir string, number int, do func([]byte)) {
	t.Helper()
	content, err := os.ReadFile(Path(dir))
	check(t, err)
	do(content[number*defaultPageSize:][:defaultPageSize])
	check(t, os.WriteFile(Path(dir), content, 0o600))
}

// mostOnAPage is how many of sound's messages share a page.
const mostOnAPage = 30

func expectMended(t *testing.T, dir string, said map[int64]Message, kind string) {
	t.Helper()
	before, err := os.ReadFile(Path(dir))
	check(t, err)
	s := reopen(t, dir)
	check(t, s.database.check(t.Context()))
	left := everyMessage(t, s)
	if len(left) < len(said)-mostOnAPage {
		t.Errorf("%d of %d messages are left", len(left), len(said))
	}
	for row, m := range left {
		if m != said[row] {
			t.Errorf("message %d has become another one", row)
		}
	}
	for peer := range peersOf(said) {
		m := accept(t, s, peer, "life goes on")
		if last := lastSeq(said, peer); m.Seq <= last {
			t.Errorf("sequence %d is used again: the last was %d", m.Seq, last)
		}
	}
	damage, err := s.LastDamage(t.Context())
	if errors.Is(err, ErrNotFound) && kind == "free" {
		return
	}
	check(t, err)
	if int(damage.Messages) != len(left) || damage.Cause == "" {
		t.Errorf("told of %+v, %d messages are left", damage, len(left))
	}
	kept, err := os.ReadFile(damage.Kept)
	check(t, err)
	if changed := pagesChanged(before, kept); changed > 1 {
		t.Errorf("%d pages of the damaged file were not kept as they were, want only that of prekeys", changed)
	}
	if bytes.Contains(kept, []byte(privateHalf)) {
		t.Error("the damaged file keeps the private half of a prekey")
	}
	select {
	case told := <-s.Mended():
		if !told.At.Equal(damage.At) {
			t.Errorf("told of %+v, then of %+v", told, damage)
		}
	default:
		t.Error("nobody was told")
	}
	check(t, s.Close())
	if s := reopen(t, dir); len(s.Mended()) > 0 {
		t.Error("the mended file is damaged")
	}
}

func pagesChanged(before, after []byte) (changed int) {
	for at := 0; at < max(len(before), len(after)); at += defaultPageSize {
		if !bytes.Equal(before[at:min(at+defaultPageSize, len(before))], after[at:min(at+defaultPageSize, len(after))]) {
			changed++
		}
	}
	return changed
}

func peersOf(said map[int64]Message) map[wire.Key]bool {
	peers := make(map[wire.Key]bool)
	for _, m := range said {
		peers[m.Peer] = true
	}
	return peers
}

func lastSeq(said map[int64]Message, peer wire.Key) (last uint64) {
	for _, m := range said {
		if m.Peer == peer && m.Outgoing {
			last = max(last, m.Seq)
		}
	}
	return last
}

func TestDamageIsMendedWhileTheStoreIsInUse(t *testing.T) {
	dir, said := sound(t)
	kinds := kindsOf(t, Path(dir))
	s := reopen(t, dir)
	file, err := os.OpenFile(Path(dir), os.O_RDWR, 0)
	check(t, err)
	_, err = file.WriteAt(bytes.Repeat([]byte{0xff}, defaultPageSize), int64(lastOf(kinds, "leaf of a table")*defaultPageSize))
	check(t, err)
	check(t, file.Close())
	check(t, s.SetSetting(t.Context(), "a change", "drops what readers have in memory"))
	left := everyMessage(t, s)
	if len(left) == len(said) || len(left) < len(said)-mostOnAPage {
		t.Errorf("%d of %d messages are left", len(left), len(said))
	}
	select {
	case damage := <-s.Mended():
		if damage.Pages != 1 {
			t.Errorf("told of %+v", damage)
		}
	default:
		t.Error("nobody was told")
	}
	accept(t, s, alice, "life goes on: 生活继续")
	if got := searched(t, s, Search{Texts: []string{"生活继续"}}); len(got) != 1 {
		t.Errorf("found %q", got)
	}
	if got := searched(t, s, Search{Texts: []string{"answer"}, Limit: 1000}); len(got) == 0 {
		t.Error("the messages that are left are not found")
	}
}

// lastOf returns the index of the last page of a kind.
func lastOf(kinds []string, kind string) int {
	kinds = slices.Clone(kinds)
	slices.Reverse(kinds)
	return len(kinds) - 1 - slices.Index(kinds, kind)
}

func TestWhatIsNoDatabaseIsKeptAsideAndTold(t *testing.T) {
	dir := t.TempDir()
	nonsense := bytes.Repeat([]byte("not a database "), 1000)
	check(t, os.WriteFile(Path(dir), nonsense, 0o600))
	s := reopen(t, dir)
	damage := <-s.Mended()
	if kept, err := os.ReadFile(damage.Kept); err != nil || !bytes.Equal(kept, nonsense) {
		t.Errorf("the file was not kept: %v", err)
	}
	accept(t, s, alice, "hello")
}

// A process may die between any two steps of putting a rescued file in place.
func TestRescueGoesOnWhereAKilledProcessEnded(t *testing.T) {
	for name, steps := range map[string]func(t *testing.T, path string){
		"while copying":           func(t *testing.T, path string) { check(t, os.WriteFile(path+rescueSuffix, []byte("half"), 0o600)) },
		"when the copy was whole": func(t *testing.T, path string) { rescued(t, path) },
		"when the damaged file was away": func(t *testing.T, path string) {
			rescued(t, path)
			check(t, os.Rename(path, path+damagedSuffix+"T"))
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir, said := sound(t)
			steps(t, Path(dir))
			s := reopen(t, dir)
			if left := everyMessage(t, s); len(left) != len(said) {
				t.Errorf("%d of %d messages are left", len(left), len(said))
			}
			check(t, s.Close())
			if rest, err := filepath.Glob(filepath.Join(dir, "*"+rescueSuffix+"*")); err != nil || len(rest) > 0 {
				t.Errorf("left over: %q, %v", rest, err)
			}
		})
	}
}

// rescued completes a copy of the file at path.
func rescued(t *testing.T, path string) {
	t.Helper()
	var damage Damage
	check(t, buildRescued(t.Context(), filepath.Dir(path), &damage))
	check(t, os.Rename(path+rescueSuffix, path+rescuedSuffix+"T"))
}

func FuzzReadingDamagedPages(f *testing.F) {
	f.Add([]byte{leafTable, 0, 0, 0, 1, 15, 250, 0, 15, 250}, []byte{4, 1, 2, 15, 9, 'a'})
	f.Add([]byte{interiorIndex, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 1, 15, 200}, []byte{0xff, 0xff, 0xff})
	f.Fuzz(func(t *testing.T, head, tail []byte) {
		page := make([]byte, 2*defaultPageSize)
		copy(page[defaultPageSize:], head)
		copy(page[max(0, len(page)-len(tail)):], tail)
		p := &pages{size: defaultPageSize, file: bytes.NewReader(page), changed: make(map[uint32][]byte), count: 2}
		n, err := p.node(2)
		if err == nil && len(n.cells)+n.bad > defaultPageSize/2 {
			t.Errorf("%d cells in a page", len(n.cells)+n.bad)
		}
		p.applyLog(append(head, tail...))
	})
}
