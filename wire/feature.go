package wire

import (
	"fmt"
	"strconv"
	"strings"
)

// A Feature is a part of the protocol that a Hello or Welcome may require its
// reader to know. Fields that a reader does not know it skips; a feature is for
// what must not be skipped: rather than to be misunderstood, the sender is
// refused. Numbers are never reused.
type Feature uint32

// The features there are. There is none that old readers may do without.
const (
	// FeatureWithhold asks a rendezvous to show a peer's endpoints only to whom the
	// peer consents to: one that skipped the wish would show them to everybody.
	FeatureWithhold Feature = 1
)

var featureNames = [...]string{
	FeatureWithhold: "withhold",
}

// Known reports whether this package knows what f means.
func (f Feature) Known() bool { return f > 0 && int64(f) < int64(len(featureNames)) }

// String returns number and name, "1 (withhold)", or the number alone for a
// feature we do not know.
func (f Feature) String() string {
	number := strconv.FormatUint(uint64(f), 10)
	if !f.Known() {
		return number
	}
	return number + " (" + featureNames[f] + ")"
}

// UnknownFeatures returns those of required that we do not know, in their order.
func UnknownFeatures(required []Feature) []Feature {
	var unknown []Feature
	for _, feature := range required {
		if !feature.Known() {
			unknown = append(unknown, feature)
		}
	}
	return unknown
}

// maxNamedFeatures bounds the features that a sentence names: all of MaxFeatures
// would not fit into MaxDetail.
const maxNamedFeatures = 8

// NameFeatures returns "feature 7", "features 7, 9", or the first few of many.
func NameFeatures(features []Feature) string {
	var names []string
	for _, feature := range features[:min(len(features), maxNamedFeatures)] {
		names = append(names, feature.String())
	}
	text := strings.Join(names, ", ")
	if more := len(features) - len(names); more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	if len(features) == 1 {
		return "feature " + text
	}
	return "features " + text
}

// VersionFor returns the version that a Hello with these requirements carries:
// the oldest one whose readers do not skip them.
func VersionFor(requires []Feature) uint32 {
	if len(requires) == 0 {
		return MinVersion
	}
	return versionRequires
}

// features is a list of numbers other than zero.
func (f *fields) features(list []uint32) []Feature {
	if len(list) > MaxFeatures {
		f.fail("requires are %d, the limit is %d", len(list), MaxFeatures)
		return nil
	}
	var features []Feature
	for _, number := range list {
		features = append(features, Feature(f.positive("required feature", uint64(number))))
	}
	return features
}

func encodeFeatures(features []Feature) []uint32 {
	var list []uint32
	for _, feature := range features {
		list = append(list, uint32(feature))
	}
	return list
}
