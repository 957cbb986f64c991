package api

import "context"

// Introduce says which peers the rendezvous may show our endpoints to. With all
// others we talk through the relay alone. The words are stable.
type Introduce string

const (
	// IntroduceCircle: every member of the circle that asks.
	IntroduceCircle Introduce = "circle"
	// IntroduceContacts: contacts that the user has added, verified, named or written
	// to; not those that have only written to us.
	IntroduceContacts Introduce = "contacts"
	// IntroduceRelayOnly: nobody.
	IntroduceRelayOnly Introduce = "relay-only"
)

// ParseIntroduce reads the policy as users write it.
func ParseIntroduce(text string) (Introduce, error) {
	switch i := Introduce(text); i {
	case IntroduceCircle, IntroduceContacts, IntroduceRelayOnly:
		return i, nil
	}
	return "", usage("whom to be introduced to is circle, contacts or relay-only, not %q", text)
}

// Introductions is whom we let learn where we are.
type Introductions struct {
	V         Version   `json:"v"`
	Introduce Introduce `json:"introduce"`
}

// IntroduceRequest changes that, now and for later starts.
type IntroduceRequest struct {
	Introduce Introduce `json:"introduce"`
}

func (r IntroduceRequest) check() error {
	_, err := ParseIntroduce(string(r.Introduce))
	return err
}

// SetIntroduce is Backend.SetIntroduce.
func (c *Client) SetIntroduce(ctx context.Context, request IntroduceRequest) (Introductions, error) {
	return call[Introductions](ctx, c, "POST", "/v1/introduce", request)
}
