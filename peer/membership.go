package peer

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"peerd/internal/invite"
	"peerd/internal/name"
	"peerd/wire"
)

// ErrNoCircle is returned when a daemon starts that never joined a circle.
var ErrNoCircle = errors.New("no circle joined yet")

// membershipSetting is where the store keeps the membership.
const membershipSetting = "membership"

// membership says which rendezvous we log in to, and as whom. After the first
// login the rendezvous knows our key, and the invite's token is forgotten.
type membership struct {
	Address string   `json:"address"`
	Server  wire.Key `json:"server"`
	Circle  string   `json:"circle"`
	Name    string   `json:"name"`

	// token redeems an invite; it is never written down.
	token []byte
}

// loadMembership returns what the store holds, or what the configured invite
// says when it leads somewhere new.
func (d *Daemon) loadMembership() (membership, error) {
	wished, err := wishedName(d.config.Name)
	if err != nil {
		return membership{}, err
	}
	saved, err := d.savedMembership()
	if err != nil {
		return membership{}, err
	}
	joined := d.config.Invite
	switch {
	case joined == nil && saved.Address == "":
		return membership{}, ErrNoCircle
	case joined != nil:
		saved = fromInvite(joined, saved)
	}
	if wished != "" {
		saved.Name = wished
	}
	return saved, nil
}

// fromInvite keeps the name when the invite is for the circle we are in.
func fromInvite(joined *invite.Invite, saved membership) membership {
	m := membership{
		Address: joined.Address,
		Server:  joined.Server,
		Circle:  joined.Circle,
		token:   joined.Token,
	}
	if saved.Server == m.Server {
		m.Name = saved.Name
	}
	return m
}

func wishedName(text string) (string, error) {
	if text == "" {
		return "", nil
	}
	wished, err := name.Normalize(text)
	if err != nil {
		return "", fmt.Errorf("name %q: %w", text, err)
	}
	return wished, nil
}

func (d *Daemon) savedMembership() (membership, error) {
	var m membership
	text, ok, err := d.store.Setting(context.Background(), membershipSetting)
	if err != nil || !ok {
		return m, err
	}
	if err := json.Unmarshal([]byte(text), &m); err != nil {
		return m, fmt.Errorf("read saved membership: %w", err)
	}
	return m, nil
}

// confirmMembership writes the membership down once the rendezvous has
// accepted us, and forgets the token.
func (d *Daemon) confirmMembership(welcome wire.Welcome) error {
	d.mu.Lock()
	before := d.membership
	d.membership.Circle, d.membership.Name, d.membership.token = welcome.Circle, welcome.Name, nil
	after := d.membership
	d.mu.Unlock()
	if before.Circle == after.Circle && before.Name == after.Name && before.token == nil {
		return nil
	}
	text, err := json.Marshal(after)
	if err != nil {
		return err
	}
	return d.store.SetSetting(context.Background(), membershipSetting, string(text))
}
