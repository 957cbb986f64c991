package wire

import (
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestMessageIDsSortByTime(t *testing.T) {
	var ids []string
	for i := range 50 {
		id := NewMessageID(exampleTime.Add(time.Duration(i)*time.Millisecond), [10]byte{byte(0xff - i)})
		ids = append(ids, string(id[:]))
	}
	if !slices.IsSorted(ids) {
		t.Errorf("out of order: %x", ids)
	}
}

func TestMessageIDHasOneTextForm(t *testing.T) {
	text := exampleMessageID.String()
	if id, err := ParseMessageID(text); err != nil || id != exampleMessageID {
		t.Fatalf("parsed %v, %v", id, err)
	}
	for _, other := range []string{"", text[:25], text + "a", strings.ToUpper(text), text[:25] + "\n", text[:25] + "b"} {
		if id, err := ParseMessageID(other); err == nil {
			t.Errorf("%q is parsed as %v", other, id)
		}
	}
	quoted, err := json.Marshal(exampleMessageID)
	var back MessageID
	if err != nil || json.Unmarshal(quoted, &back) != nil || back != exampleMessageID {
		t.Errorf("%s came back as %v, %v", quoted, back, err)
	}
}

type messageIDVector struct {
	Time   time.Time `json:"time"`
	Random string    `json:"random"`
	ID     string    `json:"id"`
	Text   string    `json:"text"`
}

func TestMessageIDVectors(t *testing.T) {
	if *update {
		writeTestdata(t, "message_id", []messageIDVector{{
			exampleTime, hex.EncodeToString(exampleMessageID[6:]), hex.EncodeToString(exampleMessageID[:]), exampleMessageID.String(),
		}})
	}
	var vectors []messageIDVector
	readTestdata(t, "message_id", &vectors)
	for _, v := range vectors {
		id := NewMessageID(v.Time, [10]byte(unhex(t, v.Random)))
		if hex.EncodeToString(id[:]) != v.ID || id.String() != v.Text {
			t.Errorf("id is %x, %v, want %s, %s", id, id, v.ID, v.Text)
		}
		if want := v.Time.Truncate(time.Millisecond); !id.Time().Equal(want) {
			t.Errorf("time is %v, want %v", id.Time(), want)
		}
	}
	if !(MessageID{}).IsZero() || exampleMessageID.IsZero() {
		t.Error("only the zero id is zero")
	}
}

func FuzzParseMessageID(f *testing.F) {
	f.Add(exampleMessageID.String())
	f.Fuzz(func(t *testing.T, text string) {
		if id, err := ParseMessageID(text); err == nil && id.String() != text {
			t.Errorf("%q is another text of %v", text, id)
		}
		if id, err := ParseGroupID(text); err == nil && id.String() != text {
			t.Errorf("%q is another text of %v", text, id)
		}
	})
}
