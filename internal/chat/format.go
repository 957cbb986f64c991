package chat

import (
	"fmt"
	"time"

	"peerd/peer/api"
)

// fill is fmt.Sprintf under the name that the catalogues of texts use.
func fill(format string, args ...any) string { return fmt.Sprintf(format, args...) }

// roundTrip is a measured time in few columns; nothing when there is none.
func roundTrip(rtt api.Milliseconds) string {
	if rtt <= 0 {
		return ""
	}
	return fmt.Sprintf("%dms", max(1, time.Duration(rtt).Round(time.Millisecond).Milliseconds()))
}

// age is how long ago something was, in its largest unit.
func age(since time.Duration) string {
	switch {
	case since < time.Minute:
		return "<1m"
	case since < time.Hour:
		return fmt.Sprintf("%dm", int(since.Minutes()))
	case since < 48*time.Hour:
		return fmt.Sprintf("%dh", int(since.Hours()))
	}
	return fmt.Sprintf("%dd", int(since.Hours()/24))
}
