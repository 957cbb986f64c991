package rendezvous

import (
	"bytes"
	"crypto/ed25519"
	"crypto/x509"
	"io"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"peerd/wire"
)

// An opensslClient looks at a rendezvous with a TLS implementation that is not ours.
type opensslClient struct {
	t      *testing.T
	server *Server
	dir    string
}

// newOpenssl makes a client with a certificate and key of its own.
func newOpenssl(t *testing.T, s *Server) *opensslClient {
	t.Helper()
	o := &opensslClient{t, s, t.TempDir()}
	o.run(nil, "req", "-x509", "-newkey", "ed25519", "-nodes", "-subj", "/CN=stranger",
		"-keyout", o.path("key.pem"), "-out", o.path("certificate.pem"))
	return o
}

func (o *opensslClient) path(name string) string { return filepath.Join(o.dir, name) }

// run runs openssl and returns what it prints, whatever it thinks of it.
func (o *opensslClient) run(stdin io.Reader, arguments ...string) []byte {
	o.t.Helper()
	command := exec.CommandContext(o.t.Context(), "openssl", arguments...)
	command.Stdin = stdin
	command.WaitDelay = time.Second
	guard := time.AfterFunc(hangGuard, func() { _ = command.Process.Kill() })
	defer guard.Stop()
	out, err := command.CombinedOutput()
	if command.ProcessState == nil {
		o.t.Fatalf("openssl is needed (make setup): %v", err)
	}
	return out
}

// connect says something that is no frame, and returns what openssl reports when the
// rendezvous has ended the connection.
func (o *opensslClient) connect(options ...string) string {
	o.t.Helper()
	arguments := append([]string{"s_client", "-connect", o.server.Addr().String(), "-ign_eof", "-showcerts"}, options...)
	return string(o.run(strings.NewReader("GET / HTTP/1.0\r\n\r\n"), arguments...))
}

// known connects with all that a peer has: a certificate and the protocol's name.
func (o *opensslClient) known(options ...string) string {
	o.t.Helper()
	return o.connect(append([]string{"-cert", o.path("certificate.pem"), "-key", o.path("key.pem"), "-alpn", wire.ControlProtocol}, options...)...)
}

func wantSaid(t *testing.T, said string, want ...string) {
	t.Helper()
	for _, text := range want {
		if !strings.Contains(said, text) {
			t.Errorf("openssl does not say %q but\n%s", text, said)
		}
	}
}

// TestT26OpensslGetsNothingOlderThanTLS13 also shows, by what is accepted, that the
// refusals are not for another reason.
func TestT26OpensslGetsNothingOlderThanTLS13(t *testing.T) {
	client := newOpenssl(t, startServer(t))
	wantSaid(t, client.known("-tls1_3"), "New, TLSv1.3, Cipher is TLS_", "ALPN protocol: "+wire.ControlProtocol, "Compression: NONE")
	for _, version := range []string{"-tls1", "-tls1_1", "-tls1_2"} {
		t.Run(version, func(t *testing.T) {
			wantSaid(t, client.known(version, "-cipher", "ALL:@SECLEVEL=0"), "alert protocol version", "Cipher is (NONE)")
		})
	}
}

// A key exchange that is not at least as good as X25519, or a client that says the
// wrong thing or nothing about itself, ends in the handshake.
func TestT26OpensslCannotChooseWorse(t *testing.T) {
	client := newOpenssl(t, startServer(t))
	certificate := []string{"-cert", client.path("certificate.pem"), "-key", client.path("key.pem")}
	for _, test := range []struct {
		proves  string
		options []string
		says    string
	}{
		{"NIST's curves", append(certificate, "-alpn", wire.ControlProtocol, "-groups", "P-256:P-384"), "alert handshake failure"},
		{"the protocol of the web", append(certificate, "-alpn", "h2,http/1.1"), "alert no application protocol"},
		{"no certificate", []string{"-alpn", wire.ControlProtocol}, "alert certificate required"},
		{"no protocol", certificate, "alert bad certificate"},
	} {
		t.Run(test.proves, func(t *testing.T) { wantSaid(t, client.connect(test.options...), test.says) })
	}
}

// Who has a ticket, or sends before the handshake is over, need not prove a key.
func TestT23OpensslGetsNoTicketAndSendsNothingEarly(t *testing.T) {
	client := newOpenssl(t, startServer(t))
	said := client.known("-sess_out", client.path("session.pem"))
	wantSaid(t, said, "Verify return code", "Early data was not sent")
	if strings.Contains(said, "Session Ticket arrived") {
		t.Errorf("the rendezvous gives out tickets:\n%s", said)
	}
	again := client.known("-sess_in", client.path("session.pem"), "-early_data", client.path("certificate.pem"))
	if strings.Contains(again, "Reused, ") || strings.Contains(again, "Early data was accepted") {
		t.Errorf("the rendezvous resumes:\n%s", again)
	}
}

// What openssl finds in the certificate is what the invite pins: 32 bytes of Ed25519,
// signed by themselves, valid whatever the clock says.
func TestT05CertificateHasTheKeyOfTheInvite(t *testing.T) {
	s := startServer(t)
	client := newOpenssl(t, s)
	chain := client.known()
	certificate := client.run(strings.NewReader(chain), "x509", "-outform", "DER")
	public := client.run(bytes.NewReader(client.run(strings.NewReader(chain), "x509", "-noout", "-pubkey")), "pkey", "-pubin", "-outform", "DER")
	if len(public) < wire.KeySize {
		t.Fatalf("openssl finds no key: %s", public)
	}
	key := wire.Key(public[len(public)-wire.KeySize:]) // the rest says what kind of key it is
	invite, err := s.CreateInvite(1, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	if key != invite.Server {
		t.Errorf("openssl finds the key %s, the invite has %s", key, invite.Server)
	}
	parsed, err := x509.ParseCertificate(certificate)
	if err != nil {
		t.Fatal(err)
	}
	if err := parsed.CheckSignature(parsed.SignatureAlgorithm, parsed.RawTBSCertificate, parsed.Signature); err != nil {
		t.Errorf("not signed by itself: %v", err)
	}
	if _, ok := parsed.PublicKey.(ed25519.PublicKey); !ok || len(parsed.DNSNames)+len(parsed.IPAddresses) > 0 {
		t.Errorf("the certificate says more than its key: %+v", parsed)
	}
}
