package peer

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"

	"peerd/internal/name"
	"peerd/internal/secret"
	"peerd/peer/store"
	"peerd/wire"
)

// ErrNoCircle is returned when a daemon starts that never joined a circle.
var ErrNoCircle = errors.New("no circle joined yet")

// OtherCircleError says that an invite leads to another rendezvous than the one
// this state directory has joined. Contacts, roster and queued messages belong
// to one circle: in another, the same names are other people.
type OtherCircleError struct {
	StateDir        string
	Joined, Invited string // CIRCLE at HOST:PORT
}

func (e *OtherCircleError) Error() string {
	return fmt.Sprintf("state directory %s belongs to the circle %s, the invite is for %s", e.StateDir, e.Joined, e.Invited)
}

// errRenamed means that the rendezvous calls us otherwise than we asked to be. An
// honest one refuses a name that it does not give. If we took the other one, we would
// go on asking for it, also when the rendezvous is honest again.
var errRenamed = errors.New("the rendezvous does not give the name it was asked for")

// membershipSetting is where the store keeps the membership.
const membershipSetting = "membership"

// membership says which rendezvous we log in to, and as whom. After the first
// login the rendezvous knows our key, and the invite's token is forgotten.
type membership struct {
	Address string   `json:"address"`
	Server  wire.Key `json:"server"`
	Circle  string   `json:"circle"`
	Name    string   `json:"name"`
	// Certificate is what the rendezvous knows us by if it has lost its state.
	Certificate []byte `json:"certificate,omitempty"`

	// token redeems an invite; it is never written down.
	token secret.Bytes
	// confirmed is set once the rendezvous has welcomed us, now or in an
	// earlier life.
	confirmed bool
}

func (m membership) String() string { return fmt.Sprintf("%q at %s", m.Circle, m.Address) }

// loadMembership returns what the store holds, or what the configured invite
// says when it leads somewhere new.
func (d *Daemon) loadMembership() (membership, error) {
	wished, err := wishedName(d.config.Name)
	if err != nil {
		return membership{}, err
	}
	saved, err := savedMembership(d.store)
	if err != nil {
		return membership{}, err
	}
	if d.config.Invite != nil {
		if saved, err = d.redeeming(saved); err != nil {
			return membership{}, err
		}
	}
	if saved.Address == "" {
		return membership{}, ErrNoCircle
	}
	if wished != "" {
		saved.Name = wished
	}
	return saved, nil
}

// redeeming returns the membership that our invite leads to. The circle we are
// in may have moved to another address, but not to another key.
func (d *Daemon) redeeming(saved membership) (membership, error) {
	joined := d.config.Invite
	m := membership{
		Address:   joined.Address,
		Server:    joined.Server,
		Circle:    joined.Circle,
		Name:      saved.Name,
		token:     secret.New(joined.Token),
		confirmed: saved.confirmed,

		Certificate: saved.Certificate,
	}
	if saved.confirmed && saved.Server != m.Server {
		return membership{}, &OtherCircleError{d.config.StateDir, saved.String(), m.String()}
	}
	return m, nil
}

// adoptDefaultName takes the default name into use when a login ended with err
// because no name is bound to our key. It reports whether it did: then the next
// login may follow at once.
func (d *Daemon) adoptDefaultName(err error) bool {
	refused, ok := errors.AsType[wire.Refused](err)
	d.mu.Lock()
	defer d.mu.Unlock()
	if !ok || refused.Code != wire.RefusedNameInvalid || d.membership.Name != "" || d.config.DefaultName == "" {
		return false
	}
	d.membership.Name = d.config.DefaultName
	return true
}

func wishedName(text string) (string, error) {
	if text == "" {
		return "", nil
	}
	return name.Normalize(text)
}

func savedMembership(s *store.Store) (membership, error) {
	var m membership
	text, ok, err := s.Setting(context.Background(), membershipSetting)
	if err != nil || !ok {
		return m, err
	}
	if err := json.Unmarshal([]byte(text), &m); err != nil {
		return m, fmt.Errorf("read saved membership: %w", err)
	}
	m.confirmed = true
	return m, nil
}

// confirmMembership writes the membership down once the rendezvous has
// accepted us, and forgets the token.
func (d *Daemon) confirmMembership(welcome wire.Welcome) error {
	d.mu.Lock()
	before := d.membership
	d.mu.Unlock()
	if err := before.checkNames(welcome); err != nil {
		return err
	}
	after := before
	after.Circle, after.Name, after.token, after.confirmed = welcome.Circle, welcome.Name, secret.Bytes{}, true
	if certifies(welcome, before.Server, d.Key()) {
		after.Certificate = welcome.Certificate
	}
	if before.Circle == after.Circle && before.Name == after.Name && before.token.Reveal() == nil && bytes.Equal(before.Certificate, after.Certificate) {
		return nil
	}
	text, err := json.Marshal(after)
	if err != nil {
		return err
	}
	if err := d.store.SetSetting(context.Background(), membershipSetting, string(text)); err != nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.membership = after
	return nil
}

// checkNames reports names that no honest rendezvous gives: not the one we asked for,
// or such as nobody can have.
func (m membership) checkNames(welcome wire.Welcome) error {
	for _, given := range []string{welcome.Circle, welcome.Name} {
		if normal, err := name.Normalize(given); err != nil || normal != given {
			return fmt.Errorf("the rendezvous gives the name %.40q: %w", given, errRenamed)
		}
	}
	if wished, err := wishedName(m.Name); err != nil || wished != "" && wished != welcome.Name {
		return fmt.Errorf("asked for %q, got %q: %w", m.Name, welcome.Name, errRenamed)
	}
	return nil
}

// certifies reports whether the certificate in a welcome is good: one that is not must
// not take the place of one that is.
func certifies(welcome wire.Welcome, server, key wire.Key) bool {
	c, err := wire.ParseCertificate(welcome.Certificate)
	return err == nil && c.Name == welcome.Name &&
		ed25519.Verify(server[:], wire.CertificateStatement(welcome.Circle, key, c.Name, c.Bound), c.Signature[:])
}
