package wire

import "peerd/wire/internal/pb"

// Edit is the payload of an Item: its author changes a text of its own, or takes
// it back. Of several edits of one text the last in the sender's order holds, and
// nothing brings back what was taken back. An edit of anything else has no effect.
type Edit struct {
	ID   MessageID // of the text; in a group every member is told, as of the text
	Body string    // what the text says from now on: UTF-8, at most MaxText bytes; escape before showing
	// Unsend takes the text back. Body is empty then, and never otherwise.
	Unsend bool
}

// Kind implements Message.
func (m Edit) Kind() Kind { return KindEdit }

// AppendBody implements Message.
func (m Edit) AppendBody(b []byte) ([]byte, error) {
	return appendBody(b, KindEdit, &pb.Edit{Id: m.ID[:], Body: m.Body, Unsend: m.Unsend}, decodeEdit)
}

// ParseEdit decodes the body of an Item of KindEdit.
func ParseEdit(body []byte) (Edit, error) {
	return parseBody(KindEdit, body, &pb.Edit{}, decodeEdit)
}

func decodeEdit(p *pb.Edit) (Edit, error) {
	var f fields
	m := Edit{ID: f.messageID(p.Id), Body: f.text("body", p.Body, MaxText), Unsend: p.Unsend}
	switch {
	case m.Unsend && m.Body != "":
		f.fail("body of what is taken back is not empty")
	case !m.Unsend && m.Body == "":
		f.fail("body is missing")
	}
	return m, f.check()
}
