package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"os"

	"github.com/spf13/cobra"

	"peerd/internal/printable"
	"peerd/peer/api"
)

const (
	// importLines and importBytes bound what is imported in one transaction.
	// The daemon takes requests of about 390 KiB.
	importLines = 500
	importBytes = 128 << 10
	// maxImportLine is the longest line read in bytes: of a message of which JSON
	// escapes every byte.
	maxImportLine = 6*api.MaxText + 2<<10
)

func (a *app) importCommand() *cobra.Command {
	i := importer{app: a}
	command := &cobra.Command{
		Use:   "import FILE|-",
		Short: "Take messages of an export into the history",
		Long: `Take messages of an export into the history, from a file or from standard input.
Importing again changes nothing: messages are known by their id, and what is newer
here stays as it is.

Nothing is sent. Your messages that were still under way when they were exported show
as imported, and are not sent from here: whether they arrived, the daemon knows that
they were exported from; send them again if they are missing.

Lines are taken in groups, each of them whole or not at all. When a line is wrong, the
error says which one, and up to where the file was imported: mend it and import it
again. With --another-key the history of another key of yours is taken, such as one
that was lost; it comes before everything that is here.`,
		Args: usageArgs(cobra.ExactArgs(1)),
	}
	command.Flags().BoolVar(&i.anotherKey, "another-key", false, "the history is of another key of yours")
	command.RunE = a.with(func(ctx context.Context, client *api.Client, args []string) error {
		i.client = client
		return i.run(ctx, args[0])
	})
	return command
}

// importer is one run of peerctl import.
type importer struct {
	*app
	client     *api.Client
	anotherKey bool

	batch  []api.Exported
	size   int // of the batch's lines in bytes
	line   int // read last
	stored int // the last line that is imported, or empty
	total  api.Imported
}

func (i *importer) run(ctx context.Context, path string) error {
	in := i.input(ctx)
	if path != "-" {
		file, err := os.Open(path)
		if err != nil {
			return usage(err)
		}
		defer file.Close()
		in = file
	}
	if err := i.read(ctx, in); err != nil {
		return err
	}
	if i.json {
		return i.row(i.total)
	}
	return i.app.line(i.text.Archive.Imported, i.total.Added, i.total.Advanced, i.total.Known)
}

func (i *importer) read(ctx context.Context, in io.Reader) error {
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, maxImportLine)
	for lines.Scan() {
		i.line++
		text := bytes.TrimSpace(lines.Bytes())
		if len(text) == 0 {
			continue
		}
		row, err := parseExported(text)
		if err != nil {
			return i.badLine(err)
		}
		if len(i.batch) == importLines || i.size+len(text) > importBytes {
			if err := i.flush(ctx, i.line-1); err != nil {
				return err
			}
		}
		i.batch, i.size = append(i.batch, row), i.size+len(text)
	}
	if err := lines.Err(); err != nil {
		i.line++
		return i.badLine(err)
	}
	return i.flush(ctx, i.line)
}

func parseExported(line []byte) (api.Exported, error) {
	var row api.Exported
	if err := json.Unmarshal(line, &row); err != nil {
		return row, err
	}
	return row, row.Check()
}

// flush imports the lines gathered, the last of which is given.
func (i *importer) flush(ctx context.Context, last int) error {
	if len(i.batch) > 0 {
		limited, cancel := i.limited(ctx)
		defer cancel()
		count, err := i.client.Import(limited, api.ImportRequest{Messages: i.batch, AnotherKey: i.anotherKey})
		if err != nil {
			if i.stored > 0 {
				i.say(fill(i.text.Archive.SoFar, i.stored))
			}
			return err
		}
		i.total.Added += count.Added
		i.total.Advanced += count.Advanced
		i.total.Known += count.Known
	}
	i.batch, i.size, i.stored = nil, 0, last
	return nil
}

// badLine is the error for a line that cannot be taken.
func (i *importer) badLine(err error) error {
	return failure(api.CodeUsage, i.text.Archive.BadLine, i.line, printable.Line(err.Error()), i.stored)
}
