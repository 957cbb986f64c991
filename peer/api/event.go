package api

import (
	"encoding/json"
	"fmt"
	"slices"
)

// An Event is something that happened: a [Message], [Presence], [PathChange],
// [FileEvent], [GroupChange], [Accepted], [Receipt] or [Edit].
type Event interface{ EventType() EventType }

// EventType is the "type" of an event's row.
type EventType string

const (
	TypeMessage  EventType = "message"
	TypePresence EventType = "presence"
	TypePath     EventType = "path"
	TypeGroup    EventType = "group"
	TypeFile     EventType = "file"
	TypeSent     EventType = "sent"    // a message of ours was accepted
	TypeReceipt  EventType = "receipt" // a message of ours got further
	TypeEdit     EventType = "edit"    // a message was changed or taken back
)

// typeError marks the line that ends a stream; it is no event.
const typeError EventType = "error"

// EventTypes lists the types users may ask for.
var EventTypes = []EventType{TypeMessage, TypePresence, TypePath, TypeFile, TypeGroup, TypeSent, TypeReceipt, TypeEdit}

// usualTypes are those of a subscription that names none: what comes from
// outside. The others tell a program that shows conversations what became of them.
var usualTypes = []EventType{TypeMessage, TypePresence, TypePath, TypeFile}

// ParseEventType reads a type as users write it.
func ParseEventType(text string) (EventType, error) {
	if t := EventType(text); slices.Contains(EventTypes, t) {
		return t, nil
	}
	return "", fmt.Errorf("unknown event type %q: use message, presence, path, file, group, sent, receipt or edit", text)
}

// A row's type follows from its Go type, so these hold no data: nobody can
// forget or confuse them.
type (
	messageType  struct{}
	presenceType struct{}
	pathType     struct{}
	groupType    struct{}
	sentType     struct{}
	receiptType  struct{}
	editType     struct{}
	fileType     struct{}
	errorType    struct{}
)

func (messageType) MarshalText() ([]byte, error)  { return []byte(TypeMessage), nil }
func (presenceType) MarshalText() ([]byte, error) { return []byte(TypePresence), nil }
func (pathType) MarshalText() ([]byte, error)     { return []byte(TypePath), nil }
func (groupType) MarshalText() ([]byte, error)    { return []byte(TypeGroup), nil }
func (sentType) MarshalText() ([]byte, error)     { return []byte(TypeSent), nil }
func (receiptType) MarshalText() ([]byte, error)  { return []byte(TypeReceipt), nil }
func (editType) MarshalText() ([]byte, error)     { return []byte(TypeEdit), nil }
func (fileType) MarshalText() ([]byte, error)     { return []byte(TypeFile), nil }
func (errorType) MarshalText() ([]byte, error)    { return []byte(typeError), nil }

func (messageType) UnmarshalText(text []byte) error  { return wantType(TypeMessage, text) }
func (presenceType) UnmarshalText(text []byte) error { return wantType(TypePresence, text) }
func (pathType) UnmarshalText(text []byte) error     { return wantType(TypePath, text) }
func (groupType) UnmarshalText(text []byte) error    { return wantType(TypeGroup, text) }
func (sentType) UnmarshalText(text []byte) error     { return wantType(TypeSent, text) }
func (receiptType) UnmarshalText(text []byte) error  { return wantType(TypeReceipt, text) }
func (editType) UnmarshalText(text []byte) error     { return wantType(TypeEdit, text) }
func (fileType) UnmarshalText(text []byte) error     { return wantType(TypeFile, text) }
func (errorType) UnmarshalText(text []byte) error    { return wantType(typeError, text) }

func wantType(want EventType, got []byte) error {
	if string(got) != string(want) {
		return fmt.Errorf("row of type %q where %q was expected", got, want)
	}
	return nil
}

// parseEvent decodes one line of an event stream; the line that ends a stream
// gives its error. A type it does not know gives nil, so that a newer daemon may
// send more.
func parseEvent(line []byte) (Event, error) {
	var head struct {
		Type EventType `json:"type"`
	}
	if err := json.Unmarshal(line, &head); err != nil {
		return nil, err
	}
	switch head.Type {
	case TypeMessage:
		return parseAs[Message](line)
	case TypePresence:
		return parseAs[Presence](line)
	case TypePath:
		return parseAs[PathChange](line)
	case TypeFile:
		return parseAs[FileEvent](line)
	case TypeSent:
		return parseAs[Accepted](line)
	case TypeReceipt:
		return parseAs[Receipt](line)
	case TypeEdit:
		return parseAs[Edit](line)
	case TypeGroup:
		return parseAs[GroupChange](line)
	case typeError:
		var end streamEnd
		if err := json.Unmarshal(line, &end); err != nil {
			return nil, err
		}
		return nil, end.Error
	}
	return nil, nil
}

func parseAs[E Event](line []byte) (Event, error) {
	var event E
	if err := json.Unmarshal(line, &event); err != nil {
		return nil, err
	}
	return event, nil
}
