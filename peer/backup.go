package peer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"peerd/peer/backup"
	"peerd/peer/store"
)

// Backup writes a backup of the state directory to w, as it is now. The daemon
// goes on meanwhile.
func (d *Daemon) Backup(ctx context.Context, w io.Writer) error {
	d.backingUp.Lock()
	defer d.backingUp.Unlock()
	return writeBackup(ctx, w, d.store, d.config.StateDir)
}

// cleanUpAfterBackup removes what a backup left that died with an earlier daemon.
func (d *Daemon) cleanUpAfterBackup() error {
	d.backingUp.Lock()
	defer d.backingUp.Unlock()
	return backup.CleanUp(d.config.StateDir)
}

// BackUp writes a backup of a state directory in which no daemon runs to w. The
// error is a *store.InUseError when one does, and fs.ErrNotExist when the
// directory holds no state.
func BackUp(ctx context.Context, w io.Writer, stateDir string) error {
	if _, err := os.Stat(store.Path(stateDir)); err != nil {
		return fmt.Errorf("back up: %w", err)
	}
	s, err := store.Open(stateDir)
	if err != nil {
		return err
	}
	return errors.Join(writeBackup(ctx, w, s, stateDir), s.Close())
}

func writeBackup(ctx context.Context, w io.Writer, s *store.Store, stateDir string) error {
	self, err := loadKey(stateDir, s)
	if err != nil {
		return err
	}
	member, err := savedMembership(s)
	if err != nil {
		return err
	}
	return backup.Write(ctx, w, s, stateDir, backup.Manifest{
		Key: self.Key().String(), Name: member.Name, Circle: member.Circle, MadeAt: time.Now().UTC(),
	})
}
