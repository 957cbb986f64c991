package rendezvous

import (
	"net/netip"
	"slices"
	"sync"

	"peerd/wire"
)

// familiarSources are those where members have been logged in since the start, the
// last few of each. In a flood of strangers, who comes from there is served first.
// It is in memory only: where members live is not for a disk. Safe for concurrent use.
type familiarSources struct {
	mu    sync.Mutex
	of    map[wire.Key][]netip.Prefix // the latest last
	count map[netip.Prefix]int        // how many members each is familiar from
}

func newFamiliarSources() *familiarSources {
	return &familiarSources{of: map[wire.Key][]netip.Prefix{}, count: map[netip.Prefix]int{}}
}

// note remembers where a member is logged in.
func (f *familiarSources) note(key wire.Key, source netip.Prefix) {
	f.mu.Lock()
	defer f.mu.Unlock()
	had := f.of[key]
	if i := slices.Index(had, source); i >= 0 {
		had = slices.Delete(had, i, i+1)
	} else {
		f.count[source]++
	}
	had = append(had, source)
	if len(had) > maxFamiliarPerKey {
		f.uncount(had[0])
		had = slices.Delete(had, 0, 1)
	}
	f.of[key] = had
}

// forget forgets where a member was logged in that is none any more.
func (f *familiarSources) forget(key wire.Key) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, source := range f.of[key] {
		f.uncount(source)
	}
	delete(f.of, key)
}

func (f *familiarSources) uncount(source netip.Prefix) {
	if f.count[source]--; f.count[source] == 0 {
		delete(f.count, source)
	}
}

// has reports whether a member has been logged in from source lately.
func (f *familiarSources) has(source netip.Prefix) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.count[source] > 0
}
