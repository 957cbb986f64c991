// Package invite: CONTRACT STUB, its owner replaces this file.
package invite

import "peerd/wire"

// Invite is peerd://HOST:PORT/CIRCLE#KEYPIN.TOKEN
type Invite struct {
	Address string   // host:port
	Circle  string   //
	Server  wire.Key // the rendezvous' key
	Token   []byte   // 16 bytes; hashed (SHA-256) at rest by the rendezvous
}

func New(address, circle string, server wire.Key) (Invite, error) { panic("stub") } // draws the token
func Parse(text string) (Invite, error)                          { panic("stub") }
func (i Invite) String() string                                  { panic("stub") } // the whole secret string
