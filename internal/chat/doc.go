// Package chat is the conversation screen of peerctl chat: a terminal UI over
// the daemon's local API, for people.
//
//	 1 bob      *2 direct 18ms │bob  direct udp 198.51.100.7:4164  18ms
//	>2 nas         relay 61ms  │--- 2026-11-21 ---
//	 3 carol       offline 3h  │08:00 bob  hello
//	 4 @crew    *1 3 members   │08:01 me  are you there? [read]
//	                           │
//	──────────────────────────────────────────────────────────────────
//	F1 help  2 unread
//	> what you type▏
//
// It is built in the way of its framework: a [Model] changes only in Update, by
// messages (keys, events of the daemon, answers), and never does any I/O or
// looks at a clock there. What is to be done outside, Update returns as
// commands (effects.go), whose results are messages again. So its tests are
// stories of messages, without a terminal and without a daemon.
//
// What peers wrote passes internal/printable before it gets into a line. States
// are words, not colours: the screen says the same with NO_COLOR, in a log of
// the terminal and to a screen reader.
//
// What this package is NOT: it keeps no history and knows no state that the
// daemon does not. Closing it loses at most a draft.
package chat
