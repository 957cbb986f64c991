package portmap

import "time"

// An epoch is what a router last told of its age: the seconds since its table
// was empty. The zero value has not been told.
type epoch struct {
	at    time.Time
	value uint32
}

// observe notes the age told now and reports whether the router has lost its
// table since the last time: its clock went backwards, or not at the speed of
// ours (RFC 6887 section 8.5, which RFC 6886 section 3.6 agrees with).
func (e *epoch) observe(now time.Time, value uint32) (lost bool) {
	last := *e
	*e = epoch{now, value}
	if last.at.IsZero() {
		return false
	}
	ours, theirs := int64(now.Sub(last.at)/time.Second), int64(value)-int64(last.value)
	return theirs < -1 ||
		ours+2 < theirs-theirs/16 ||
		theirs+2 < ours-ours/16
}
