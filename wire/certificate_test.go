package wire

import (
	"bytes"
	"strings"
	"testing"
)

var exampleCertificate = Certificate{Name: "小明", Bound: exampleTime, Signature: counting[[64]byte](0x40)}

var certificateCodec = codec[Certificate]{
	name:   "certificate",
	encode: func(c Certificate) ([]byte, error) { return c.Append(nil), nil },
	decode: ParseCertificate,
}

func TestCertificateVectors(t *testing.T) {
	certificateCodec.testVectors(t, example[Certificate]{"of a member", exampleCertificate})
}

func TestCertificateRefuses(t *testing.T) {
	whole := exampleCertificate.Append(nil)
	for name, b := range map[string][]byte{
		"nothing":         nil,
		"no name":         whole[:certificateHeader],
		"half a letter":   whole[:certificateHeader+1],
		"a name too long": append(bytes.Clone(whole[:certificateHeader]), strings.Repeat("n", MaxName+1)...),
	} {
		if got, err := ParseCertificate(b); err == nil {
			t.Errorf("%s: parsed as %+v", name, got)
		}
	}
}

// TestCertificateStatementsDiffer proves that no certificate serves for
// another circle, key, name or time.
func TestCertificateStatementsDiffer(t *testing.T) {
	key, other := counting[Key](1), counting[Key](2)
	statements := [][]byte{
		CertificateStatement("home", key, "alice", exampleTime),
		CertificateStatement("homes", key, "alice", exampleTime),
		CertificateStatement("home", other, "alice", exampleTime),
		CertificateStatement("home", key, "bob", exampleTime),
		CertificateStatement("home", key, "alice", exampleTime.Add(1)),
	}
	for i, a := range statements {
		for j, b := range statements {
			if (i == j) != bytes.Equal(a, b) {
				t.Errorf("statements %d and %d: equal is %v", i, j, i != j)
			}
		}
	}
}

func FuzzParseCertificate(f *testing.F) { certificateCodec.fuzz(f) }
