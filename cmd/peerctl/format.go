package main

import (
	"fmt"
	"net/netip"
	"strings"
	"time"

	"peerd/peer/api"
)

// unmeasured stands for a value there is none of.
const unmeasured = "-"

// duration returns a measured time with the precision people read: 7.5ms, 18ms,
// 4.2s.
func duration(m api.Milliseconds) string {
	d := time.Duration(m)
	switch {
	case d <= 0:
		return unmeasured
	case d < 10*time.Millisecond:
		return fmt.Sprintf("%.1fms", d.Seconds()*1000)
	case d < time.Second:
		return fmt.Sprintf("%.0fms", d.Seconds()*1000)
	default:
		return fmt.Sprintf("%.1fs", d.Seconds())
	}
}

// age returns how long ago something was, in its largest unit: 5s, 12m, 3h, 2d.
func age(since time.Duration) string {
	switch {
	case since < time.Minute:
		return fmt.Sprintf("%ds", max(0, int(since.Seconds())))
	case since < time.Hour:
		return fmt.Sprintf("%dm", int(since.Minutes()))
	case since < 48*time.Hour:
		return fmt.Sprintf("%dh", int(since.Hours()))
	default:
		return fmt.Sprintf("%dd", int(since.Hours()/24))
	}
}

// instant returns t on the user's clock.
func instant(t api.Time) string { return t.Local().Format(time.DateTime) }

// path describes a path: direct udp 198.51.100.7:4164.
func (t *texts) path(path api.Path, transport api.Transport, endpoint netip.AddrPort) string {
	words := []string{word(t.Path, path)}
	if path == api.PathNone {
		return words[0]
	}
	if transport != "" {
		words = append(words, string(transport))
	}
	if endpoint.IsValid() {
		words = append(words, endpoint.String())
	}
	return strings.Join(words, " ")
}
