package wire

import (
	"bytes"
	"encoding/binary"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/pion/stun/v3"
	"peerd/internal/spoil"
)

// A decoder is one of the functions of this package that read what others wrote.
type decoder struct {
	function string
	decode   func([]byte) error
	valid    [][]byte // what it accepts
	protobuf bool
	// reseal makes checksums right and leaves lengths alone, so that a wrong one is
	// read; nil: there is none.
	reseal func([]byte) []byte
}

// everyDecoder returns all of them: the kinds of frames by themselves, so that a new
// one is here as soon as it has a name, and the rest, which
// TestT14EveryDecoderIsTested keeps complete.
func everyDecoder(t testing.TB) []decoder {
	t.Helper()
	buffer := make([]byte, MaxBody)
	all := []decoder{
		{function: "ParseLogin", decode: decoders["login"], valid: vectorsOf(t, "login"), reseal: resealSTUN},
		{function: "ParseAccept", decode: decoders["accept"], valid: vectorsOf(t, "accept"), reseal: resealSTUN},
		{function: "ParseProbe", decode: decoders["probe"], valid: vectorsOf(t, "probe"), reseal: resealProbe},
		{function: "ParseProbeReply", decode: decoders["probe reply"], valid: vectorsOf(t, "probe_reply"), reseal: resealProbe},
		{function: "ParseBindingRequest", decode: decoders["binding request"], valid: vectorsOf(t, "binding_request"), reseal: resealSTUN},
		{function: "ParseBindingResponse", decode: decoders["binding response"], valid: vectorsOf(t, "binding_response"), reseal: resealSTUN},
		{function: "Classify", decode: func(d []byte) error { Classify(d); ProbeSession(d); return nil },
			valid: slices.Concat(vectorsOf(t, "probe"), vectorsOf(t, "classic")), reseal: resealProbe},
		{function: "ParseCertificate", decode: errorOf(ParseCertificate), valid: vectorsOf(t, "certificate")},
		{function: "ParseRelayHeader", decode: func(d []byte) error { ParseRelayHeader(d); return nil },
			valid: [][]byte{append(AppendRelayHeader(nil, exampleSession), "payload"...)}},
		{function: "ReadFrame", decode: func(d []byte) error { _, _, err := ReadFrame(bytes.NewReader(d), buffer); return err },
			valid: vectorsOf(t, "frame")},
		{function: "ReadStreamDatagram", decode: errorOf(streamDatagramCodec.decode), valid: vectorsOf(t, "stream_datagram")},
		{function: "ParseClassic", decode: errorOf(decodeClassicFields), valid: vectorsOf(t, "classic")},
		{function: "ParseClassicList", decode: errorOf(classicTextList.decode), valid: vectorsOf(t, "classic_list")},
		{function: "ParseClassicList", decode: errorOf(classicDotNETList.decode), valid: vectorsOf(t, "classic_list_dotnet")},
		{function: "ParseKey", decode: errorOfText(ParseKey), valid: [][]byte{[]byte(exampleKey.String())}},
		{function: "ParseMessageID", decode: errorOfText(ParseMessageID), valid: [][]byte{[]byte(exampleMessageID.String())}},
		{function: "ParseGroupID", decode: errorOfText(ParseGroupID), valid: [][]byte{[]byte(GroupID(exampleInstance).String())}},
	}
	for kind, name := range kindNames {
		if name == "" {
			continue
		}
		all = append(all, decoder{
			function: "Parse" + messageName(name),
			decode:   func(body []byte) error { _, err := Parse(Kind(kind), body); return err },
			valid:    vectorsOf(t, strings.ReplaceAll(name, "-", "_")),
			protobuf: Kind(kind) != KindRelay,
		})
	}
	return all
}

func errorOf[M any](decode func([]byte) (M, error)) func([]byte) error {
	return func(b []byte) error { _, err := decode(b); return err }
}

func errorOfText[M any](decode func(string) (M, error)) func([]byte) error {
	return func(b []byte) error { _, err := decode(string(b)); return err }
}

