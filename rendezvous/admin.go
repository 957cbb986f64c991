package rendezvous

import (
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"peerd/internal/invite"
	"peerd/wire"
)

// An Admin does what an operator may ask of a rendezvous, running or not. Its
// methods are the same either way: over the admin socket of the process that
// runs, or on the state file itself when none does.
type Admin interface {
	// CreateInvite makes an invite and returns the whole secret string.
	CreateInvite(uses int, life time.Duration) (secret string, description Invite, err error)
	Invites() ([]Invite, error)
	// RevokeInvite returns ErrNoSuchInvite for an unknown id.
	RevokeInvite(id string) error
	// Peers lists members and banned keys by name.
	Peers() ([]Peer, error)
	// Kick ends a membership, on disk and at once. The key may come back with an invite
	// made afterwards, and with nothing else. It returns ErrNoSuchMember.
	Kick(key wire.Key, reason string) (Peer, error)
	// Ban does what Kick does if the key is a member's, and refuses it from then on.
	Ban(key wire.Key, reason string) (Peer, error)
	// Unban lets a banned key join again with an invite. It returns ErrNotBanned.
	Unban(key wire.Key) (Peer, error)
	Status() (Status, error)
	Close() error
}

// Status describes a rendezvous. What only a running one knows is zero when it
// is stopped.
type Status struct {
	Running   bool     `json:"running"`
	Circle    string   `json:"circle"`
	Key       wire.Key `json:"key"`
	Advertise string   `json:"advertise"`
	Listen    string   `json:"listen,omitempty"`
	// SecondAddresses are the further addresses that peers are observed from.
	SecondAddresses []string `json:"second_addresses,omitempty"`
	// Classic is the address of the door for the original protocol; none when empty.
	Classic      string    `json:"classic,omitempty"`
	ClassicUsers int       `json:"classic_users,omitempty"`
	StartedAt    time.Time `json:"started_at,omitzero"`
	Members      int       `json:"members"`
	Online       int       `json:"online"`
	Sessions     int       `json:"sessions"`
	RelayedBytes uint64    `json:"relayed_bytes"`
	OpenInvites  int       `json:"open_invites"`
	Banned       int       `json:"banned"`
	// Open says that anybody may join, or could when it ran last, with Join.
	Open bool   `json:"open"`
	Join string `json:"join,omitempty"`
}

// OpenAdmin opens the rendezvous whose state directory is dir: the running one
// if there is one. Where there never was a rendezvous it returns an error and
// creates nothing. Close what it returns.
func OpenAdmin(dir string) (Admin, error) {
	client, err := dialAdmin(filepath.Join(dir, adminSocket))
	if err != nil || client != nil {
		return client, err
	}
	if err := checkStateFile(dir); err != nil {
		return nil, err
	}
	state, err := openState(dir)
	if err != nil {
		return nil, err
	}
	self, err := state.loadKey(dir)
	if err != nil {
		return nil, errors.Join(err, state.close())
	}
	return &stopped{state: state, key: self.Key()}, nil
}

// stopped is the Admin of a state file.
type stopped struct {
	state *state
	key   wire.Key
}

func (s *stopped) Close() error { return s.state.close() }

func (s *stopped) newInvite(uses int, life time.Duration) (invite.Invite, Invite, error) {
	if uses < 1 || life <= 0 {
		return invite.Invite{}, Invite{}, fmt.Errorf("an invite for %d uses in %v is of no use", uses, life)
	}
	set, err := s.state.settings()
	if err != nil {
		return invite.Invite{}, Invite{}, err
	}
	secret, err := invite.New(set.Advertise, set.Circle, s.key)
	if err != nil {
		return invite.Invite{}, Invite{}, err
	}
	description, err := s.state.addInvite(secret.Token, uses, life, time.Now())
	return secret, description, err
}

func (s *stopped) CreateInvite(uses int, life time.Duration) (string, Invite, error) {
	secret, description, err := s.newInvite(uses, life)
	return secret.String(), description, err
}

func (s *stopped) Invites() ([]Invite, error) { return s.state.invites(time.Now()) }

func (s *stopped) RevokeInvite(id string) error { return s.state.revoke(id) }

func (s *stopped) Status() (Status, error) {
	set, err := s.state.settings()
	if err != nil {
		return Status{}, err
	}
	members, err := s.state.members()
	if err != nil {
		return Status{}, err
	}
	invites, err := s.Invites()
	if err != nil {
		return Status{}, err
	}
	banned, err := s.state.banned()
	if err != nil {
		return Status{}, err
	}
	status := Status{
		Circle: set.Circle, Advertise: set.Advertise, Key: s.key,
		Members: len(members), Banned: len(banned), Open: set.Open,
	}
	if set.Open {
		status.Join = invite.Invite{Address: set.Advertise, Circle: set.Circle, Server: s.key}.String()
	}
	for _, i := range invites {
		if i.State == InviteOpen {
			status.OpenInvites++
		}
	}
	return status, nil
}

// stopped returns the Admin of the server's own state file. Do not close it.
func (s *Server) stopped() *stopped { return &stopped{state: s.state, key: s.Key()} }

// Status describes the running rendezvous.
func (s *Server) Status() (Status, error) {
	status, err := s.stopped().Status()
	status.Running, status.StartedAt, status.Listen = true, s.started, s.Addr().String()
	status.SecondAddresses = s.SecondAddresses()
	s.describeClassic(&status)
	status.Online = len(s.hub.connections())
	status.Sessions, _ = s.relay.count()
	status.RelayedBytes = s.counters.relayedBytes.Load()
	return status, err
}
