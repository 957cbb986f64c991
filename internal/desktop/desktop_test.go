package desktop_test

import (
	"testing"

	"peerd/internal/desktop"
	"peerd/internal/desktop/desktoptest"
)

const hostile = `<b>bold</b> <a href="http://evil.example">click</a> & <img src="file:///etc/passwd"/>`

func TestT19WhatPeersWroteIsNoMarkup(t *testing.T) {
	for name, c := range map[string]struct {
		capabilities []string
		body         string
	}{
		"escaped for a desktop that reads markup":      {[]string{"body", "body-markup"}, `&lt;b&gt;bold&lt;/b&gt; &lt;a href="http://evil.example"&gt;click&lt;/a&gt; &amp; &lt;img src="file:///etc/passwd"/&gt;`},
		"as it is for a desktop that shows plain text": {[]string{"body"}, hostile},
	} {
		t.Run(name, func(t *testing.T) {
			server := desktoptest.Start(t, c.capabilities...)
			t.Setenv("DBUS_SESSION_BUS_ADDRESS", server.Address)
			d, err := desktop.Open(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			defer d.Close()
			if err := d.Show(t.Context(), "<i>eve</i> & co", hostile); err != nil {
				t.Fatal(err)
			}
			if got, want := server.Next(), (desktoptest.Notice{Summary: "‹i›eve‹/i› ＆ co", Body: c.body}); got != want {
				t.Errorf("got  %q\nwant %q", got, want)
			}
		})
	}
}

func TestWithoutADesktopThereIsAnError(t *testing.T) {
	for name, address := range map[string]string{
		"no bus":             "unix:path=/nonexistent/bus",
		"a bus with nobody":  desktoptest.Bus(t),
		"an address of none": "nonsense",
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("DBUS_SESSION_BUS_ADDRESS", address)
			if d, err := desktop.Open(t.Context()); err == nil {
				d.Close()
				t.Error("opened")
			}
		})
	}
}
