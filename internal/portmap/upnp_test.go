package portmap

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"
)

// A testDevice grants and counts.
type testDevice struct {
	external netip.AddrPort

	mu      sync.Mutex
	fails   error
	granted int
	removed []uint16
}

// fail makes the device refuse, or not any more.
func (d *testDevice) fail(err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.fails = err
}

func (d *testDevice) grants() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.granted
}

func (d *testDevice) add(context.Context, uint16, time.Duration) (grant, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.fails != nil {
		return grant{}, d.fails
	}
	d.granted++
	return grant{testConnection{d}, d.external, 10 * time.Minute}, nil
}

// A testConnection removes the mappings of a testDevice.
type testConnection struct{ *testDevice }

func (c testConnection) AddPortMappingCtx(
	context.Context, string, uint16, string, uint16, string, bool, string, uint32,
) error {
	return errors.ErrUnsupported
}

func (c testConnection) DeletePortMappingCtx(_ context.Context, _ string, port uint16, _ string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.removed = append(c.removed, port)
	return nil
}

func (c testConnection) GetExternalIPAddressCtx(context.Context) (string, error) {
	return "", errors.ErrUnsupported
}

// keepUPnP runs a upnp for a story about d, which runs in a bubble.
func keepUPnP(t *testing.T, d *testDevice, announcements <-chan []byte, story func(*reportLog)) *reportLog {
	reports := reportLog{start: time.Now()}
	u := &upnp{
		discover: func(context.Context) (device, error) { return d, nil },
		wanted:   40_000, lifetime: 10 * time.Minute, random: func() float64 { return 0.5 },
		log: zerolog.Nop(), report: reports.add,
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		u.keep(ctx, announcements)
	}()
	story(&reports)
	cancel()
	<-done
	return &reports
}

func TestUPnPMappingIsRenewedAndRemoved(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &testDevice{external: testExternal}
		reports := keepUPnP(t, d, nil, func(*reportLog) { time.Sleep(time.Hour) })
		if want := []report{{0, testExternal}, {time.Hour, lost}}; !slices.Equal(reports.all, want) {
			t.Errorf("reported %v, want %v", reports.all, want)
		}
		if n := d.grants(); n != 11 { // every 9/16 of 10 min
			t.Errorf("asked %d times in an hour, want 11", n)
		}
		if want := []uint16{testExternal.Port()}; !slices.Equal(d.removed, want) {
			t.Errorf("removed %v, want %v", d.removed, want)
		}
	})
}

func TestUPnPMappingThatCannotBeRenewedIsLostWhenItExpires(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &testDevice{external: testExternal}
		reports := keepUPnP(t, d, nil, func(*reportLog) {
			time.Sleep(time.Minute)
			synctest.Wait()
			d.fail(refusal{UPnP, 501})
			time.Sleep(time.Hour)
			synctest.Wait()
			d.fail(nil)
			time.Sleep(maxTimeout * 2)
		})
		if len(reports.all) != 4 || reports.all[1] != (report{10 * time.Minute, lost}) || reports.all[2].external != testExternal {
			t.Errorf("reported %v, want the loss after 10 m, then the mapping again", reports.all)
		}
	})
}

func TestUPnPIsLookedForEverMoreRarely(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		searches := 0
		u := &upnp{
			discover: func(context.Context) (device, error) { searches++; return nil, errNoDevice },
			lifetime: time.Minute, random: func() float64 { return 0.5 }, log: zerolog.Nop(),
		}
		ctx, cancel := context.WithTimeout(t.Context(), 24*time.Hour)
		defer cancel()
		u.keep(ctx, nil)
		if searches < 20 || searches > 100 {
			t.Errorf("%d searches in a day", searches)
		}
	})
}

func TestUPnPMappingIsMadeAnewOnAnnouncement(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		announcements := make(chan []byte, announcementBacklog)
		d := &testDevice{external: testExternal}
		keepUPnP(t, d, announcements, func(*reportLog) {
			time.Sleep(time.Minute)
			for range announcementBacklog {
				announcements <- nil
			}
			synctest.Wait()
			if n := d.grants(); n != 2 {
				t.Errorf("asked %d times right after an announcement, want 2", n)
			}
			time.Sleep(refreshSpacing)
			synctest.Wait()
			if n := d.grants(); n != 3 {
				t.Errorf("asked %d times within %v of a burst, want 3", n, refreshSpacing)
			}
		})
	})
}
