package store

import (
	"context"
	"database/sql"
	_ "embed"
	"errors"
	"fmt"
)

var (
	//go:embed migrations/1.sql
	migration1 string
	//go:embed migrations/2.sql
	migration2 string
	//go:embed migrations/3.sql
	migration3 string
)

// migrations returns the steps from an empty file to today's schema. A file's
// PRAGMA user_version is the number of steps it has had. Steps are only ever
// appended: files in the field have had the earlier ones.
func migrations() []string { return []string{migration1, migration2, migration3} }

// migrate brings db to today's schema, each step in a transaction of its own.
func migrate(ctx context.Context, db *sql.DB) error {
	var version int
	if err := db.QueryRowContext(ctx, "PRAGMA user_version").Scan(&version); err != nil {
		return fmt.Errorf("read schema version: %w", err)
	}
	steps := migrations()
	if version > len(steps) {
		return fmt.Errorf("schema version %d, this program knows up to %d: %w; start the newer one again",
			version, len(steps), ErrNewerSchema)
	}
	for ; version < len(steps); version++ {
		if err := migrateStep(ctx, db, steps[version], version+1); err != nil {
			return fmt.Errorf("migrate schema to version %d: %w", version+1, err)
		}
	}
	return nil
}

func migrateStep(ctx context.Context, db *sql.DB, step string, version int) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, step)
	if err == nil {
		// PRAGMA takes no parameters; user_version is part of the transaction.
		_, err = tx.ExecContext(ctx, fmt.Sprintf("PRAGMA user_version = %d", version))
	}
	if err != nil {
		return errors.Join(err, tx.Rollback())
	}
	return tx.Commit()
}
