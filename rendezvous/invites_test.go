package rendezvous

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	gotoken "go/token"
	"go/types"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	bolt "go.etcd.io/bbolt"

	"peerd/wire"
)

func openTestState(t *testing.T) *state {
	t.Helper()
	s, err := openState(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.close() })
	return s
}

// refusedCode returns why err refuses a login, or 0.
func refusedCode(err error) wire.RefusedCode {
	refused, _ := errors.AsType[wire.Refused](err)
	return refused.Code
}

func TestT22RedeemingInvites(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	add := func(t *testing.T, s *state, uses int) (token []byte, id string) {
		t.Helper()
		token = []byte("0123456789abcdef")
		invite, err := s.addInvite(token, uses, time.Hour, now)
		if err != nil {
			t.Fatal(err)
		}
		return token, invite.ID
	}
	t.Run("without an invite a stranger stays out", func(t *testing.T) {
		_, err := openTestState(t).admit(applicant{key: wire.Key{1}, wish: "alice"}, now)
		if refusedCode(err) != wire.RefusedNotMember {
			t.Error(err)
		}
	})
	t.Run("a wrong token", func(t *testing.T) {
		s := openTestState(t)
		token, _ := add(t, s, 1)
		token[15]++
		if _, err := s.admit(applicant{key: wire.Key{1}, wish: "alice", token: token}, now); refusedCode(err) != wire.RefusedInviteUnknown {
			t.Error(err)
		}
	})
	t.Run("an expired invite", func(t *testing.T) {
		s := openTestState(t)
		token, _ := add(t, s, 1)
		if _, err := s.admit(applicant{key: wire.Key{1}, wish: "alice", token: token}, now.Add(time.Hour)); refusedCode(err) != wire.RefusedInviteExpired {
			t.Error(err)
		}
	})
	t.Run("a revoked invite, though members stay", func(t *testing.T) {
		s := openTestState(t)
		token, id := add(t, s, 2)
		if _, err := s.admit(applicant{key: wire.Key{1}, wish: "alice", token: token}, now); err != nil {
			t.Fatal(err)
		}
		if err := s.revoke(id); err != nil {
			t.Fatal(err)
		}
		if _, err := s.admit(applicant{key: wire.Key{2}, wish: "bob", token: token}, now); refusedCode(err) != wire.RefusedInviteRevoked {
			t.Error(err)
		}
		if name, err := s.admit(applicant{key: wire.Key{1}}, now); err != nil || name != "alice" {
			t.Errorf("the member is admitted as %q, %v", name, err)
		}
	})
	t.Run("a used-up invite", func(t *testing.T) {
		s := openTestState(t)
		token, _ := add(t, s, 1)
		_, _ = s.admit(applicant{key: wire.Key{1}, wish: "alice", token: token}, now)
		if _, err := s.admit(applicant{key: wire.Key{2}, wish: "bob", token: token}, now); refusedCode(err) != wire.RefusedInviteUsedUp {
			t.Error(err)
		}
	})
	t.Run("a member who shows it again spends nothing", func(t *testing.T) {
		s := openTestState(t)
		token, _ := add(t, s, 2)
		for range 5 {
			if _, err := s.admit(applicant{key: wire.Key{1}, wish: "alice", token: token}, now); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := s.admit(applicant{key: wire.Key{2}, wish: "bob", token: token}, now); err != nil {
			t.Error(err)
		}
	})
	t.Run("a taken name spends nothing", func(t *testing.T) {
		s := openTestState(t)
		token, _ := add(t, s, 2)
		_, _ = s.admit(applicant{key: wire.Key{1}, wish: "alice", token: token}, now)
		if _, err := s.admit(applicant{key: wire.Key{2}, wish: "ALICE", token: token}, now); refusedCode(err) != wire.RefusedNameTaken {
			t.Error(err)
		}
		if _, err := s.admit(applicant{key: wire.Key{2}, wish: "bob", token: token}, now); err != nil {
			t.Error(err)
		}
	})
	t.Run("a new member needs a name", func(t *testing.T) {
		s := openTestState(t)
		token, _ := add(t, s, 1)
		if _, err := s.admit(applicant{key: wire.Key{1}, token: token}, now); refusedCode(err) != wire.RefusedNameInvalid {
			t.Error(err)
		}
	})
	t.Run("revoking what does not exist", func(t *testing.T) {
		if err := openTestState(t).revoke("nonesuch"); !errors.Is(err, ErrNoSuchInvite) {
			t.Error(err)
		}
	})
}

func TestLongExpiredInvitesAreForgotten(t *testing.T) {
	s := openTestState(t)
	start := time.Unix(1_800_000_000, 0)
	for _, at := range []time.Time{start, start.Add(keepExpired), start.Add(2 * keepExpired)} {
		if _, err := s.addInvite([]byte("token"), 1, time.Hour, at); err != nil {
			t.Fatal(err)
		}
	}
	list, err := s.invites(start.Add(2 * keepExpired))
	if err != nil || len(list) != 2 {
		t.Errorf("%d invites are left, %v; want the last two", len(list), err)
	}
}

// race has each of count clients say hello at the same moment and returns how
// often each answer came; 0 is a welcome. s must be patient: they are all connected
// before the first says anything.
func race(t *testing.T, s *Server, count int, hello func(i int) wire.Hello) map[wire.RefusedCode]int {
	t.Helper()
	racers := make([]*client, count)
	for i := range racers {
		racers[i] = newClient(t, s)
	}
	return raceOf(t, racers, hello)
}

// raceOf is race with given clients.
func raceOf(t *testing.T, racers []*client, hello func(i int) wire.Hello) map[wire.RefusedCode]int {
	t.Helper()
	for _, c := range racers {
		if err := c.dial(); err != nil {
			t.Fatal(err)
		}
		if err := c.conn.Handshake(); err != nil {
			t.Fatal(err)
		}
	}
	var mu sync.Mutex
	answers := map[wire.RefusedCode]int{}
	var all sync.WaitGroup
	for i, c := range racers {
		all.Go(func() {
			err := c.sayHello(hello(i))
			var code wire.RefusedCode
			if err == nil {
				code, err = c.verdict()
			}
			if err != nil {
				t.Errorf("client %d: %v", i, err)
				return
			}
			mu.Lock()
			defer mu.Unlock()
			answers[code]++
		})
	}
	all.Wait()
	return answers
}

func TestT22OneUseIsOneMemberHoweverManyRace(t *testing.T) {
	s := startPatient(t)
	secret := token(t, s, 1)
	answers := race(t, s, 100, func(i int) wire.Hello {
		return wire.Hello{Name: fmt.Sprintf("peer %d", i), Token: secret}
	})
	if answers[0] != 1 || answers[wire.RefusedInviteUsedUp] != 99 {
		t.Errorf("answers are %v, want one welcome and 99 times used up", answers)
	}
	if members, err := s.state.members(); err != nil || len(members) != 1 {
		t.Errorf("%d members, %v", len(members), err)
	}
}

func TestT22MembershipIsTheKeysNotTheTokens(t *testing.T) {
	s := startServer(t)
	secret := []byte("0123456789abcdef")
	invite, err := s.state.addInvite(secret, 2, time.Hour, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	alice := newClient(t, s)
	alice.login(wire.Hello{Name: "alice", Token: secret})
	if err := s.stopped().RevokeInvite(invite.ID); err != nil {
		t.Fatal(err)
	}
	newClient(t, s).refusedWith(wire.RefusedInviteRevoked, "with a revoked invite", wire.Hello{Name: "bob", Token: secret})
	if welcome := alice.back().login(wire.Hello{}); welcome.Name != "alice" {
		t.Errorf("the member is welcomed as %q after her invite was revoked", welcome.Name)
	}
}

// TestT22TokensAreComparedInConstantTime proves it of the source, since a clock cannot:
// a token's hash is only ever compared by the function made for that, and every one is.
func TestT22TokensAreComparedInConstantTime(t *testing.T) {
	paths, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	compared, elsewhere := 0, []string{}
	for _, path := range paths {
		files := gotoken.NewFileSet()
		file, err := parser.ParseFile(files, path, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		inside := map[ast.Node]bool{}
		ast.Inspect(file, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if ok && types.ExprString(call.Fun) == "subtle.ConstantTimeCompare" {
				for _, argument := range call.Args {
					inside[argument] = true
				}
			}
			selector, ok := n.(*ast.SelectorExpr)
			if !ok || selector.Sel.Name != "TokenHash" {
				return true
			}
			if compared++; !inside[n] {
				elsewhere = append(elsewhere, files.Position(n.Pos()).String())
			}
			return true
		})
	}
	if compared == 0 || len(elsewhere) > 0 {
		t.Errorf("of %d uses of a token's hash these are no comparisons in constant time: %v", compared, elsewhere)
	}

	// And no comparison ends the search: an invite found first does not hide a later one.
	s := openTestState(t)
	for i := range 3 {
		if _, err := s.addInvite([]byte{byte(i)}, 1, time.Hour, time.Now()); err != nil {
			t.Fatal(err)
		}
	}
	visited := 0
	if err := s.view("visit", func(tx *bolt.Tx) error { return eachInvite(tx, func(string, storedInvite) { visited++ }) }); err != nil || visited != 3 {
		t.Errorf("%d of 3 invites are looked at, %v", visited, err)
	}
}

func TestT22TokensAreNotKept(t *testing.T) {
	directory := t.TempDir()
	s := startServer(t, func(c *Config) { c.StateDir = directory })
	invite, err := s.CreateInvite(1, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	text := invite.String()
	written := text[strings.LastIndex(text, ".")+1:]
	file, err := os.ReadFile(filepath.Join(directory, stateFile))
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(file), string(invite.Token)) || strings.Contains(string(file), written) {
		t.Error("the state file holds the token")
	}
	if !strings.Contains(string(file), "token_sha256") {
		t.Error("the state file does not hold the invite at all")
	}
}