// messageName turns talk-refused into TalkRefused.
func messageName(name string) string {
	var words strings.Builder
	for word := range strings.SplitSeq(name, "-") {
		words.WriteString(strings.ToUpper(word[:1]) + word[1:])
	}
	return words.String()
}

func vectorsOf(t testing.TB, name string) [][]byte {
	t.Helper()
	var all [][]byte
	for _, v := range readVectors(t, name) {
		all = append(all, unhex(t, v.Hex))
	}
	return all
}

func resealSTUN(d []byte) []byte {
	if head := len(d) - fingerprintSize; head >= stunHeaderSize {
		binary.BigEndian.PutUint32(d[head+attributeHeaderSize:], stun.FingerprintValue(d[:head]))
	}
	return d
}

func resealProbe(d []byte) []byte {
	head := len(d) - fingerprintSize - macAttributeSize
	if head >= stunHeaderSize && head <= maxMACInput {
		copy(d[head:], appendMAC(bytes.Clone(d[:head]), 0, exampleProbeKey)[head:])
	}
	return resealSTUN(d)
}

// Who writes a decoder is reminded of the tests that every one has to survive.
func TestT14EveryDecoderIsTested(t *testing.T) {
	tested := map[string]bool{"Parse": true} // kind by kind
	for _, d := range everyDecoder(t) {
		tested[d.function] = true
		if len(d.valid) == 0 {
			t.Errorf("%s has no input that it accepts", d.function)
		}
		for _, raw := range d.valid {
			if err := d.decode(raw); err != nil {
				t.Errorf("%s refuses its example: %v", d.function, err)
			}
		}
	}
	for _, function := range exportedFunctions(t, `^(Parse|Read|Decode|Open|Unmarshal|Classify)`) {
		if !tested[function] {
			t.Errorf("%s is not in everyDecoder", function)
		}
	}
}

// exportedFunctions returns the functions of this package whose names match.
func exportedFunctions(t *testing.T, pattern string) []string {
	t.Helper()
	matches := regexp.MustCompile(pattern)
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]bool{}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, declaration := range file.Decls {
			if f, ok := declaration.(*ast.FuncDecl); ok && f.Recv == nil && matches.MatchString(f.Name.Name) {
				found[f.Name.Name] = true
			}
		}
	}
	if len(found) < 30 {
		t.Fatalf("found %d functions: the search is broken", len(found))
	}
	return slices.Sorted(maps.Keys(found))
}

// Tox CVE-2021-44847 and its like: what is shorter than it must be.
func TestT14EveryDecoderSurvivesEveryTruncation(t *testing.T) {
	for _, d := range everyDecoder(t) {
		t.Run(d.function, func(t *testing.T) {
			for _, whole := range d.valid {
				for cut := range spoil.Cut(whole) {
					d.decode(cut) // it must return; what it makes of it, the vectors say
					if d.reseal != nil {
						d.decode(repairSTUN(bytes.Clone(cut)))
						d.decode(repairProbe(bytes.Clone(cut)))
					}
				}
			}
		})
	}
}

// Syncthing CVE-2021-21404 (a negative length), coturn CVE-2026-43994 (one beyond the
// end), pion CVE-2026-54909 (zero): wherever there may be a length, it is each of
// those once.
func TestT14EveryDecoderSurvivesEveryLength(t *testing.T) {
	for _, d := range everyDecoder(t) {
		t.Run(d.function, func(t *testing.T) {
			for _, whole := range d.valid {
				before, last := allocated(), 0
				for at, changed := range spoil.Lengths(whole) {
					if at != last {
						if spent := allocated() - before; spent > 1<<20 {
							t.Errorf("a wrong length at %d of %x made it allocate %d bytes", last, whole, spent)
						}
						before, last = allocated(), at
					}
					d.decode(changed)
					if d.reseal != nil {
						d.decode(d.reseal(changed))
					}
				}
			}
		})
	}
}
