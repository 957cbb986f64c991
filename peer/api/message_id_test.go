package api_test

import (
	"testing"
	"time"

	"peerd/peer/api"
	"peerd/wire"
)

func TestDrawnMessageIDsAreThoseOfTheWire(t *testing.T) {
	now := time.Date(2026, 11, 21, 8, 0, 0, 123e6, time.UTC)
	text := api.NewMessageID(now)
	id, err := wire.ParseMessageID(text)
	if err != nil || !id.Time().Equal(now) || id.String() != text {
		t.Errorf("%s is %s of %s, error %v; want one of %s", text, id, id.Time(), err, now)
	}
	if other := api.NewMessageID(now); other == text {
		t.Error("drew the same id twice")
	}
}
