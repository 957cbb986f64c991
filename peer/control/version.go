package control

import (
	"fmt"

	"peerd/wire"
)

// An IncompatibleError says that we and the rendezvous would misunderstand each
// other, and whom to upgrade. It takes a person to mend.
type IncompatibleError struct{ reason string }

func (e *IncompatibleError) Error() string { return e.reason }

// checkWelcome returns an *IncompatibleError for a welcome that is of another
// version than our hello, or that requires what we do not know.
func checkWelcome(hello wire.Hello, welcome wire.Welcome) error {
	if welcome.Version != hello.Version {
		return &IncompatibleError{fmt.Sprintf(
			"the rendezvous answers in version %d of the protocol to our version %d: upgrade the older of peerd and rendezvous",
			welcome.Version, hello.Version)}
	}
	if unknown := wire.UnknownFeatures(welcome.Requires); len(unknown) > 0 {
		return &IncompatibleError{fmt.Sprintf(
			"the rendezvous requires %s, which this peerd does not know: upgrade peerd", wire.NameFeatures(unknown))}
	}
	return nil
}
