package identity

import (
	"bytes"
	"crypto/x509"
	"testing"
	"time"
)

func TestSameKeyGivesTheSameCertificate(t *testing.T) {
	identity := generate(t)
	again, err := newIdentity(identity.secret.private)
	if err != nil {
		t.Fatal(err)
	}
	first, second := identity.secret.certificate.Certificate[0], again.secret.certificate.Certificate[0]
	if !bytes.Equal(first, second) {
		t.Error("the certificate of one key has changed between two starts")
	}
}

func TestCertificateIsValidOnAnyClock(t *testing.T) {
	certificate, err := x509.ParseCertificate(generate(t).secret.certificate.Certificate[0])
	if err != nil {
		t.Fatal(err)
	}
	for _, clock := range []string{"1970-01-02", "2000-01-01", "2038-01-20", "9999-12-30"} {
		now, err := time.Parse(time.DateOnly, clock)
		if err != nil {
			t.Fatal(err)
		}
		if now.Before(certificate.NotBefore) || now.After(certificate.NotAfter) {
			t.Errorf("a clock that says %s is outside %s – %s", clock, certificate.NotBefore, certificate.NotAfter)
		}
	}
}
