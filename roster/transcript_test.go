package roster

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"peerd/wire"
)

var rewrite = flag.Bool("rewrite", false, "write what happens into the transcripts; read the difference before you believe it")

// A transcript is a story in testdata: each command is followed by what happens,
// indented.
//
//	rendezvous EPOCH [LOG]         a rendezvous starts, remembering LOG changes
//	put NAME online|offline [PREKEY]   remove NAME
//	connect [CHUNK [LOST]]         the peer logs in; chunks of CHUNK rows, all lost from LOST on
//	push                           the rendezvous sends what the peer has not got
//	restart                        the peer saves its copy and starts again from it
//	show                           what the peer shows
func TestTranscripts(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal("no transcripts", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			got := replay(t, string(want))
			if *rewrite {
				if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			} else if got != string(want) {
				t.Errorf("the story has changed; it now reads\n%s", got)
			}
		})
	}
}

// replay runs the commands of a transcript and returns it with what happened.
func replay(t *testing.T, text string) string {
	t.Helper()
	story := &story{t: t, copy: &Copy{}}
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		if strings.HasPrefix(line, "  ") {
			continue // what happened last time
		}
		story.out.WriteString(line + "\n")
		if words := strings.Fields(line); len(words) > 0 && words[0] != "#" {
			story.run(words[0], words[1:])
		}
	}
	return story.out.String()
}

type story struct {
	t     *testing.T
	table *Table
	copy  *Copy
	since int // of the next row, counted from the rendezvous' start
	out   strings.Builder
}

func (s *story) say(format string, args ...any) {
	fmt.Fprintf(&s.out, "  "+format+"\n", args...)
}

func (s *story) run(command string, words []string) {
	switch command {
	case "rendezvous":
		s.table, s.since = newTable(s.number(words, 0, 1), s.number(words, 1, logLength)), 0
	case "put":
		row := member(words[0], words[1] == "online", s.since)
		row.Prekey.ID = s.number(words, 2, 0)
		s.since++
		s.table.Put(row)
		s.say("version %d", s.table.Version())
	case "remove":
		s.table.Remove(member(words[0], false, 0).Key)
		s.say("version %d", s.table.Version())
	case "connect":
		s.send(s.table.Since(s.copy.Epoch(), s.copy.Version()), s.number(words, 0, wire.MaxRows), s.number(words, 1, 1<<32))
	case "push":
		s.send(s.table.Since(s.copy.Epoch(), s.copy.Version()), wire.MaxRows, 1<<32)
	case "restart":
		s.copy = Restore(s.copy.Epoch(), s.copy.Version(), slices.Collect(s.copy.Rows()))
	case "show":
		s.say("epoch %d, version %d: %s", s.copy.Epoch(), s.copy.Version(), list(slices.Collect(s.copy.Rows())))
	default:
		s.t.Fatalf("unknown command %q", command)
	}
}

func (s *story) number(words []string, index int, otherwise uint64) uint64 {
	if index >= len(words) {
		return otherwise
	}
	number, err := strconv.ParseUint(words[index], 10, 64)
	if err != nil {
		s.t.Fatal(err)
	}
	return number
}

func (s *story) send(update Update, chunk, lost uint64) {
	slices.SortFunc(update.Changed, func(a, b wire.Row) int { return strings.Compare(a.Name, b.Name) })
	if update.Empty() {
		s.say("nothing to send")
	}
	sent := uint64(0)
	for message := range update.messages(int(chunk)) {
		if sent++; sent >= lost {
			s.say("→ lost")
			s.copy.DropPartial()
			return
		}
		s.say("→ %s", sketch(message))
		changes, err := apply(s.copy, message)
		if err != nil {
			s.say("error: %v", err)
		}
		for _, change := range changes {
			s.say("%s %s", change.Kind, change.Row.Name)
		}
	}
}

func sketch(message wire.Message) string {
	switch m := message.(type) {
	case wire.Snapshot:
		return fmt.Sprintf("snapshot %d: %s%s", m.Version, list(m.Rows), ellipsis(m.More))
	case wire.Delta:
		text := fmt.Sprintf("delta %d to %d: %s", m.From, m.To, list(m.Changed))
		for _, key := range m.Removed {
			text += ", without " + strings.TrimRight(strings.TrimPrefix(string(key[:]), "key of "), "\x00")
		}
		return text + ellipsis(m.More)
	}
	return "?"
}

func ellipsis(more bool) string {
	if more {
		return " …"
	}
	return ""
}

func list(rows []wire.Row) string {
	if len(rows) == 0 {
		return "nobody"
	}
	var words []string
	for _, row := range rows {
		if row.Online {
			words = append(words, row.Name+" (online)")
		} else {
			words = append(words, row.Name)
		}
	}
	return strings.Join(words, ", ")
}
