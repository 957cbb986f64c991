package apitest

import (
	"context"
	"fmt"
	"io"
	"iter"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"time"

	"peerd/peer/api"
)

// Marker is the harmless part of [Attack]: it shows that a string was shown.
const Marker = "Marker"

// Forged is how a line begins that only an attack can have made.
const Forged = "error: forged"

// Attack is a string with all that has ever steered a terminal, a shell's line editor
// or a reader of logs, in one: clipboard, window title, notice, clearing, colours,
// answers as if typed, overwriting, C1 as a character and as a raw byte, bidi,
// invisible text, lines of its own, and what is markup elsewhere.
var Attack = Marker + strings.Join([]string{
	"\x1b]52;c;aGk=\x07", "\x1b]0;title\x1b\\", "\x1b]9;notice\x07", "\x1b]777;notify;a;b\x07", "\x1b]8;;http://evil.example\x1b\\",
	"\x1b[2J", "\x1b[31m", "\x1b[6n", "\x1bP$qm\x1b\\", "\x1bc", "over\rwrite", "back\b\b\b", "bell\a", "tab\t", "feed\v\f",
	"\u009b2J", "\u009d52;c;aGk=\u009c", "\u0085", "\x9b2J", "\xff\xfe", "\x7f", "\x00",
	"\u202e\u202d\u202a\u202b\u202c", "\u2066\u2067\u2068\u2069", "\u200e\u200f\u061c",
	"\u200b\u2060\ufeff\u00ad", "\U000e0041\U000e007f", "\u2028\u2029", "\n" + Forged, "\r\n" + Forged,
	"<b>&amp;</b><script>", "$(touch pwned)`touch pwned`; touch pwned", "%s%n%d",
}, "")

// A Hostile is an api.Backend that has Attack in every string of every answer. Fields
// are found by reflection, so that new ones need no thought.
type Hostile struct {
	// Word chooses the value of a string type that has a set of words, such as
	// [api.State], so that what depends on it is shown too; false is for Attack.
	Word func(reflect.Type) (string, bool)
	// Flag is the value of every bool.
	Flag bool
	// Fail, if not empty, is the code with which every request fails.
	Fail api.Code
}

var _ api.Backend = (*Hostile)(nil)

// answer returns a row in which every field has a value.
func answer[T any](h *Hostile) (row T, err error) {
	if h.Fail != "" {
		return row, h.failure()
	}
	h.fill(reflect.ValueOf(&row).Elem())
	return row, nil
}

func answers[T any](h *Hostile) ([]T, error) {
	row, err := answer[T](h)
	if err != nil {
		return nil, err
	}
	return []T{row}, nil
}

// done is the outcome of what has no answer.
func (h *Hostile) done() error {
	if h.Fail != "" {
		return h.failure()
	}
	return nil
}

func (h *Hostile) failure() error {
	return &api.Error{Code: h.Fail, Message: Attack, Hint: Attack, Subject: Attack}
}

func (h *Hostile) fill(v reflect.Value) {
	switch v.Interface().(type) {
	case api.Time:
		v.Set(reflect.ValueOf(Epoch))
		return
	case netip.AddrPort:
		v.Set(reflect.ValueOf(netip.MustParseAddrPort("198.51.100.7:4164")))
		return
	case netip.Addr:
		v.Set(reflect.ValueOf(netip.MustParseAddr("198.51.100.7")))
		return
	}
	switch v.Kind() {
	case reflect.String:
		h.fillString(v)
	case reflect.Bool:
		v.SetBool(h.Flag)
	case reflect.Int, reflect.Int32, reflect.Int64:
		v.SetInt(int64(7 * time.Millisecond))
	case reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		v.SetUint(7)
	case reflect.Float64:
		v.SetFloat(0.5)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		h.fill(v.Elem())
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		h.fill(v.Index(0))
	case reflect.Struct:
		for i := range v.NumField() {
			h.fill(v.Field(i))
		}
	default:
		panic(fmt.Sprintf("apitest: say what a hostile %s is", v.Type()))
	}
}

func (h *Hostile) fillString(v reflect.Value) {
	if v.Type() != reflect.TypeFor[string]() && h.Word != nil {
		if word, ok := h.Word(v.Type()); ok {
			v.SetString(word)
			return
		}
	}
	v.SetString(Attack)
}

// Subscribe brings one event of every wanted type, and ends.
func (h *Hostile) Subscribe(_ context.Context, types ...api.EventType) <-chan api.Event {
	all := []api.Event{
		event[api.Message](h), event[api.Accepted](h), event[api.Edit](h), event[api.Receipt](h),
		event[api.Presence](h), event[api.GroupChange](h), event[api.FileEvent](h), event[api.PathChange](h),
	}
	if len(all) != len(api.EventTypes) {
		panic("apitest: a type of event is missing")
	}
	events := make(chan api.Event, len(all))
	defer close(events)
	for _, e := range all {
		if len(types) == 0 || slices.Contains(types, e.EventType()) {
			events <- e
		}
	}
	return events
}

