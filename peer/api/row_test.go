package api_test

import (
	"bytes"
	"encoding/json"
	"testing"
	"time"

	"peerd/peer/api"
	"peerd/peer/api/apitest"
)

// The rows are a contract that scripts rely on: names, order of the first field
// and form of the values, byte for byte.
func TestRowsHaveTheContractsFields(t *testing.T) {
	daemon := apitest.Circle()
	peer, _ := daemon.Connect(t.Context(), "bob")
	ping, _ := daemon.Ping(t.Context(), "bob")
	for name, c := range map[string]struct {
		row  any
		want string
	}{
		"status":   {apitest.Alice(), `{"v":1,"name":"alice","key":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa","circle":"home","rendezvous":{"addr":"vps1.example:7700","state":"online","rtt_ms":12.345,"transport":"udp"},"nat":{"mapping":"apdm","filtering":"apdf","allocation":"random","observed":"203.0.113.5:40001","local":["192.168.1.20:40001"]},"udp":true}`},
		"peers":    {peer, `{"v":1,"name":"bob","key":"bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb","online":true,"path":"direct","transport":"udp","endpoint":"198.51.100.7:4164","rtt_ms":18.204,"unread":0,"queued":0,"pinned":true,"verified":false,"blocked":false}`},
		"send":     {api.Sent{ID: "id", To: "bob", State: api.StateDelivered, Path: api.PathDirect, Elapsed: apitest.DeliveredAfter}, `{"v":1,"id":"id","to":"bob","state":"delivered","path":"direct","elapsed_ms":21.400}`},
		"message":  {api.Message{ID: "id", From: "bob", FromKey: "k", To: "alice", Text: "<hi> & 你好", SentAt: apitest.Epoch, ReceivedAt: apitest.Epoch, Path: api.PathRelay}, `{"v":1,"type":"message","id":"id","from":"bob","from_key":"k","to":"alice","text":"\u003chi\u003e \u0026 你好","sent_at":"2026-11-21T08:00:00.123456789Z","received_at":"2026-11-21T08:00:00.123456789Z","path":"relay"}`},
		"presence": {api.Presence{Name: "bob", Key: "k", Online: true, At: apitest.Epoch}, `{"v":1,"type":"presence","name":"bob","key":"k","online":true,"at":"2026-11-21T08:00:00.123456789Z"}`},
		"path":     {api.PathChange{Peer: "bob", Path: api.PathNone, At: apitest.Epoch}, `{"v":1,"type":"path","peer":"bob","path":"none","transport":"","endpoint":"","rtt_ms":0.000,"at":"2026-11-21T08:00:00.123456789Z"}`},
		"ping":     {ping, `{"v":1,"seq":0,"peer":"bob","path":"direct","transport":"udp","endpoint":"198.51.100.7:4164","rtt_ms":18.204}`},
	} {
		t.Run(name, func(t *testing.T) {
			var line bytes.Buffer
			if err := api.WriteRow(&line, c.row); err != nil {
				t.Fatal(err)
			}
			if got := line.String(); got != c.want+"\n" {
				t.Errorf("got  %swant %s", got, c.want)
			}
		})
	}
}

func TestATimeKeepsItsNanosecondsAndIsUTC(t *testing.T) {
	noon := time.Date(2026, 1, 2, 12, 0, 0, 0, time.FixedZone("", 8*3600))
	got, err := json.Marshal(api.At(noon))
	if want := `"2026-01-02T04:00:00.000000000Z"`; string(got) != want || err != nil {
		t.Errorf("got %s, %v; want %s", got, err, want)
	}
}

func TestNoEndpointsAreAnEmptyList(t *testing.T) {
	got, err := json.Marshal(api.Why{})
	if err != nil || bytes.Contains(got, []byte("null")) {
		t.Errorf("got %s, %v", got, err)
	}
}

func TestARowOfAnotherVersionIsRefused(t *testing.T) {
	var peer api.Peer
	if err := json.Unmarshal([]byte(`{"v":2}`), &peer); err == nil {
		t.Error("version 2 was taken for version 1")
	}
}

func TestStatesComeInOrder(t *testing.T) {
	order := []api.State{api.StateQueued, api.StateSent, api.StateDelivered, api.StateRead}
	for i, s := range order {
		for j, wanted := range order {
			if got := s.Reached(wanted); got != (i >= j) {
				t.Errorf("%s reached %s: %v", s, wanted, got)
			}
		}
	}
	if s, err := api.ParseState("stored"); s != api.StateQueued || err != nil {
		t.Errorf("stored is %q, %v", s, err)
	}
	if _, err := api.ParseState("lost"); err == nil {
		t.Error("a state nobody knows was parsed")
	}
}

func TestFindPeer(t *testing.T) {
	peers := []api.Peer{{Name: "bob", Key: "kb"}, {Name: "carol", Key: "kc"}}
	for _, ref := range []string{"carol", "kc"} {
		if p, err := api.FindPeer(peers, ref); p.Name != "carol" || err != nil {
			t.Errorf("FindPeer(%q) = %+v, %v", ref, p, err)
		}
	}
	_, err := api.FindPeer(peers, "k")
	wantCode(t, err, api.CodeNoSuchPeer)
}
