package peer

import (
	"bytes"
	"fmt"
	"time"

	"peerd/internal/failpoint"
	"peerd/peer/api"
	"peerd/peer/seal"
	"peerd/peer/store"
	"peerd/wire"
)

// envelopeQueue is how many received envelopes may wait to be opened. More are
// dropped: their messages come again over the session.
const envelopeQueue = 64

// receivedEnvelope is an envelope on its way to be opened.
type receivedEnvelope struct {
	session *session
	sealed  []byte
}

// sealHead seals the first queued message for the peer. It returns nothing
// when there is none, or when it cannot be sealed: the peer's prekey is not
// known, or the message is too long. Then the session brings it.
func (c *conversation) sealHead() (head []store.Message, sealed []byte) {
	d := c.daemon
	head, err := d.store.Pending(d.ctx, c.peer, 0, 1)
	if err != nil || len(head) == 0 {
		return nil, nil
	}
	sealed, err = d.sealFor(c.peer, deliverable(head[0]))
	if err != nil {
		d.log.Debug().Err(err).Stringer("peer", c.peer).Msg("first message is not sealed")
		return nil, nil
	}
	return head, sealed
}

// sealFor seals a message as an envelope for peer.
func (d *Daemon) sealFor(peer wire.Key, m wire.Message) ([]byte, error) {
	frame, err := wire.AppendFrame(nil, m)
	if err != nil {
		return nil, err
	}
	sealed, err := seal.Seal(d.self, peer, d.usablePrekey(peer, time.Now()), frame)
	if err != nil {
		return nil, err
	}
	if len(sealed) > wire.MaxSealed {
		return nil, fmt.Errorf("sealed message is %d bytes long, the limit is %d", len(sealed), wire.MaxSealed)
	}
	return sealed, nil
}

// receiveEnvelope takes an envelope that came for a session.
func (d *Daemon) receiveEnvelope(m wire.Envelope) {
	if s := d.session(m.Session); s != nil {
		d.receiveSealed(s, m.Sealed)
	}
}

// receiveSealed queues an envelope to be opened, away from the control
// connection: storing a message waits for the disk.
func (d *Daemon) receiveSealed(s *session, sealed []byte) {
	select {
	case d.envelopes <- receivedEnvelope{session: s, sealed: sealed}:
	default:
		d.log.Debug().Stringer("peer", s.peer).Msg("envelope dropped, too many are waiting")
	}
}

// openEnvelopes opens envelopes one after the other until the daemon closes.
func (d *Daemon) openEnvelopes() {
	for {
		select {
		case e := <-d.envelopes:
			if err := d.openEnvelope(e); err != nil {
				// Nothing is lost: what is honest comes again over the session.
				d.log.Debug().Err(err).Stringer("peer", e.session.peer).Msg("envelope refused")
			}
		case <-d.ctx.Done():
			return
		}
	}
}

func (d *Daemon) openEnvelope(e receivedEnvelope) error {
	d.opening.Lock()
	defer d.opening.Unlock()
	if err := d.shuns(e.session.peer); err != nil { // since it came
		return err
	}
	id, err := seal.PrekeyID(e.sealed)
	if err != nil {
		return err
	}
	private, err := d.store.Prekey(d.ctx, id)
	if err != nil {
		return fmt.Errorf("prekey %x: %w", id, err)
	}
	content, err := seal.Open(d.Key(), e.session.peer, private, e.sealed)
	if err != nil {
		return err
	}
	kind, body, err := wire.ReadFrame(bytes.NewReader(content), nil)
	if err != nil {
		return fmt.Errorf("read content: %w", err)
	}
	m, err := wire.Parse(kind, body)
	if err != nil {
		return fmt.Errorf("read content: %w", err)
	}
	failpoint.Hit(failpoint.EnvelopeOpened)
	if in, storable := d.incoming(m); storable {
		return d.receiveSealedMessage(e.session, in)
	}
	if receipt, ok := m.(wire.Receipt); ok {
		d.delivered(e.session.peer, api.PathRelay, receipt.ID)
	}
	return nil
}

// receiveSealedMessage stores a sealed message and sends the receipt the way the
// message came, without waiting for the session.
func (d *Daemon) receiveSealedMessage(s *session, in store.Incoming) error {
	receipts, err := d.receive(s.peer, []store.Incoming{in}, api.PathRelay)
	if err != nil {
		return err
	}
	sealed, err := d.sealFor(s.peer, receipts[0])
	if err != nil {
		return fmt.Errorf("seal receipt: %w", err)
	}
	failpoint.Hit(failpoint.SealedReceiptBefore)
	if connection := d.currentControl(); connection != nil {
		connection.TrySend(wire.Envelope{Session: s.id, Sealed: sealed})
	}
	failpoint.Hit(failpoint.SealedReceiptAfter)
	return nil
}
