package socket

import (
	"slices"
	"time"

	"peerd/punch"
)

// Search is how a session's look for a direct path stands, for people.
type Search struct {
	// Attempts are what was tried since the last introduction that began anew.
	Attempts []punch.Attempt
	// LeftOut is what the last introductions named and is not probed, the latest
	// first; at most wire.MaxCandidates.
	LeftOut []LeftOut
	// Warnings are what is odd about the session, as far as its packets tell.
	Warnings []punch.Warning
	// Running is set while the search is under way.
	Running bool
	// Next is when the session wants to be introduced again, if it is still on
	// the relay then and has data to send; zero when it does not.
	Next time.Time
}

// Search returns how the look for a direct path stands.
func (x *Session) Search() Search {
	x.mu.Lock()
	defer x.mu.Unlock()
	search := Search{
		Attempts: x.engine.Ledger(),
		LeftOut:  slices.Clone(x.leftOut),
		Warnings: x.engine.Warnings(),
		Running:  x.engine.Searching(time.Now()),
		Next:     x.engine.NextTalk(),
	}
	if n := int(x.heldBack.Load()); n > 0 {
		search.Warnings = append(search.Warnings, punch.Warning{Code: punch.WarningHeldBack, Count: n})
	}
	return search
}
