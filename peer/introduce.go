package peer

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"peerd/peer/api"
	"peerd/peer/store"
	"peerd/wire"
)

// Whom we let learn where we are. The rendezvous shows our endpoints to whom we consent
// to (wire.Talk), and a session with anybody else is confined to the relay: nothing is
// sent to an endpoint of the peer's, and none of its probes is answered.
//
//	policy       learns where we are
//	circle       every member who asks
//	contacts     whom the user has chosen: added, verified, named or written to
//	relay-only   nobody; the rendezvous is told no more than it sees itself
//
// Whom we shun, a blocked peer or a suspect, learns nothing under any policy. As soon as
// there is one we withhold our endpoints from everybody, and consent to the others when
// they are introduced.

// introduceSetting is where the store keeps the policy.
const introduceSetting = "introduce"

// loadIntroduce takes the configured policy for good, or the one taken last.
func (d *Daemon) loadIntroduce() (api.Introduce, error) {
	if d.config.Introduce != "" {
		if err := d.checkIntroduce(d.config.Introduce); err != nil {
			return "", err
		}
		return d.config.Introduce, d.store.SetSetting(d.ctx, introduceSetting, string(d.config.Introduce))
	}
	saved, known, err := d.store.Setting(d.ctx, introduceSetting)
	if err != nil {
		return "", err
	}
	if !known {
		saved = string(api.IntroduceCircle)
	}
	policy, err := api.ParseIntroduce(saved)
	if err == nil {
		err = d.checkIntroduce(policy)
	}
	return policy, err
}

// checkIntroduce refuses what classic users would thwart.
func (d *Daemon) checkIntroduce(policy api.Introduce) error {
	if d.config.Classic && policy != api.IntroduceCircle {
		return &api.Error{
			Code:    api.CodeUsage,
			Message: fmt.Sprintf("users of the classic protocol are told where we are, which %q is to prevent", policy),
			Hint:    "leave out --classic, or allow it: --introduce circle",
		}
	}
	return nil
}

// introduces returns the policy.
func (d *Daemon) introduces() api.Introduce {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.introduce
}

// mayLearn reports whether a peer may learn where we are.
func (d *Daemon) mayLearn(peer wire.Key) bool {
	return d.shuns(peer) == nil && d.remedyOfPolicy(peer) == ""
}

// remedyOfPolicy says what would let a peer learn where we are; "" if it may.
func (d *Daemon) remedyOfPolicy(peer wire.Key) api.Remedy {
	d.mu.Lock()
	defer d.mu.Unlock()
	contact := d.contacts.byKey[peer]
	switch {
	case !contact.BlockedAt.IsZero():
		return api.RemedyUnblock
	case d.introduce == api.IntroduceRelayOnly:
		return api.RemedyIntroduce
	case d.introduce == api.IntroduceContacts && contact.ChosenAt.IsZero():
		return api.RemedyAddContact
	}
	return ""
}

// withholds reports whether anybody may not learn where we are.
func (d *Daemon) withholds() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.withholdsLocked()
}

func (d *Daemon) withholdsLocked() bool {
	if d.introduce != api.IntroduceCircle || len(d.suspects) > 0 {
		return true
	}
	for _, contact := range d.contacts.byKey {
		if !contact.BlockedAt.IsZero() {
			return true
		}
	}
	return false
}

// requiredLocked is what a rendezvous has to know for the policy to mean anything. To
// shun somebody is no reason to leave an old one.
func (d *Daemon) requiredLocked() []wire.Feature {
	if d.introduce == api.IntroduceCircle {
		return nil
	}
	return []wire.Feature{wire.FeatureWithhold}
}

// SetIntroduce changes the policy, now and for later starts.
func (d *Daemon) SetIntroduce(ctx context.Context, request api.IntroduceRequest) (api.Introductions, error) {
	if err := d.checkIntroduce(request.Introduce); err != nil {
		return api.Introductions{}, err
	}
	requires, err := d.replaceIntroduce(ctx, request.Introduce)
	if err != nil {
		return api.Introductions{}, err
	}
	if requires { // whether the rendezvous knows how is asked at the login
		d.loginAnew()
	}
	signal(d.remap)
	d.reconsider()
	d.talkToRelayed()
	return api.Introductions{Introduce: request.Introduce}, nil
}

