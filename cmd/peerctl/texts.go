package main

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"strings"

	"peerd/internal/printable"
	"peerd/peer/api"
)

// texts is everything this program says to humans, in one language: english and
// chinese are the catalogues. Strings with verbs are formats; both languages
// take the same arguments.
type texts struct {
	Error, Hint string // prefixes

	Header                                []string // of the peers' table
	Me                                    string   // name, rendezvous state, its address, RTT, NAT
	Online, Offline, NoSession, NeverSeen string
	LastSeen, Queued, Comma               string
	RelayedAdvice                         string
	NotLoggedIn                           string // why
	Name, Key, Circle                     string
	CameOnline, WentOffline               string
	Pong                                  string // sequence number, peer, RTT, path
	NoMessages, NothingFound, Watching    string
	AwaitingDirect                        string // peer, timeout
	UDP, Rendezvous, Observed, Local, NAT string
	Mapped                                string
	Works, Blocked                        string

	// netcheck
	Block, Step, Drift, Lifetime, OpenerTTL string // first and last port; step; flows per second; seconds; TTL
	OwnHops, SilentHop                      string
	PortMapping, Outside                    string // protocols; address
	NotMeasured, Colon                      string

	Path            map[api.Path]string
	State           map[api.State]string
	RendezvousState map[api.RendezvousState]string
	ShortNAT        map[string]string // by mapping
	Mapping         map[string]string
	Filtering       map[string]string
	Allocation      map[string]string
	Hairpin         map[string]string
	Aspect          map[string]string // that was not measured
	GapReason       map[string]string // why
	Why             whyTexts
	Contact         contactTexts
	Archive         archiveTexts
	File            fileTexts
	Watch           watchTexts
	Message         messageTexts
	Group           groupTexts
	Classic         classicTexts
	Damage          damageTexts
	Introduce       introduceTexts

	// Failures found here.
	NotDelivered    failureText // peer, wanted state, timeout
	NotRead         failureText // peer, timeout
	NotOnline       failureText // peer, timeout
	NotDirect       failureText // peer, timeout
	OnlyRelayed     failureText // peer
	NoAnswer        failureText // peer, timeout
	DaemonSilent    failureText // timeout
	NoText          failureText // command without a text
	TextTooLong     failureText // limit in bytes
	WaitWhat        failureText // what the user wrote
	UnknownLanguage failureText // what the user wrote

	// Failures reported by the daemon, by code. They are used where the daemon's
	// own words, which are English, would not do; the argument is the subject.
	Daemon map[api.Code]failureText
}

// failureText is what went wrong and what to do next, best a command.
type failureText struct{ Cause, Next string }

// fill is fmt.Sprintf for formats that use only some of their arguments, by
// index.
func fill(format string, args ...any) string {
	if !strings.Contains(format, "%") {
		return format
	}
	return fmt.Sprintf(format, args...)
}

// word returns the text for a word of the daemon's; that of a newer daemon,
// which has none, stays as it is, made printable.
func word[W ~string](words map[W]string, w W) string {
	return cmp.Or(words[w], printable.Line(string(w)))
}

// translate returns e in this language as far as there are words for it.
func (t *texts) translate(e *api.Error) *api.Error {
	text, ok := t.Daemon[e.Code]
	if !ok || e.Subject == "" {
		return e
	}
	return failure(e.Code, text, e.Subject)
}

// localeTexts returns the catalogue for the environment's locale, by the order
// of precedence in POSIX.
func localeTexts() *texts {
	locale := cmp.Or(os.Getenv("LC_ALL"), os.Getenv("LC_MESSAGES"), os.Getenv("LANG"))
	if strings.HasPrefix(locale, "zh") {
		return &chinese
	}
	return &english
}

// languageFlag is the value of --lang.
type languageFlag struct{ app *app }

func (l *languageFlag) Set(name string) error {
	switch name {
	case "en":
		l.app.text = &english
	case "zh":
		l.app.text = &chinese
	default:
		return errors.New(fill(l.app.text.UnknownLanguage.Cause, name))
	}
	return nil
}

func (l *languageFlag) String() string { return "" }
func (l *languageFlag) Type() string   { return "LANGUAGE" }