func event[E api.Event](h *Hostile) (e E) {
	h.fill(reflect.ValueOf(&e).Elem())
	return e
}

// Export has one row.
func (h *Hostile) Export(context.Context, string) iter.Seq2[api.Exported, error] {
	return func(yield func(api.Exported, error) bool) { yield(answer[api.Exported](h)) }
}

func (h *Hostile) Backup(_ context.Context, w io.Writer) error {
	_, err := io.WriteString(w, Attack)
	return err
}

func (h *Hostile) Status(context.Context) (api.Status, error)  { return answer[api.Status](h) }
func (h *Hostile) Peers(context.Context) ([]api.Peer, error)   { return answers[api.Peer](h) }
func (h *Hostile) Groups(context.Context) ([]api.Group, error) { return answers[api.Group](h) }
func (h *Hostile) Send(context.Context, api.SendRequest) (api.Sent, error) {
	return answer[api.Sent](h)
}
func (h *Hostile) WaitMessage(context.Context, string, api.State) (api.Sent, error) {
	return answer[api.Sent](h)
}
func (h *Hostile) Receipts(context.Context, string) ([]api.Receipt, error) {
	return answers[api.Receipt](h)
}
func (h *Hostile) Edit(context.Context, api.EditRequest) (api.Message, error) {
	return answer[api.Message](h)
}
func (h *Hostile) Read(context.Context, api.ReadRequest) ([]api.Message, error) {
	return answers[api.Message](h)
}
func (h *Hostile) Search(context.Context, api.SearchRequest) ([]api.Message, error) {
	return answers[api.Message](h)
}
func (h *Hostile) History(context.Context, api.HistoryRequest) ([]api.Message, error) {
	return answers[api.Message](h)
}
func (h *Hostile) MarkRead(context.Context, api.ReadMark) error { return h.done() }
func (h *Hostile) Connect(context.Context, string) (api.Peer, error) {
	return answer[api.Peer](h)
}
func (h *Hostile) Ping(context.Context, string) (api.Ping, error)         { return answer[api.Ping](h) }
func (h *Hostile) Netcheck(context.Context) (api.Netcheck, error)         { return answer[api.Netcheck](h) }
func (h *Hostile) Why(context.Context, string) (api.Why, error)           { return answer[api.Why](h) }
func (h *Hostile) Contacts(context.Context) ([]api.Contact, error)        { return answers[api.Contact](h) }
func (h *Hostile) Transfers(context.Context) ([]api.Transfer, error)      { return answers[api.Transfer](h) }
func (h *Hostile) AdvanceCursor(context.Context, api.CursorAdvance) error { return h.done() }
func (h *Hostile) AfterCursor(context.Context, api.CursorRequest) ([]api.Message, error) {
	return answers[api.Message](h)
}
func (h *Hostile) AddContact(context.Context, api.AddRequest) (api.Contact, error) {
	return answer[api.Contact](h)
}
func (h *Hostile) Verify(context.Context, api.VerifyRequest) (api.Verification, error) {
	return answer[api.Verification](h)
}
func (h *Hostile) BlockContact(context.Context, api.BlockRequest) (api.Contact, error) {
	return answer[api.Contact](h)
}
func (h *Hostile) SetIntroduce(context.Context, api.IntroduceRequest) (api.Introductions, error) {
	return answer[api.Introductions](h)
}
func (h *Hostile) ReadReceipts(context.Context) ([]api.ReadReceipts, error) {
	return answers[api.ReadReceipts](h)
}
func (h *Hostile) SetReadReceipts(context.Context, api.ReadReceiptsRequest) (api.ReadReceipts, error) {
	return answer[api.ReadReceipts](h)
}
func (h *Hostile) Trust(context.Context, api.TrustRequest) (api.Trusted, error) {
	return answer[api.Trusted](h)
}
func (h *Hostile) RenameContact(context.Context, api.RenameRequest) (api.Contact, error) {
	return answer[api.Contact](h)
}
func (h *Hostile) ForgetContact(context.Context, api.ForgetRequest) (api.Forgotten, error) {
	return answer[api.Forgotten](h)
}
func (h *Hostile) Import(context.Context, api.ImportRequest) (api.Imported, error) {
	return answer[api.Imported](h)
}
func (h *Hostile) OfferFile(context.Context, api.FileOffer) (api.Transfer, error) {
	return answer[api.Transfer](h)
}
func (h *Hostile) DecideFile(context.Context, api.FileDecision) (api.Transfer, error) {
	return answer[api.Transfer](h)
}
func (h *Hostile) FilePolicy(context.Context, api.FilePolicy) (api.FilePolicy, error) {
	return answer[api.FilePolicy](h)
}
func (h *Hostile) CreateGroup(context.Context, api.GroupRequest) (api.Group, error) {
	return answer[api.Group](h)
}
func (h *Hostile) AddToGroup(context.Context, api.GroupRequest) (api.Group, error) {
	return answer[api.Group](h)
}
func (h *Hostile) LeaveGroup(context.Context, api.GroupRequest) (api.Group, error) {
	return answer[api.Group](h)
}
