package store

import (
	"errors"
	"strings"
	"testing"
	"time"

	"peerd/wire"
)

func TestAMessageIsFoundByPartsOfItsID(t *testing.T) {
	s := openTest(t)
	ours := wire.NewMessageID(noon, [10]byte{1, 2, 3, 4, 5, 6, 7, 8, 9, 10})
	same := wire.NewMessageID(noon.Add(time.Millisecond), [10]byte{1, 2, 3, 4, 5, 6, 0x17, 8, 9, 10}) // a neighbour in time, and with the same end
	far := wire.NewMessageID(noon.AddDate(1, 0, 0), [10]byte{9: 77})
	hidden := wire.NewMessageID(noon.AddDate(2, 0, 0), [10]byte{9: 99})
	acceptAll(t, s, Draft{To: bob, ID: ours, Kind: wire.KindText, Body: "ours"})
	acceptAll(t, s, Draft{To: bob, ID: same, Kind: wire.KindText, Body: "same"})
	acceptAll(t, s, Draft{To: bob, ID: hidden, Kind: 200, Hidden: true})
	_, _, err := s.Receive(t.Context(), bob, Incoming{ID: far, Seq: 1, SentAt: noon, Kind: wire.KindText, Body: "far"}, noon, "direct")
	check(t, err)

	part := func(id wire.MessageID, from, to int) string { return id.String()[from:to] }
	for name, test := range map[string]struct {
		reference string
		want      string
		err       error
	}{
		"whole":                    {part(ours, 0, 26), "ours", nil},
		"its end":                  {part(far, 20, 26), "far", nil},
		"its beginning":            {part(far, 0, 6), "far", nil},
		"capitals":                 {strings.ToUpper(part(far, 20, 26)), "far", nil},
		"all but one from the end": {part(ours, 1, 26), "ours", nil},
		"all but one":              {part(same, 0, 25), "same", nil},
		"the time of two":          {part(ours, 0, 6), "", ErrAmbiguous},
		"the end of two":           {part(ours, 20, 26), "", ErrAmbiguous},
		"more of the end":          {part(ours, 18, 26), "ours", nil},
		"too little":               {part(far, 21, 26), "", ErrNotFound},
		"the middle":               {part(far, 12, 20), "", ErrNotFound},
		"no base32":                {"018!=*", "", ErrNotFound},
		"too much":                 {part(far, 0, 26) + "a", "", ErrNotFound},
		"what is not shown":        {part(hidden, 20, 26), "", ErrNotFound},
		"nobody's":                 {"abcdef", "", ErrNotFound},
	} {
		t.Run(name, func(t *testing.T) {
			m, err := s.FindMessage(t.Context(), test.reference)
			if m.Body != test.want || !errors.Is(err, test.err) || (err == nil) != (test.err == nil) {
				t.Errorf("%s finds %q, %v, want %q, %v", test.reference, m.Body, err, test.want, test.err)
			}
		})
	}
}

func TestTheLastTextIsOurNewest(t *testing.T) {
	s := openTest(t)
	if _, err := s.LastText(t.Context()); !errors.Is(err, ErrNotFound) {
		t.Errorf("without one the error is %v", err)
	}
	accept(t, s, bob, "one")
	accept(t, s, carol, "two")
	acceptAll(t, s, Draft{To: bob, ID: newID(), Kind: 200, Body: "an item that is shown"})
	receive(t, s, bob, 1, "three")
	if m, err := s.LastText(t.Context()); err != nil || m.Body != "two" {
		t.Errorf("the last text is %q, %v", m.Body, err)
	}
}

func acceptAll(t *testing.T, s *Store, drafts ...Draft) []Message {
	t.Helper()
	accepted, err := s.AcceptAll(t.Context(), noon, drafts...)
	check(t, err)
	return accepted
}

func TestAMessageIsFoundWithoutReadingTheTexts(t *testing.T) {
	s := openTest(t)
	plan := explain(t, s, candidatesStatement, []byte{1}, []byte{2}, -3, []byte{1, 2, 3})
	for step := range strings.Lines(plan) {
		if strings.Contains(step, "SCAN") && !strings.Contains(step, "COVERING INDEX") {
			t.Errorf("reads the whole history:\n%s", plan)
		}
	}
}
