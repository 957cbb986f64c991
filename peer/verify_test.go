package peer

import (
	"testing"

	"peerd/peer/api"
	"peerd/wire"
)

// verify asks for the safety code with a peer.
func verify(t *testing.T, d *Daemon, request api.VerifyRequest) api.Verification {
	t.Helper()
	verification, err := d.Verify(t.Context(), request)
	if err != nil {
		t.Fatal(err)
	}
	return verification
}

func TestT07SafetyCodeIsTheSameOnBothSides(t *testing.T) {
	c := newCircle(t)
	alice, bob := c.join("alice"), c.join("bob")
	c.knows(alice, "bob")
	c.knows(bob, "alice")
	ours := verify(t, alice, api.VerifyRequest{Name: "bob"})
	theirs := verify(t, bob, api.VerifyRequest{Name: "alice"})
	if ours.Digits != theirs.Digits || ours.Words != theirs.Words || ours.Verified {
		t.Errorf("alice sees %+v, bob %+v", ours, theirs)
	}
	if contacts, err := alice.Contacts(t.Context()); len(contacts) > 0 || err != nil {
		t.Errorf("looking at the code has pinned %+v, %v", contacts, err)
	}
	_, err := alice.Verify(t.Context(), api.VerifyRequest{Name: "bob", Code: "vitav lusiv", Confirm: true})
	wantCode(t, err, api.CodeCodeDiffers)
	if got := verify(t, alice, api.VerifyRequest{Name: "bob", Code: theirs.Words}); !got.Verified {
		t.Errorf("bob's words do not verify: %+v", got)
	}
	if got := verify(t, bob, api.VerifyRequest{Name: "alice", Confirm: true}); !got.Verified {
		t.Errorf("confirmed, and not verified: %+v", got)
	}
	if got := onlyContact(t, alice); !got.Verified || got.VerifiedAt.IsZero() {
		t.Errorf("contact %+v", got)
	}
}

// TestT07EachScansTheOthersCode proves that a scan of what the other side shows
// verifies it, and nothing else that could be scanned does.
func TestT07EachScansTheOthersCode(t *testing.T) {
	c := newCircle(t)
	alice, bob, mallory := c.join("alice"), c.join("bob"), c.join("mallory")
	for _, d := range []*Daemon{alice, bob, mallory} {
		for _, name := range []string{"alice", "bob", "mallory"} {
			if d.ownName() != name {
				c.knows(d, name)
			}
		}
	}
	shown := func(d *Daemon, name string) string { return verify(t, d, api.VerifyRequest{Name: name}).QR }
	for name, test := range map[string]struct {
		scanned string
		want    api.Code
	}{
		"what alice herself shows":      {shown(alice, "bob"), api.CodeUsage},
		"what mallory shows to alice":   {shown(mallory, "alice"), api.CodeCodeDiffers},
		"what bob shows to mallory":     {shown(bob, "mallory"), api.CodeCodeDiffers},
		"something else that is a code": {"https://example.org", api.CodeUsage},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := alice.Verify(t.Context(), api.VerifyRequest{Name: "bob", Scanned: test.scanned, Confirm: true})
			wantCode(t, err, test.want)
		})
	}
	if verify(t, alice, api.VerifyRequest{Name: "bob"}).Verified {
		t.Fatal("verified by what proves nothing")
	}
	if got := verify(t, alice, api.VerifyRequest{Name: "bob", Scanned: shown(bob, "alice")}); !got.Verified {
		t.Errorf("alice has scanned what bob shows to her: %+v", got)
	}
	if verify(t, bob, api.VerifyRequest{Name: "alice"}).Verified {
		t.Error("bob has scanned nothing, and alice is verified")
	}
	if got := verify(t, bob, api.VerifyRequest{Name: "alice", Scanned: shown(alice, "bob")}); !got.Verified {
		t.Errorf("bob has scanned what alice shows to him: %+v", got)
	}
}

func TestVerifiedSurvivesRestartAndRename(t *testing.T) {
	c := newCircle(t)
	dir := t.TempDir()
	alice, bob := c.joinAt("alice", dir), c.join("bob")
	c.knows(alice, "bob")
	verify(t, alice, api.VerifyRequest{Name: "bob", Confirm: true})
	if _, err := alice.RenameContact(t.Context(), api.RenameRequest{Name: "bob", NewName: "dad"}); err != nil {
		t.Fatal(err)
	}
	if err := alice.Close(); err != nil {
		t.Fatal(err)
	}
	alice = c.joinAt("alice", dir)
	c.knows(alice, "bob")
	if got := onlyContact(t, alice); !got.Verified || got.Name != "dad" || got.Key != bob.Key().String() {
		t.Errorf("contact %+v", got)
	}
}

func TestT07ChangedKeyOfAVerifiedContactHasToBeNamed(t *testing.T) {
	c := newCircle(t)
	alice, bob := c.join("alice"), c.join("bob")
	c.knows(alice, "bob")
	verify(t, alice, api.VerifyRequest{Name: "bob", Confirm: true})
	c.leaves(bob, alice)
	c.moveName(alice, bob.Key(), wire.Key{9})
	_, err := alice.Send(t.Context(), api.SendRequest{To: "bob", Text: "hello"})
	wantCode(t, err, api.CodeVerifiedKeyChanged)
	_, err = alice.Verify(t.Context(), api.VerifyRequest{Name: "bob", Confirm: true})
	wantCode(t, err, api.CodeVerifiedKeyChanged)
	_, err = alice.Trust(t.Context(), api.TrustRequest{Name: "bob"})
	wantCode(t, err, api.CodeVerifiedKeyChanged)
	trusted, err := alice.Trust(t.Context(), api.TrustRequest{Name: "bob", Key: wire.Key{9}.String()})
	if err != nil || !trusted.WasVerified {
		t.Errorf("trusted %+v, %v; want a word that the old key was verified", trusted, err)
	}
	if got := onlyContact(t, alice); got.Verified {
		t.Errorf("the new key counts as verified: %+v", got)
	}
}
