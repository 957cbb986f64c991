package identity

import (
	"crypto/ed25519"
	"crypto/tls"
	"errors"
	"fmt"
	"slices"

	"peerd/wire"
)

// WrongKeyError says that the other side proved, or claimed, another key than the
// pinned one: it is not who we wanted, or its key has changed. The handshake has
// failed, so it has seen no data of ours. The user decides whether to trust the new
// key.
type WrongKeyError struct {
	Want wire.Key // the pin
	Got  wire.Key // the key in the certificate
}

func (e *WrongKeyError) Error() string {
	return fmt.Sprintf("the other side has the key %s, want %s", e.Got, e.Want)
}

// ErrKeyNotAllowed is returned by a handshake whose key the allowed function of
// AcceptTLS refuses.
var ErrKeyNotAllowed = errors.New("key is not allowed here")

// A keyCheck decides whether the key in the other side's certificate is welcome.
// TLS asks before it has seen the proof that the other side holds the private
// key, so a keyCheck must have no side effects.
type keyCheck func(wire.Key) error

func anyKey(wire.Key) error { return nil }

func onlyKey(pin wire.Key) keyCheck {
	return func(key wire.Key) error {
		if key != pin {
			return &WrongKeyError{Want: pin, Got: key}
		}
		return nil
	}
}

// ServerTLS returns the configuration of the control service: TLS 1.3, any client
// that proves an Ed25519 key. The caller finds that key with PeerKey and decides
// what it may do. alpn must not be empty.
//
// A TLS 1.3 client believes the handshake done before the server has looked at
// the client's certificate: a refused client learns of it from its first read.
func (i *Identity) ServerTLS(alpn string) *tls.Config {
	return i.config([]string{alpn}, controlCurves, anyKey)
}

// ClientTLS returns the configuration of a control connection to the rendezvous
// whose key is exactly pin. Another key fails the handshake with WrongKeyError.
func (i *Identity) ClientTLS(alpn string, pin wire.Key) *tls.Config {
	return i.config([]string{alpn}, controlCurves, onlyKey(pin))
}

// MutualTLS returns the configuration of a QUIC session with the peer whose key
// is exactly pin, for the dialling and for the accepting side alike. Another key
// fails the handshake with WrongKeyError.
func (i *Identity) MutualTLS(alpn string, pin wire.Key) *tls.Config {
	return i.config([]string{alpn}, sessionCurves, onlyKey(pin))
}

// AcceptTLS returns the configuration of a QUIC listener that learns from the
// handshake who dials, and which of the protocols it speaks. allowed is asked about
// a key that is not proven yet, from the handshake's goroutine: it must be quick,
// safe for concurrent use and without side effects. A refused key fails the
// handshake with ErrKeyNotAllowed.
func (i *Identity) AcceptTLS(alpns []string, allowed func(wire.Key) bool) *tls.Config {
	return i.config(alpns, sessionCurves, func(key wire.Key) error {
		if !allowed(key) {
			return fmt.Errorf("%w: %s", ErrKeyNotAllowed, key)
		}
		return nil
	})
}

// controlCurves are the key exchanges of control connections. The hybrid with
// ML-KEM comes first: what is recorded today stays secret from a quantum computer
// later, and TCP does not mind the 1.1 KiB it adds each way.
func controlCurves() []tls.CurveID {
	return []tls.CurveID{tls.X25519MLKEM768, tls.X25519}
}

// sessionCurves are the key exchanges of QUIC sessions. With X25519 alone the
// ClientHello fits one datagram and the whole handshake takes two datagrams and
// one, against three and two with the hybrid: on a lossy path fewer datagrams are
// fewer chances of a 200 ms wait. The price: a session recorded today is readable
// to whoever has a quantum computer one day.
func sessionCurves() []tls.CurveID {
	return []tls.CurveID{tls.X25519}
}

// config is everything the four configurations have in common. Neither tickets
// nor 0-RTT: resumption would skip the proof of the key and outlive its secrets.
func (i *Identity) config(alpns []string, curves func() []tls.CurveID, check keyCheck) *tls.Config {
	return &tls.Config{
		Certificates:           []tls.Certificate{i.secret.certificate},
		ClientAuth:             tls.RequireAnyClientCert,
		CurvePreferences:       curves(),
		InsecureSkipVerify:     true, // VerifyConnection checks the key, all that matters
		MinVersion:             tls.VersionTLS13,
		NextProtos:             alpns,
		SessionTicketsDisabled: true,
		VerifyConnection: func(state tls.ConnectionState) error {
			// Go accepts a client that offers no protocol at all.
			if !slices.Contains(alpns, state.NegotiatedProtocol) {
				return fmt.Errorf("the other side does not speak %q", alpns)
			}
			key, err := PeerKey(state)
			if err != nil {
				return err
			}
			return check(key)
		},
	}
}

// PeerKey returns the Ed25519 key the other side proved in the handshake. It
// fails when the other side sent no certificate, several, one of another kind,
// or a key no honest peer can have.
func PeerKey(state tls.ConnectionState) (wire.Key, error) {
	if n := len(state.PeerCertificates); n != 1 {
		return wire.Key{}, fmt.Errorf("the other side sent %d certificates, want exactly 1", n)
	}
	public, ok := state.PeerCertificates[0].PublicKey.(ed25519.PublicKey)
	if !ok || len(public) != wire.KeySize {
		return wire.Key{}, fmt.Errorf("the other side's key is %s, want Ed25519", state.PeerCertificates[0].PublicKeyAlgorithm)
	}
	key := wire.Key(public)
	if _, err := montgomery(key); err != nil {
		return wire.Key{}, err
	}
	return key, nil
}
