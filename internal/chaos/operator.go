//go:build linux

package chaos

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"
)

// An operator makes and revokes invites, and remembers what the rendezvous said
// about them.
type operator struct {
	circle  *circle
	open    []string // ids
	revoked []string
}

// work makes another invite and, when there are some, revokes the oldest. What
// fails is not remembered.
func (o *operator) work() error {
	if len(o.open) > 3 {
		oldest := o.open[0]
		o.open = o.open[1:] // revoked or not, should the answer get lost
		if _, err := o.invite("revoke", oldest); err != nil {
			return err
		}
		o.revoked = append(o.revoked, oldest)
	}
	made, err := o.invite("create", "--uses", "1", "--json")
	if err == nil {
		o.open = append(o.open, made[0].ID)
	}
	return err
}

// missing counts the invites that are not as the operator was told.
func (o *operator) missing() (count int, err error) {
	listed, err := o.invite("ls", "--json")
	state := make(map[string]string)
	for _, i := range listed {
		state[i.ID] = i.State
	}
	for _, id := range o.open {
		if state[id] != "open" {
			count++
		}
	}
	for _, id := range o.revoked {
		if state[id] == "open" {
			count++
		}
	}
	return count, err
}

// inviteRow is what the rendezvous says of an invite.
type inviteRow struct {
	ID    string `json:"id"`
	State string `json:"state"`
}

// invite runs rendezvous invite.
func (o *operator) invite(command string, args ...string) (rows []inviteRow, err error) {
	args = append([]string{"invite", command, "--state", o.circle.state}, args...)
	out, err := exec.Command(o.circle.program("rendezvous"), args...).Output()
	if err != nil {
		return nil, fmt.Errorf("rendezvous %s: %w", strings.Join(args, " "), err)
	}
	for decoder := json.NewDecoder(strings.NewReader(string(out))); ; {
		var row inviteRow
		err := decoder.Decode(&row)
		if errors.Is(err, io.EOF) {
			return rows, nil
		}
		if err != nil {
			return nil, err
		}
		rows = append(rows, row)
	}
}
