package main

import (
	"strings"
	"testing"

	"peerd/peer/api"
)

func from(name, text string) api.Message { return api.Message{From: name, FromKey: name, Text: text} }

func in(group, name, text string) api.Message {
	m := from(name, text)
	m.Group = group
	return m
}

func TestMessagesThatArriveTogetherAreOneNotice(t *testing.T) {
	burst := make([]api.Message, 50)
	for i := range burst {
		burst[i] = from("bob", "again")
	}
	many := []api.Message{from("a", ""), from("b", ""), from("c", ""), from("d", ""), from("e", ""), from("f", "")}
	for name, c := range map[string]struct {
		messages []api.Message
		level    privacy
		want     notice
	}{
		"one":                       {[]api.Message{from("bob", "hello")}, tellAll, notice{"bob", "hello"}},
		"a burst":                   {burst, tellAll, notice{"bob (50 new messages)", "again"}},
		"a burst, private":          {burst, hideText, notice{"bob", "50 new messages"}},
		"one, private":              {[]api.Message{from("bob", "hello")}, hideText, notice{"bob", "1 new message"}},
		"one, sender hidden":        {[]api.Message{from("bob", "hello")}, hideSender, notice{"peerd", "1 new message"}},
		"of two":                    {[]api.Message{from("bob", "x"), from("nas", "y"), from("bob", "z")}, tellAll, notice{"3 new messages", "bob (2), nas (1)"}},
		"of many":                   {many, hideText, notice{"6 new messages", "a (1), b (1), c (1), d (1), e (1), ..."}},
		"in a group":                {[]api.Message{in("@crew", "bob", "ahoy")}, tellAll, notice{"bob in @crew", "ahoy"}},
		"in a group, sender hidden": {[]api.Message{in("@crew", "bob", "ahoy")}, hideSender, notice{"peerd", "1 new message"}},
		"of the classic protocol":   {[]api.Message{{From: "classic/dave", ClassicMark: api.MarkClassic(), Text: "hi"}}, tellAll, notice{"classic/dave (unverified, unencrypted)", "hi"}},
		"hostile":                   {[]api.Message{from("b\x1b[2Job", "a\x07\u202eb\nc")}, tellAll, notice{`b\x1b[2Job`, `a\x07\u202eb` + "\nc"}},
		"long":                      {[]api.Message{from("bob", strings.Repeat("长", 1000))}, tellAll, notice{"bob", strings.Repeat("长", 200) + "..."}},
	} {
		t.Run(name, func(t *testing.T) {
			if got := english.compose(c.messages, c.level); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}
