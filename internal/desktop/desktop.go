// Package desktop shows notices on the user's desktop, where there is one that
// speaks the Desktop Notifications Specification over the D-Bus session bus
// (org.freedesktop.Notifications): GNOME, KDE, Xfce, dunst, mako. It serves
// peerctl notify.
//
//	peerctl ── Notify(summary, body) ──▶ session bus ──▶ the desktop's server
//
// Whoever wrote the texts, they are shown as they are: bodies may have markup by
// the specification, so theirs is escaped for servers that read it. Making them
// printable, and deciding what is worth a notice, is the caller's.
//
// It starts no bus and no server: without them there is an error, and nothing
// happens.
package desktop

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/godbus/dbus/v5"
)

const (
	service   = "org.freedesktop.Notifications"
	path      = "/org/freedesktop/Notifications"
	methods   = service + "."
	byServer  = int32(-1) // expires when the server thinks fit
	thisApp   = "peerd"
	category  = "im.received" // of the specification
	noReplace = uint32(0)

	// answerWithin is how long the bus and the server may take. A desktop that
	// hangs must not hold up the bell.
	answerWithin = 3 * time.Second
)

// A Desktop is a connection to the session bus and what the server there can.
// Its methods are for one goroutine.
type Desktop struct {
	conn   *dbus.Conn
	markup bool // bodies are read as markup
}

// Open connects to the desktop. The caller closes it.
func Open(ctx context.Context) (*Desktop, error) {
	// Not ConnectSessionBus: it would start a bus, which nobody listens on.
	conn, err := dbus.SessionBusPrivateNoAutoStartup()
	if err != nil {
		return nil, fmt.Errorf("find the session bus: %w", err)
	}
	d := &Desktop{conn: conn}
	if err := d.begin(ctx); err != nil {
		conn.Close()
		return nil, err
	}
	return d, nil
}

func (d *Desktop) begin(ctx context.Context) error {
	// The handshake takes no context: closing ends it.
	hung := time.AfterFunc(answerWithin, func() { d.conn.Close() })
	defer hung.Stop()
	if err := d.conn.Auth(nil); err != nil {
		return fmt.Errorf("log in to the session bus: %w", err)
	}
	if err := d.conn.Hello(); err != nil {
		return fmt.Errorf("log in to the session bus: %w", err)
	}
	var capabilities []string
	if err := d.call(ctx, "GetCapabilities").Store(&capabilities); err != nil {
		return fmt.Errorf("ask the desktop what it can show: %w", err)
	}
	d.markup = slices.Contains(capabilities, "body-markup")
	return nil
}

// Show shows a notice.
func (d *Desktop) Show(ctx context.Context, summary, body string) error {
	if d.markup {
		body = markupEscaper.Replace(body)
	}
	hints := map[string]dbus.Variant{"category": dbus.MakeVariant(category)}
	call := d.call(ctx, "Notify", thisApp, noReplace, "", plainSummary.Replace(summary), body, []string{}, hints, byServer)
	if call.Err != nil {
		return fmt.Errorf("show a notice on the desktop: %w", call.Err)
	}
	return nil
}

// Close ends the connection. Notices stay.
func (d *Desktop) Close() error { return d.conn.Close() }

func (d *Desktop) call(ctx context.Context, method string, args ...any) *dbus.Call {
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	return d.conn.Object(service, path).CallWithContext(ctx, methods+method, 0, args...)
}

var (
	// markupEscaper makes a text say in markup what it says as it is.
	markupEscaper = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")
	// plainSummary is for summaries, which have no markup by the specification.
	// Servers that read them as markup all the same would obey, those that do not
	// would show escapes, so what could be markup becomes something alike.
	plainSummary = strings.NewReplacer("&", "＆", "<", "‹", ">", "›")
)