// replaceIntroduce notes the policy, on disk and then in memory. It reports whether what a
// rendezvous has to know for it is another thing now.
func (d *Daemon) replaceIntroduce(ctx context.Context, policy api.Introduce) (requires bool, err error) {
	d.pinning.Lock() // of two changes at once the same comes last in both
	defer d.pinning.Unlock()
	if err := d.store.SetSetting(ctx, introduceSetting, string(policy)); err != nil {
		return false, err
	}
	d.mu.Lock()
	before, required := d.introduce, d.requiredLocked()
	d.introduce = policy
	requires = !slices.Equal(required, d.requiredLocked())
	d.mu.Unlock()
	if before != policy {
		d.log.Info().Str("before", string(before)).Str("now", string(policy)).Msg("introductions")
	}
	return requires, nil
}

// loginAnew ends the login there is, or the attempt under way, for another one.
func (d *Daemon) loginAnew() {
	d.dropControl()
	d.redial()
}

// tooOldToWithhold says more about a rendezvous that refuses a hello for what it
// requires.
func tooOldToWithhold(err error, hello wire.Hello) error {
	refused, ok := errors.AsType[wire.Refused](err)
	if !ok || refused.Code != wire.RefusedVersion || !slices.Contains(hello.Requires, wire.FeatureWithhold) {
		return err
	}
	return fmt.Errorf("%w (it is too old to keep from other members where you are; one that may tell them will do for: introduce %s)",
		err, api.IntroduceCircle)
}

// reconsider acts upon a change of who may learn where we are. What the rendezvous was
// told is taken back; who may learn it is told anew at the next introduction.
func (d *Daemon) reconsider() {
	d.sendEndpoints()
	for _, s := range d.allSessions() {
		if !d.mayLearn(s.peer) {
			s.punch.Confine()
		}
	}
}

// choose notes that the user wants to have to do with a peer, and pins its name to its
// key if that has not been done.
func (d *Daemon) choose(ctx context.Context, peer wire.Key) error {
	if d.isChosen(peer) {
		return nil
	}
	d.pinning.Lock()
	defer d.pinning.Unlock()
	if _, listed := d.rosterRow(peer); !listed && d.unpinned(peer) {
		return nil
	}
	contact, err := d.contact(peer.String())
	if err != nil {
		_, err = d.newContact(ctx, store.Contact{Key: peer, ChosenAt: time.Now()})
		return err
	}
	_, err = d.chosen(ctx, contact)
	return err
}

func (d *Daemon) isChosen(peer wire.Key) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return !d.contacts.byKey[peer].ChosenAt.IsZero()
}

// chosen notes that the user has chosen a contact. Where that makes the difference, it
// is told at once where we are. The caller holds pinning.
func (d *Daemon) chosen(ctx context.Context, contact store.Contact) (store.Contact, error) {
	if !contact.ChosenAt.IsZero() {
		return contact, nil
	}
	contact.ChosenAt = time.Now()
	if err := d.store.SetChosen(ctx, contact.Key, contact.ChosenAt); err != nil {
		return contact, err
	}
	d.replaceContact(contact)
	if c := d.existingConversation(contact.Key); c != nil && c.currentSession() != nil && d.introduces() == api.IntroduceContacts {
		c.want(true)
	}
	return contact, nil
}

// askFor says to the rendezvous whom we want to be introduced to, where we are if the talk
// does not say so, and whether that peer may learn it. It reports whether it could.
func (d *Daemon) askFor(talk wire.Talk) bool {
	d.consenting.Lock()
	defer d.consenting.Unlock()
	if len(talk.Candidates) == 0 {
		talk.Candidates, talk.NAT = d.whereabouts()
	}
	talk.Withhold = !d.mayLearn(talk.To)
	connection := d.currentControl()
	return connection != nil && connection.TrySend(talk)
}
