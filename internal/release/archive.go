package release

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// documents are in every archive.
var documents = []string{"CHANGELOG.md", "LICENSE", "README.md", "README.zh-CN.md", "SECURITY.md"}

// thirdParty is the name of the file with the licences of everything linked: most
// ask to be shown wherever the program goes.
const thirdParty = "THIRD-PARTY-LICENSES"

// A file of an archive.
type file struct {
	name string // below the archive's one folder, with slashes
	mode fs.FileMode
	data []byte
}

// archiveName is what the archive of a program's target is called, without .tar.gz:
// also the folder that it unpacks to.
func (p program) archiveName() string {
	return fmt.Sprintf("%s-%s-%s-%s", Name, p.version(), p.target.OS, p.target.Arch)
}

// writeArchive writes the archive of one target's programs and returns its name.
func writeArchive(opts Options, programs []program, licences licences) (string, error) {
	files, err := contents(opts.Source, programs, licences)
	if err != nil {
		return "", err
	}
	when, err := programs[0].committed()
	if err != nil {
		return "", err
	}
	folder := programs[0].archiveName()
	var archive bytes.Buffer
	if err := pack(&archive, folder, when, files); err != nil {
		return "", fmt.Errorf("pack %s: %w", folder, err)
	}
	name := folder + ".tar.gz"
	return name, os.WriteFile(filepath.Join(opts.Out, name), archive.Bytes(), 0o644)
}

// contents collects the files of an archive, in any order.
func contents(source string, programs []program, licences licences) ([]file, error) {
	files := []file{{thirdParty, 0o644, licences.text(programs)}}
	for _, p := range programs {
		data, err := os.ReadFile(p.path)
		if err != nil {
			return nil, err
		}
		files = append(files, file{filepath.Base(p.path), 0o755, data})
	}
	for _, name := range documents {
		data, err := os.ReadFile(filepath.Join(source, name))
		if err != nil {
			return nil, err
		}
		files = append(files, file{name, 0o644, data})
	}
	if programs[0].target.OS != "linux" {
		return files, nil
	}
	deployed, err := deployFiles(os.DirFS(source))
	return append(files, deployed...), err
}

// deployFiles are what operators on Linux install; the tests beside them stay.
func deployFiles(source fs.FS) (files []file, err error) {
	err = fs.WalkDir(source, "deploy", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || path.Ext(name) == ".go" {
			return err
		}
		data, err := fs.ReadFile(source, name)
		files = append(files, file{name, 0o644, data})
		return err
	})
	return files, err
}

// pack writes a gzipped tar whose bytes depend on the arguments alone: sorted, one
// time for all, owned by root, no time of packing.
func pack(w io.Writer, folder string, when time.Time, files []file) error {
	slices.SortFunc(files, func(a, b file) int { return strings.Compare(a.name, b.name) })
	compressed := gzip.NewWriter(w)
	archive := tar.NewWriter(compressed)
	for _, f := range files {
		header := &tar.Header{
			Typeflag: tar.TypeReg,
			Name:     path.Join(folder, f.name),
			Mode:     int64(f.mode),
			Size:     int64(len(f.data)),
			ModTime:  when,
			Format:   tar.FormatUSTAR,
		}
		if err := archive.WriteHeader(header); err != nil {
			return err
		}
		if _, err := archive.Write(f.data); err != nil {
			return err
		}
	}
	if err := archive.Close(); err != nil {
		return err
	}
	return compressed.Close()
}
