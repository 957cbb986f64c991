package main

import (
	"fmt"
	"net/netip"
	"regexp"

	"peerd/internal/natlab"
)

// picture draws the stage with its real addresses.
func picture(rendezvous netip.AddrPort, aliceHome, bobHome *natlab.Home, alice, bob *natlab.Host) string {
	drawing := fmt.Sprintf(`
                 rendezvous
             %[1]s
                     │ %[6]v
   ══════════════ internet ══════════════
         │ %[7]v                │ %[7]v
  ┌──────┴───────┐       ┌──────┴───────┐
  │%[2]s│       │%[3]s│   each router hides its home behind
  └──────┬───────┘       └──────┬───────┘   one address, and lets nobody in
   %[4]s         %[5]s
       alice                   bob`,
		centred(rendezvous.String(), 18), centred(aliceHome.Addr().String(), 14), centred(bobHome.Addr().String(), 14),
		centred(alice.Addr().String(), 14), centred(bob.Addr().String(), 14), vpsDelay, homeDelay)
	return trailingSpace.ReplaceAllString(drawing, "")
}

var trailingSpace = regexp.MustCompile(`(?m) +$`)

// centred pads text to width.
func centred(text string, width int) string {
	left := max(0, width-len(text)) / 2
	return fmt.Sprintf("%*s%-*s", left, "", max(0, width-left), text)
}
