package identity

import (
	"crypto/x509"
	"encoding/pem"
	"strings"
	"testing"
)

// FuzzDecode reads damaged key files: the error never quotes them.
func FuzzDecode(f *testing.F) {
	self, err := Generate()
	if err != nil {
		f.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(self.secret.certificate.PrivateKey)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(pem.EncodeToMemory(&pem.Block{Type: pemType, Bytes: der}))
	f.Add([]byte("-----BEGIN " + pemType + "-----\n-----END " + pemType + "-----\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		private, err := decode("key", text)
		if (err == nil) != (private != nil) {
			t.Errorf("decoded a key: %v, %v", private != nil, err)
		}
		if err != nil && len(text) > 8 && strings.Contains(err.Error(), string(text)) {
			t.Errorf("the error quotes the file")
		}
	})
}
