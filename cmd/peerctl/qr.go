package main

import (
	"fmt"
	"os"
	"strings"

	"rsc.io/qr"
)

// quietZone is how many light modules are around a code: ISO/IEC 18004 asks for four.
const quietZone = 4

// qrLines draws text as a QR code, two rows of modules to a line. With colours it is
// black on white whatever the terminal's are; without, light modules are drawn and dark
// ones are not, which is right on a dark terminal.
func qrLines(text string, colours bool) ([]string, error) {
	code, err := qr.Encode(text, qr.L) // a screen has no scratches
	if err != nil {
		return nil, fmt.Errorf("draw a QR code: %w", err)
	}
	var lines []string
	for y := -quietZone; y < code.Size+quietZone; y += 2 {
		var line strings.Builder
		for x := -quietZone; x < code.Size+quietZone; x++ {
			upper, lower := code.Black(x, y), code.Black(x, y+1)
			if !colours {
				upper, lower = !upper, !lower && y+1 < code.Size+quietZone
			}
			line.WriteString(halfBlock(upper, lower))
		}
		if colours {
			lines = append(lines, "\x1b[30;107m"+line.String()+"\x1b[0m")
		} else {
			lines = append(lines, line.String())
		}
	}
	return lines, nil
}

// halfBlock is the character with these halves drawn.
func halfBlock(upper, lower bool) string {
	switch {
	case upper && lower:
		return "█"
	case upper:
		return "▀"
	case lower:
		return "▄"
	}
	return " "
}

// coloured reports whether standard output is a terminal whose user has nothing
// against colours (no-color.org).
func (a *app) coloured() bool {
	return isTerminal(a.out) && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
}
