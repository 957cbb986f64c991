// Package failpoint names the moments at which a daemon's sudden death is most
// likely to lose or to repeat something, and lets a test bring it about there.
// It serves peer and peer/store, which pass the points, and internal/chaos,
// which chooses one for a process:
//
//	PEERD_FAILPOINT=store.commit.before@3 peerd run ...
//
// A process built with the tag failpoint kills itself with SIGKILL when it
// passes that point for the third time: nothing is flushed, closed or told
// any more. In every other build a point is nothing at all: [Hit] is empty and
// inlined.
//
// It injects no errors and no delays: those come from outside, from full disks
// and bad networks.
package failpoint
