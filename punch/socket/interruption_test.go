package socket

import (
	"testing"
	"time"
)

// deadlines is a conn that only remembers its deadline.
type deadlines struct{ current time.Time }

func (d *deadlines) SetReadDeadline(t time.Time) error {
	d.current = t
	return nil
}

func TestWakingTheReaderKeepsQUICsDeadline(t *testing.T) {
	soon := time.Now().Add(time.Minute)
	for name, test := range map[string]struct {
		do    func(i *interruption)
		woken bool      // what clear reports then
		want  time.Time // the deadline after that
	}{
		"nothing happened":                {func(*interruption) {}, false, time.Time{}},
		"woken":                           {func(i *interruption) { i.raise() }, true, time.Time{}},
		"woken twice counts once":         {func(i *interruption) { i.raise(); i.raise() }, true, time.Time{}},
		"closing":                         {func(i *interruption) { i.setDeadline(soon) }, false, soon},
		"closing, then woken":             {func(i *interruption) { i.setDeadline(soon); i.raise() }, true, soon},
		"woken, then closing":             {func(i *interruption) { i.raise(); i.setDeadline(soon) }, true, soon},
		"woken, then closing came undone": {func(i *interruption) { i.raise(); i.setDeadline(soon); i.setDeadline(time.Time{}) }, true, time.Time{}},
	} {
		t.Run(name, func(t *testing.T) {
			var conn deadlines
			i := interruption{conn: &conn}
			test.do(&i)
			woken, err := i.clear()
			if err != nil || woken != test.woken || !conn.current.Equal(test.want) {
				t.Errorf("got woken %v, deadline %v, error %v; want %v, %v", woken, conn.current, err, test.woken, test.want)
			}
			if again, _ := i.clear(); again {
				t.Error("the reader is woken a second time")
			}
		})
	}
}

func TestAWokenReaderReturnsAtOnce(t *testing.T) {
	var conn deadlines
	i := interruption{conn: &conn}
	i.raise()
	if conn.current.IsZero() || conn.current.After(time.Now()) {
		t.Errorf("the deadline is %v, want one in the past", conn.current)
	}
}
