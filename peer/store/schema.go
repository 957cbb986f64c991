package store

import (
	"cmp"
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
)

// migrations/N.sql is step N from an empty file to today's schema. Steps are
// only ever added, at the end: files in the field have had the earlier ones.
//
//go:embed migrations/*.sql
var migrationFiles embed.FS

// A migration is one step. A file's PRAGMA user_version is the number of the
// last one it has had.
type migration struct {
	version   int
	statement string
}

// migrations returns the steps in order.
func migrations() ([]migration, error) {
	names, err := fs.Glob(migrationFiles, "migrations/*.sql")
	if err != nil {
		return nil, err
	}
	var steps []migration
	for _, name := range names {
		version, err := strconv.Atoi(strings.TrimSuffix(path.Base(name), ".sql"))
		if err != nil {
			return nil, fmt.Errorf("number of migration %s: %w", name, err)
		}
		statement, err := migrationFiles.ReadFile(name)
		if err != nil {
			return nil, err
		}
		steps = append(steps, migration{version, string(statement)})
	}
	slices.SortFunc(steps, func(a, b migration) int { return cmp.Compare(a.version, b.version) })
	return steps, nil
}

// migrate brings db to today's schema, each step in a transaction of its own.
func migrate(ctx context.Context, db *sql.DB) error {
	var version int
	if err := db.QueryRowContext(ctx, "PRAGMA user_version").Scan(&version); err != nil {
		return fmt.Errorf("read schema version: %w", err)
	}
	steps, err := migrations()
	if err != nil {
		return err
	}
	if newest := steps[len(steps)-1].version; version > newest {
		return fmt.Errorf("schema version %d, this program knows up to %d: %w; start the newer one again",
			version, newest, ErrNewerSchema)
	}
	for _, step := range steps {
		if step.version <= version {
			continue
		}
		if err := migrateStep(ctx, db, step); err != nil {
			return fmt.Errorf("migrate schema to version %d: %w", step.version, err)
		}
	}
	return nil
}

func migrateStep(ctx context.Context, db *sql.DB, step migration) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, step.statement)
	if err == nil {
		// PRAGMA takes no parameters; user_version is part of the transaction.
		_, err = tx.ExecContext(ctx, fmt.Sprintf("PRAGMA user_version = %d", step.version))
	}
	if err != nil {
		return errors.Join(err, tx.Rollback())
	}
	return tx.Commit()
}
