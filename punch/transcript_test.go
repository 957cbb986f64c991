package punch

import (
	"bufio"
	"bytes"
	"flag"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
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
	case "introduced":
		return r.introduced(words[1:])
	case "observed": // observed SOCKET ENDPOINT
		return Observed{Socket: r.socket(words[1]), Endpoint: netip.MustParseAddrPort(words[2])}
	case "connected": // connected SOCKET
		return Connected{Socket: r.socket(words[1])}
	case "lost": // lost SOCKET
		return SocketLost{Socket: r.socket(words[1])}
	case "strayed": // strayed from ENDPOINT
		return Strayed{From: netip.MustParseAddrPort(words[2])}
	case "probe": // probe from ENDPOINT [forged] [at SOCKET]
		r.theirs++
		probe := wire.Probe{TransactionID: wire.TransactionID{byte(r.theirs)}, Session: aSession}
		return Received{
			Socket: r.at(words), From: netip.MustParseAddrPort(words[2]), Datagram: probe.Append(nil, keyFor(words[3:])),
		}
	case "reply": // reply #N from ENDPOINT [forged] [at SOCKET]
		var number int
		if _, err := fmt.Sscanf(words[1], "#%d", &number); err != nil {
			r.t.Fatal(err)
		}
		reply := wire.ProbeReply{
			TransactionID: r.probes[number-1].TransactionID,
			Session:       aSession,
			Observed:      netip.MustParseAddrPort("198.51.100.10:4000"),
		}
		return Received{
			Socket: r.at(words), From: netip.MustParseAddrPort(words[3]), Datagram: reply.Append(nil, keyFor(words[4:])),
		}
	}
	r.t.Fatalf("unknown event %q", words[0])
	return nil
}

// introduced reads what is known of an introduction:
//
//	introduced [caller] [ours WORDS] [theirs WORDS] [ttl N] fire TIME ENDPOINT[=KIND]...
//
// WORDS are those of a NAT report, joined by slashes: apdm/apdf/random.
func (r *replay) introduced(words []string) Introduced {
	var in Introduced
	for i := 0; i < len(words); i++ {
		switch words[i] {
		case "caller":
			in.Caller = true
		case "ours":
			i++
			in.Ours = r.report(words[i])
		case "theirs":
			i++
			in.Theirs = r.report(words[i])
		case "ttl":
			i++
			in.OpenerTTL = r.number(words[i])
		case "fire":
			i++
			fire, err := time.ParseDuration(words[i])
			if err != nil {
				r.t.Fatal(err)
			}
			in.FireAt = epoch.Add(fire)
		default:
			endpoint, kind, _ := strings.Cut(words[i], "=")
			in.Candidates = append(in.Candidates, Candidate{Endpoint: netip.MustParseAddrPort(endpoint), Kind: kinds[kind]})
		}
	}
	return in
}

// kinds names the kinds of candidates; an endpoint without one was observed.
var kinds = map[string]wire.CandidateKind{
	"": wire.CandidateObserved, "local": wire.CandidateLocal, "predicted": wire.CandidatePredicted,
	"mapped": wire.CandidateMapped, "tcp": wire.CandidateTCP,
}

func (r *replay) report(words string) wire.NATReport {
	reports := map[string]wire.NATReport{
		"eim/apdf":             {Mapping: wire.MappingEIM, Filtering: wire.FilteringAPDF},
		"apdm/apdf/sequential": {Mapping: wire.MappingAPDM, Filtering: wire.FilteringAPDF, Allocation: wire.AllocationSequential},
		"apdm/apdf/random":     {Mapping: wire.MappingAPDM, Filtering: wire.FilteringAPDF, Allocation: wire.AllocationRandom},
	}
	report, ok := reports[words]
	if !ok {
		r.t.Fatalf("unknown NAT report %q", words)
	}
	return report
}

// socket reads "socket2".
func (r *replay) socket(word string) SocketID {
	return SocketID(r.number(strings.TrimPrefix(word, "socket")))
}

// at returns the socket at the end of an event, 0 if there is none.
func (r *replay) at(words []string) SocketID {
	if len(words) > 2 && words[len(words)-2] == "at" {
		return r.socket(words[len(words)-1])
	}
	return 0
}

func (r *replay) number(word string) int {
	number, err := strconv.Atoi(word)
	if err != nil {
		r.t.Fatal(err)
	}
	return number
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
			return fmt.Sprintf("probe #%d %v%s%s", len(r.probes), action.To, describeSize(probe), describeSending(action))
		}
		reply, err := wire.ParseProbeReply(action.Datagram, ourKey)
		if err != nil || reply.Observed != action.To {
			r.t.Fatalf("sent neither probe nor reply: %v", err)
		}
		return fmt.Sprintf("reply %v%s", action.To, describeSending(action))
	case UsePath:
		return "use " + describePath(action.Path)
	case SendLogin:
		return fmt.Sprintf("login from socket%d", action.Socket)
	case ConnectTCP:
		return fmt.Sprintf("connect socket%d %v", action.Socket, action.To)
	case CloseSocket:
		return fmt.Sprintf("close socket%d", action.Socket)
	case RequestTalk:
		return strings.TrimSpace("request talk " + describeEndpoints(action.Predicted))
	}
	r.t.Fatalf("unknown action %T", action)
	return ""
}

func describeSize(probe wire.Probe) string {
	if probe.Full {
		return " full"
	}
	return ""
}

// describeSending says what is unusual about a datagram's way.
func describeSending(action SendDatagram) string {
	how := ""
	if action.Socket != 0 {
		how += fmt.Sprintf(" from socket%d", action.Socket)
	}
	if action.TTL != 0 {
		how += fmt.Sprintf(" ttl %d", action.TTL)
	}
	return how
}

func describeEndpoints(endpoints []netip.AddrPort) string {
	var words []string
	for _, endpoint := range endpoints {
		words = append(words, endpoint.String())
	}
	return strings.Join(words, " ")
}

func describePath(path Path) string {
	from := ""
	if path.Socket != 0 {
		from = fmt.Sprintf(" from socket%d", path.Socket)
	}
	if path.TCP {
		from += " tcp"
	}
	switch {
	case !path.IsDirect():
		return "relay"
	case path.Doubtful:
		return fmt.Sprintf("%v%s and relay", path.Direct, from)
	default:
		return fmt.Sprintf("%v%s rtt %v", path.Direct, from, path.RTT)
	}
}
