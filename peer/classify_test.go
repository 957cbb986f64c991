package peer

import (
	"context"
	"net/netip"
	"testing"
)

func newClassification(t *testing.T, address string) (*classification, context.Context) {
	ctx, cancel := context.WithCancel(t.Context())
	return &classification{address: netip.MustParseAddr(address), cancel: cancel, done: make(chan struct{})}, ctx
}

func TestOneClassificationServesAllWhoAskMeanwhile(t *testing.T) {
	var c classifier
	first, ctx := newClassification(t, "198.51.100.1")
	if before := c.begin(first); before != nil {
		t.Fatal("somebody was there before the first")
	}
	second, _ := newClassification(t, "198.51.100.1")
	if before := c.begin(second); before != first || ctx.Err() != nil {
		t.Errorf("the second was told to wait for %p, want %p, which goes on: %v", before, first, ctx.Err())
	}
	c.end(first)
	<-first.done
	third, _ := newClassification(t, "198.51.100.1")
	if before := c.begin(third); before != nil {
		t.Error("a third after the end is told to wait")
	}
}

func TestAnotherNetworkEndsTheClassificationOfTheLast(t *testing.T) {
	var c classifier
	home, ctx := newClassification(t, "198.51.100.1")
	c.begin(home)
	work, _ := newClassification(t, "198.51.100.2")
	if before := c.begin(work); before != home || ctx.Err() == nil {
		t.Errorf("waits for %p, want %p, which is cancelled: %v", before, home, ctx.Err())
	}
	c.end(home)
	if again, _ := newClassification(t, "198.51.100.2"); c.begin(again) != work {
		t.Error("the end of the old one ended the new one")
	}
}
