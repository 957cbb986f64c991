package rendezvous

import (
	"fmt"

	"peerd/wire"
)

// checkVersion refuses a peer that would be misunderstood, or would misunderstand
// us, and says which program is the older one.
func checkVersion(hello wire.Hello) error {
	unknown := wire.UnknownFeatures(hello.Requires)
	detail := ""
	switch {
	case hello.Version < wire.MinVersion:
		detail = fmt.Sprintf("peerd speaks version %d, at least %d is needed: upgrade peerd", hello.Version, wire.MinVersion)
	case hello.Version > wire.Version:
		detail = fmt.Sprintf("peerd speaks version %d, this rendezvous at most %d: upgrade the rendezvous", hello.Version, wire.Version)
	case len(unknown) > 0:
		detail = fmt.Sprintf("peerd requires %s, which this rendezvous does not know: upgrade the rendezvous", wire.NameFeatures(unknown))
	default:
		return nil
	}
	return wire.Refused{Code: wire.RefusedVersion, Detail: detail}
}
