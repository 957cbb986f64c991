package punch

import (
	"bufio"
	"bytes"
	"flag"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"peerd/wire"
)

var update = flag.Bool("update", false, "rewrite the transcripts in testdata: read the diff and understand every line before you commit it")

// TestTranscripts replays the stories in testdata. A line that begins with a
// time is an event; the indented lines below it are what the engine does about
// it, and when it wants to be woken next.
//
//	50ms tick
//	  probe #1 203.0.113.20:4000
//	  wake 70ms
func TestTranscripts(t *testing.T) {
	stories, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(stories) == 0 {
		t.Fatalf("find transcripts: %v (%d found)", err, len(stories))
	}
	for _, story := range stories {
		t.Run(strings.TrimSuffix(filepath.Base(story), ".txt"), func(t *testing.T) {
			want, err := os.ReadFile(story)
			if err != nil {
				t.Fatal(err)
			}
			got := newReplay(t).run(want)
			if *update {
				if err := os.WriteFile(story, got, 0o644); err != nil {
					t.Fatal(err)
				}
			} else if !bytes.Equal(got, want) {
				t.Errorf("transcript differs, got:\n%s", got)
			}
		})
	}
}

// replay drives one engine through a transcript. Times count from epoch.
type replay struct {
	t      *testing.T
	engine *Engine
	probes []wire.Probe // the probes the engine has sent; #1 is the first
	theirs uint64       // transaction ids of the peer's probes
	out    bytes.Buffer
}

var (
	epoch     = time.Unix(1_000_000, 0)
	ourKey    = wire.ProbeKey{1}
	peerKey   = wire.ProbeKey{2}
	aSession  = wire.SessionID{3}
	ourConfig = Config{Session: aSession, SendKey: ourKey, ReceiveKey: peerKey}
)

func newReplay(t *testing.T) *replay { return &replay{t: t, engine: New(ourConfig)} }

func (r *replay) run(script []byte) []byte {
	lines := bufio.NewScanner(bytes.NewReader(script))
	for lines.Scan() {
		line := lines.Text()
		if strings.HasPrefix(line, "  ") {
			continue // of the last run
		}
		fmt.Fprintln(&r.out, line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		fields := strings.Fields(line)
		at, err := time.ParseDuration(fields[0])
		if err != nil {
			r.t.Fatalf("line %q: %v", line, err)
		}
		now := epoch.Add(at)
		for _, action := range r.engine.Step(now, r.event(fields[1:])) {
			fmt.Fprintf(&r.out, "  %s\n", r.describe(action))
		}
		if wake := r.engine.Wake(); !wake.IsZero() {
			fmt.Fprintf(&r.out, "  wake %v\n", wake.Sub(epoch))
		}
	}
	return r.out.Bytes()
}

func (r *replay) event(words []string) Event {
	switch words[0] {
	case "tick":
		return Tick{}
	case "sent":
		return Sent{}
	case "moved":
		return Moved{}
	case "introduced": // introduced fire TIME ENDPOINT...
		fire, err := time.ParseDuration(words[2])
		if err != nil {
			r.t.Fatal(err)
		}
		event := Introduced{FireAt: epoch.Add(fire)}
		for _, word := range words[3:] {
			event.Candidates = append(event.Candidates, Candidate{Endpoint: netip.MustParseAddrPort(word), Kind: wire.CandidateObserved})
		}
		return event
	case "probe": // probe from ENDPOINT [forged]
		r.theirs++
		probe := wire.Probe{TransactionID: wire.TransactionID{byte(r.theirs)}, Session: aSession}
		return Received{From: netip.MustParseAddrPort(words[2]), Datagram: probe.Append(nil, keyFor(words[3:]))}
	case "reply": // reply #N from ENDPOINT [forged]
		var number int
		if _, err := fmt.Sscanf(words[1], "#%d", &number); err != nil {
			r.t.Fatal(err)
		}
		reply := wire.ProbeReply{
			TransactionID: r.probes[number-1].TransactionID,
			Session:       aSession,
			Observed:      netip.MustParseAddrPort("198.51.100.10:4000"),
		}
		return Received{From: netip.MustParseAddrPort(words[3]), Datagram: reply.Append(nil, keyFor(words[4:]))}
	}
	r.t.Fatalf("unknown event %q", words[0])
	return nil
}

func keyFor(words []string) wire.ProbeKey {
	if len(words) > 0 && words[0] == "forged" {
		return wire.ProbeKey{66}
	}
	return peerKey
}

func (r *replay) describe(action Action) string {
	switch action := action.(type) {
	case SendDatagram:
		if probe, err := wire.ParseProbe(action.Datagram, ourKey); err == nil {
			r.probes = append(r.probes, probe)
			return fmt.Sprintf("probe #%d %v", len(r.probes), action.To)
		}
		reply, err := wire.ParseProbeReply(action.Datagram, ourKey)
		if err != nil || reply.Observed != action.To {
			r.t.Fatalf("sent neither probe nor reply: %v", err)
		}
		return fmt.Sprintf("reply %v", action.To)
	case UsePath:
		return "use " + describePath(action.Path)
	case RequestTalk:
		return "request talk"
	}
	r.t.Fatalf("unknown action %T", action)
	return ""
}

func describePath(path Path) string {
	switch {
	case !path.IsDirect():
		return "relay"
	case path.Doubtful:
		return fmt.Sprintf("%v and relay", path.Direct)
	default:
		return fmt.Sprintf("%v rtt %v", path.Direct, path.RTT)
	}
}
