package control

import (
	"fmt"

	"peerd/wire"
)

// An IncompatibleError says that we and the rendezvous would misunderstand each
// other, and whom to upgrade. It takes a person to mend.
type IncompatibleError struct {
	Cause string
	Hint  string // the user's next step
}

func (e *IncompatibleError) Error() string { return e.Cause }

// checkWelcome returns an *IncompatibleError for a welcome that is of another
// version than our hello, or that requires what we do not know.
func checkWelcome(hello wire.Hello, welcome wire.Welcome) error {
	if welcome.Version != hello.Version {
		return &IncompatibleError{
			Cause: fmt.Sprintf("the rendezvous answers in version %d of the protocol, we speak version %d", welcome.Version, hello.Version),
			Hint:  "upgrade the older of peerd and rendezvous",
		}
	}
	if unknown := wire.UnknownFeatures(welcome.Requires); len(unknown) > 0 {
		return &IncompatibleError{
			Cause: fmt.Sprintf("the rendezvous requires %s, which this peerd does not know", wire.NameFeatures(unknown)),
			Hint:  "upgrade peerd",
		}
	}
	return nil
}
