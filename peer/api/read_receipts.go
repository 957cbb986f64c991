package api

// Receipts says whether senders are told that their messages were read.
type Receipts string

const (
	ReceiptsOn      Receipts = "on"
	ReceiptsOff     Receipts = "off"
	ReceiptsDefault Receipts = "default" // of one contact: as for everybody
)

// ParseReceipts reads the setting as users write it.
func ParseReceipts(text string) (Receipts, error) {
	switch r := Receipts(text); r {
	case ReceiptsOn, ReceiptsOff, ReceiptsDefault:
		return r, nil
	}
	return "", usage("read receipts can be on, off or default, not %q", text)
}

// ReadReceipts is the setting of one contact, or, without a Name, of everybody
// who has none of their own. It says nothing about what others tell us.
type ReadReceipts struct {
	V        Version  `json:"v"`
	Name     string   `json:"name,omitempty"`
	Key      string   `json:"key,omitempty"`
	Receipts Receipts `json:"receipts"`
}

// ReadReceiptsRequest changes the setting of a contact, or of everybody when Name
// is empty.
type ReadReceiptsRequest struct {
	Name     string   `json:"name,omitempty"`
	Receipts Receipts `json:"receipts"`
}

func (r ReadReceiptsRequest) check() error {
	if _, err := ParseReceipts(string(r.Receipts)); err != nil {
		return err
	}
	if r.Name == "" && r.Receipts == ReceiptsDefault {
		return usage("for everybody read receipts are on or off")
	}
	return nil
}
