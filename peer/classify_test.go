package peer

import (
	"context"
	"net/netip"
	"testing"
	"time"

	"peerd/punch/natcheck"
	"peerd/wire"
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

func TestWhatWasNotMeasuredStaysKnown(t *testing.T) {
	before := wire.NATReport{
		Mapping: wire.MappingAPDM, Filtering: wire.FilteringADF,
		Allocation: wire.AllocationBlock, FirstPort: 2000, LastPort: 2999, Lifetime: time.Minute,
	}
	for _, test := range []struct {
		name          string
		now, combined wire.NATReport
	}{
		{"nothing was measured", wire.NATReport{}, before},
		{"the mapping is another one", wire.NATReport{Mapping: wire.MappingADM}, wire.NATReport{
			Mapping: wire.MappingADM, Filtering: wire.FilteringADF,
			Allocation: wire.AllocationBlock, FirstPort: 2000, LastPort: 2999, Lifetime: time.Minute,
		}},
		{"the allocation is another one", wire.NATReport{Allocation: wire.AllocationRandom}, wire.NATReport{
			Mapping: wire.MappingAPDM, Filtering: wire.FilteringADF, Allocation: wire.AllocationRandom, Lifetime: time.Minute,
		}},
		{"there is no NAT any more", wire.NATReport{Mapping: wire.MappingNone}, wire.NATReport{
			Mapping: wire.MappingNone, Filtering: wire.FilteringADF, Lifetime: time.Minute,
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := completed(natcheck.Result{Report: test.now}, before); got != test.combined {
				t.Errorf("got %+v, want %+v", got, test.combined)
			}
		})
	}
}

func TestADMIsNotForgottenWhileTheOtherAddressIsBanned(t *testing.T) {
	silent := natcheck.Gap{Aspect: natcheck.Mapping, Reason: natcheck.OtherAddressSilent}
	now := natcheck.Result{Report: wire.NATReport{Mapping: wire.MappingEIM}, NotMeasured: []natcheck.Gap{silent}}
	for before, want := range map[wire.Mapping]wire.Mapping{
		wire.MappingADM:     wire.MappingADM,
		wire.MappingAPDM:    wire.MappingEIM, // the other port tells those two apart
		wire.MappingUnknown: wire.MappingEIM,
	} {
		if got := completed(now, wire.NATReport{Mapping: before}).Mapping; got != want {
			t.Errorf("%v before: now %v, want %v", before, got, want)
		}
	}
}
