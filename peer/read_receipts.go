package peer

import (
	"cmp"
	"context"
	"slices"

	"peerd/peer/api"
	"peerd/peer/store"
	"peerd/wire"
)

// receiptsSetting is where the store keeps whether people who have no setting of
// their own are told what was read: nothing, which means on, or "off".
const receiptsSetting = "read receipts"

// ReadReceipts tells whom we tell what we have read.
func (d *Daemon) ReadReceipts(ctx context.Context) ([]api.ReadReceipts, error) {
	everybody, err := d.receiptsForAll(ctx)
	if err != nil {
		return nil, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	var rows []api.ReadReceipts
	for _, contact := range d.contacts.byKey {
		if contact.Receipts != store.ReceiptsDefault {
			rows = append(rows, receiptsRow(contact))
		}
	}
	slices.SortFunc(rows, func(a, b api.ReadReceipts) int { return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Key, b.Key)) })
	return slices.Concat([]api.ReadReceipts{{Receipts: everybody}}, rows), nil
}

// SetReadReceipts changes whom we tell what we have read. What has been told
// cannot be taken back, and who is told again learns with the next message read
// that the earlier ones were.
func (d *Daemon) SetReadReceipts(ctx context.Context, request api.ReadReceiptsRequest) (api.ReadReceipts, error) {
	if request.Name == "" {
		return api.ReadReceipts{Receipts: request.Receipts}, d.store.SetSetting(ctx, receiptsSetting, string(request.Receipts))
	}
	d.pinning.Lock()
	defer d.pinning.Unlock()
	contact, err := d.contactOrNew(ctx, request.Name)
	if err != nil {
		return api.ReadReceipts{}, err
	}
	contact.Receipts = store.ReceiptsDefault
	if request.Receipts != api.ReceiptsDefault {
		contact.Receipts = store.Receipts(request.Receipts)
	}
	if err := d.store.SetReceipts(ctx, contact.Key, contact.Receipts); err != nil {
		return api.ReadReceipts{}, err
	}
	d.replaceContact(contact)
	return receiptsRow(contact), nil
}

func receiptsRow(contact store.Contact) api.ReadReceipts {
	return api.ReadReceipts{Name: calledName(contact), Key: contact.Key.String(), Receipts: receiptsWord(contact)}
}

func receiptsWord(contact store.Contact) api.Receipts {
	return cmp.Or(api.Receipts(contact.Receipts), api.ReceiptsDefault)
}

// receiptsForAll is the setting of those who have none of their own.
func (d *Daemon) receiptsForAll(ctx context.Context) (api.Receipts, error) {
	setting, _, err := d.store.Setting(ctx, receiptsSetting)
	return cmp.Or(api.Receipts(setting), api.ReceiptsOn), err
}

// tellsRead reports whether a peer may be told what we have read. When that
// cannot be looked up it may not.
func (d *Daemon) tellsRead(ctx context.Context, peer wire.Key) bool {
	if store.IsClassic(peer) {
		return false // there is no word for it
	}
	d.mu.Lock()
	own := d.contacts.byKey[peer].Receipts
	d.mu.Unlock()
	if own != store.ReceiptsDefault {
		return own == store.ReceiptsOn
	}
	everybody, err := d.receiptsForAll(ctx)
	return err == nil && everybody == api.ReceiptsOn
}
