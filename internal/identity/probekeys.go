package identity

import (
	"bytes"
	"crypto/ecdh"
	"crypto/hkdf"
	"crypto/sha256"
	"crypto/sha512"
	"errors"
	"fmt"

	"filippo.io/edwards25519"

	"peerd/wire"
)

// ErrWeakKey is returned for bytes that are no Ed25519 key an honest peer can
// have: not a point, a point of low order (anybody can sign for it, and every key
// agreement with it gives the same secret), or a second spelling of a point.
var ErrWeakKey = errors.New("not a usable Ed25519 key")

// ProbeKeys derives the MAC keys of the probes of one session: send for the
// probes we send, receive for those we get. The peer derives the same two the
// other way round.
//
//	secret  = X25519(ours, theirs)                    identities, Edwards → Montgomery
//	key(s)  = HKDF-SHA256(secret, salt = session, info = "peerd probe v1" ‖ s)
//
// where s is the sender's identity key, so a probe thrown back at its sender is
// not valid. Nobody else, the rendezvous included, can make or check a probe.
func (i *Identity) ProbeKeys(peer wire.Key, session wire.SessionID) (send, receive wire.ProbeKey, err error) {
	if peer == i.key {
		return send, receive, errors.New("derive probe keys: the peer has our own key")
	}
	secret, err := i.agree(peer)
	if err != nil {
		return send, receive, fmt.Errorf("derive probe keys: %w", err)
	}
	if send, err = probeKey(secret, session, i.key); err != nil {
		return wire.ProbeKey{}, wire.ProbeKey{}, err
	}
	if receive, err = probeKey(secret, session, peer); err != nil {
		return wire.ProbeKey{}, wire.ProbeKey{}, err
	}
	return send, receive, nil
}

func probeKey(secret []byte, session wire.SessionID, sender wire.Key) (wire.ProbeKey, error) {
	key, err := hkdf.Key(sha256.New, secret, session[:], "peerd probe v1"+string(sender[:]), len(wire.ProbeKey{}))
	if err != nil {
		return wire.ProbeKey{}, fmt.Errorf("derive probe keys: %w", err)
	}
	return wire.ProbeKey(key), nil
}

// agree is X25519 between two Ed25519 identities. The private scalar is the one
// Ed25519 signs with (RFC 8032 section 5.1.5); X25519 clamps it the same way.
func (i *Identity) agree(peer wire.Key) ([]byte, error) {
	digest := sha512.Sum512(i.secret.private.Seed())
	private, err := ecdh.X25519().NewPrivateKey(digest[:32])
	if err != nil {
		return nil, err
	}
	point, err := montgomery(peer)
	if err != nil {
		return nil, err
	}
	public, err := ecdh.X25519().NewPublicKey(point)
	if err != nil {
		return nil, err
	}
	return private.ECDH(public)
}

// montgomery returns the X25519 form of an Ed25519 public key (RFC 7748 section
// 4.1), or ErrWeakKey. SetBytes alone accepts points of low order and coordinates
// above the prime.
func montgomery(key wire.Key) ([]byte, error) {
	point, err := new(edwards25519.Point).SetBytes(key[:])
	if err != nil || !bytes.Equal(point.Bytes(), key[:]) {
		return nil, fmt.Errorf("%w: %s", ErrWeakKey, key)
	}
	if new(edwards25519.Point).MultByCofactor(point).Equal(edwards25519.NewIdentityPoint()) == 1 {
		return nil, fmt.Errorf("%w: %s", ErrWeakKey, key)
	}
	return point.BytesMontgomery(), nil
}
