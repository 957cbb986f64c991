package wire

import (
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"
)

func TestT26FeaturesWeDoNotKnowAreFound(t *testing.T) {
	for _, c := range []struct {
		name     string
		required []Feature
		want     []Feature
		sentence string
	}{
		{"nothing is required", nil, nil, ""},
		{"what is known", []Feature{FeatureWithhold}, nil, ""},
		{"one of the future", []Feature{FeatureWithhold, 7}, []Feature{7}, "feature 7"},
		{"the largest number", []Feature{1<<32 - 1}, []Feature{1<<32 - 1}, "feature 4294967295"},
		{"several, in their order", []Feature{9, FeatureWithhold, 7}, []Feature{9, 7}, "features 9, 7"},
		{"more than a sentence names", slices.Repeat([]Feature{1<<32 - 1}, MaxFeatures), slices.Repeat([]Feature{1<<32 - 1}, MaxFeatures), " and 56 more"},
	} {
		t.Run(c.name, func(t *testing.T) {
			unknown := UnknownFeatures(c.required)
			if !slices.Equal(unknown, c.want) {
				t.Errorf("unknown are %v, want %v", unknown, c.want)
			}
			sentence := NameFeatures(unknown)
			if len(unknown) > 0 && !strings.HasSuffix(sentence, c.sentence) || len(sentence) > MaxDetail/2 {
				t.Errorf("they are called %q, want %q", sentence, c.sentence)
			}
		})
	}
	if got := NameFeatures([]Feature{FeatureWithhold}); got != "feature 1 (withhold)" {
		t.Errorf("a known one is called %q", got)
	}
}

// A reader of version 1 would skip what is required of it; so it must not get to
// read such a Hello, and everybody else may.
func TestT26HelloThatRequiresSomethingDoesNotReachReadersThatWouldSkipIt(t *testing.T) {
	if got := VersionFor(nil); got != 1 {
		t.Errorf("a hello that requires nothing is of version %d: readers of version 1 refuse it", got)
	}
	if got := VersionFor([]Feature{FeatureWithhold}); got != 2 {
		t.Errorf("a hello with requirements is of version %d: readers of version 1 take it and skip them", got)
	}
	_, err := Hello{Version: 1, Instance: exampleInstance, Requires: []Feature{FeatureWithhold}}.AppendBody(nil)
	wantError(t, err, "encode hello: version 1 requires nothing of its reader")
}

// Protobuf lets a writer spell a list of numbers in two ways.
func TestRequirementsAreReadPackedAndSingly(t *testing.T) {
	body, err := Hello{Version: 2, Instance: exampleInstance, Requires: []Feature{1, 300}}.AppendBody(nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, number := range []uint64{7, 8} {
		body = protowire.AppendVarint(protowire.AppendTag(body, 12, protowire.VarintType), number)
	}
	hello, err := ParseHello(body)
	if err != nil || !slices.Equal(hello.Requires, []Feature{1, 300, 7, 8}) {
		t.Errorf("read %v, %v", hello.Requires, err)
	}
}
