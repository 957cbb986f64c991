package release

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/CycloneDX/cyclonedx-go"
)

// writeBOM writes the bill of materials of all programs, read out of their
// binaries, and returns its name.
func writeBOM(opts Options, programs []program, licences licences) (string, error) {
	bom, err := newBOM(programs, licences)
	if err != nil {
		return "", err
	}
	var text bytes.Buffer
	encode := func() error {
		text.Reset()
		encoder := cyclonedx.NewBOMEncoder(&text, cyclonedx.BOMFileFormatJSON)
		return encoder.SetPretty(true).SetEscapeHTML(false).EncodeVersion(bom, cyclonedx.SpecVersion1_6)
	}
	if err := encode(); err != nil {
		return "", err
	}
	// The serial number names these contents: the same release has the same one.
	bom.SerialNumber = serialNumber(sha256.Sum256(text.Bytes()))
	if err := encode(); err != nil {
		return "", err
	}
	name := fmt.Sprintf("%s-%s.cdx.json", Name, programs[0].version())
	return name, os.WriteFile(filepath.Join(opts.Out, name), text.Bytes(), 0o644)
}

// serialNumber makes a UUID of a hash (RFC 9562 section 5.8).
func serialNumber(hash [sha256.Size]byte) string {
	hash[6] = hash[6]&0x0f | 0x80
	hash[8] = hash[8]&0x3f | 0x80
	return fmt.Sprintf("urn:uuid:%x-%x-%x-%x-%x", hash[:4], hash[4:6], hash[6:8], hash[8:10], hash[10:16])
}

// newBOM describes a release: it consists of programs, each of which consists of
// modules and of Go's standard library.
func newBOM(programs []program, licences licences) (*cyclonedx.BOM, error) {
	first := programs[0]
	committed, err := first.committed()
	if err != nil {
		return nil, err
	}
	bom := cyclonedx.NewBOM()
	whole := component(Name, first.version(), cyclonedx.ComponentTypeApplication, []string{"MIT"})
	whole.Properties = &[]cyclonedx.Property{{Name: "vcs.revision", Value: first.setting("vcs.revision")}}
	bom.Metadata = &cyclonedx.Metadata{Timestamp: committed.UTC().Format(time.RFC3339), Component: &whole}

	var components []cyclonedx.Component
	dependencies := []cyclonedx.Dependency{{Ref: whole.BOMRef, Dependencies: new([]string)}}
	for _, p := range programs {
		itself, err := p.component()
		if err != nil {
			return nil, err
		}
		components = append(components, itself)
		on, err := p.modules(licences)
		if err != nil {
			return nil, err
		}
		components = append(components, on...)
		*dependencies[0].Dependencies = append(*dependencies[0].Dependencies, itself.BOMRef)
		dependencies = append(dependencies, cyclonedx.Dependency{Ref: itself.BOMRef, Dependencies: references(on)})
	}
	slices.SortFunc(components, func(a, b cyclonedx.Component) int { return cmp.Compare(a.BOMRef, b.BOMRef) })
	components = slices.CompactFunc(components, func(a, b cyclonedx.Component) bool { return a.BOMRef == b.BOMRef })
	bom.Components = &components
	bom.Dependencies = &dependencies
	return bom, nil
}

// component of a bill: a Go module, ours or another's.
func component(path, version string, kind cyclonedx.ComponentType, ids []string) cyclonedx.Component {
	location := "pkg:golang/" + path + "@" + version
	var choices cyclonedx.Licenses
	for _, id := range ids {
		choices = append(choices, cyclonedx.LicenseChoice{License: &cyclonedx.License{ID: id}})
	}
	return cyclonedx.Component{
		BOMRef: location, Type: kind, Name: path, Version: version, PackageURL: location, Licenses: &choices,
	}
}

// component describes the program as a file: who has it can tell which one it is.
func (p program) component() (cyclonedx.Component, error) {
	data, err := os.ReadFile(p.path)
	if err != nil {
		return cyclonedx.Component{}, err
	}
	sum := sha256.Sum256(data)
	return cyclonedx.Component{
		BOMRef:  p.target.String() + "/" + p.name,
		Type:    cyclonedx.ComponentTypeApplication,
		Name:    p.name,
		Version: p.version(),
		Hashes:  &[]cyclonedx.Hash{{Algorithm: cyclonedx.HashAlgoSHA256, Value: hex.EncodeToString(sum[:])}},
		Properties: &[]cyclonedx.Property{
			{Name: "GOOS", Value: p.target.OS}, {Name: "GOARCH", Value: p.target.Arch}, {Name: "go", Value: p.info.GoVersion},
		},
	}, nil
}

// modules returns the components that the program's binary says it is made of.
func (p program) modules(licences licences) ([]cyclonedx.Component, error) {
	version := strings.TrimPrefix(p.info.GoVersion, "go")
	all := []cyclonedx.Component{component("std", version, cyclonedx.ComponentTypeLibrary, licences["std"].ids)}
	for _, module := range p.info.Deps {
		c := component(module.Path, module.Version, cyclonedx.ComponentTypeLibrary, licences[module.Path].ids)
		sum, err := moduleHash(module)
		if err != nil {
			return nil, err
		}
		c.Hashes = &[]cyclonedx.Hash{sum}
		all = append(all, c)
	}
	return all, nil
}

// moduleHash is the module's checksum in go.sum, a SHA-256 over the hashes of its
// files, as other tools put it into bills too.
func moduleHash(module *debug.Module) (cyclonedx.Hash, error) {
	encoded, found := strings.CutPrefix(module.Sum, "h1:")
	sum, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil || !found {
		return cyclonedx.Hash{}, fmt.Errorf("checksum of %s: %q", module.Path, module.Sum)
	}
	return cyclonedx.Hash{Algorithm: cyclonedx.HashAlgoSHA256, Value: hex.EncodeToString(sum)}, nil
}

func references(components []cyclonedx.Component) *[]string {
	var refs []string
	for _, c := range components {
		refs = append(refs, c.BOMRef)
	}
	slices.Sort(refs)
	return &refs
}
