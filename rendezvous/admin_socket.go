package rendezvous

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"path/filepath"
	"time"

	"peerd/internal/exitcode"
	"peerd/internal/privatesocket"
)

const (
	// adminSocket is the name of the admin socket in the state directory. Who
	// may open it may admit members: its mode is 0600.
	adminSocket = "admin.sock"
	// adminTimeout is how long a tool waits for the running rendezvous.
	adminTimeout = 10 * time.Second
	// maxAdminBody bounds what is asked over the admin socket.
	maxAdminBody = 1 << 20
	// adminHost is the only Host header that the admin socket answers to.
	adminHost = "rendezvous"
	// maxAdminAnswer bounds what a tool reads. A list of roster.MaxMembers peers
	// takes about 20 MiB.
	maxAdminAnswer = 64 << 20
)

// inviteRequest and inviteAnswer are the bodies of POST /invites.
type inviteRequest struct {
	Uses int           `json:"uses"`
	Life time.Duration `json:"life_ns"`
}

type inviteAnswer struct {
	Secret string `json:"secret"`
	Invite Invite `json:"invite"`
}

// openAdmin binds the admin socket. The lock on the state file proves that no
// other rendezvous runs here, so a socket in the way is a dead one's.
func (s *Server) openAdmin() error {
	path := filepath.Join(s.config.StateDir, adminSocket)
	listener, err := privatesocket.Listen(path)
	if errors.Is(err, privatesocket.ErrPathTooLong) {
		return hinted(fmt.Errorf("make the admin socket: the path %s is too long", path), "choose a shorter one with --state")
	}
	if err != nil {
		return fmt.Errorf("make the admin socket: %w", err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /status", func(w http.ResponseWriter, _ *http.Request) {
		status, err := s.Status()
		reply(w, status, err)
	})
	mux.HandleFunc("GET /invites", func(w http.ResponseWriter, _ *http.Request) {
		invites, err := s.stopped().Invites()
		reply(w, invites, err)
	})
	mux.HandleFunc("POST /invites", func(w http.ResponseWriter, r *http.Request) {
		var wanted inviteRequest
		err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxAdminBody)).Decode(&wanted)
		if err != nil {
			reply(w, nil, err)
			return
		}
		secret, description, err := s.stopped().CreateInvite(wanted.Uses, wanted.Life)
		reply(w, inviteAnswer{secret, description}, err)
	})
	mux.HandleFunc("DELETE /invites/{id}", func(w http.ResponseWriter, r *http.Request) {
		reply(w, struct{}{}, s.stopped().RevokeInvite(r.PathValue("id")))
	})
	s.handlePeers(mux)
	s.services = append(s.services, newService(listener, mux, isAdminHost, s.log))
	return nil
}

func isAdminHost(asked string, _ net.Addr) bool { return asked == adminHost }

// unknowns are the errors about what does not exist. They pass the admin socket as
// themselves.
var unknowns = [...]error{ErrNoSuchInvite, ErrNoSuchMember, ErrNotBanned}

// adminFailure is the answer to what went wrong.
type adminFailure struct {
	Error string `json:"error"`
	// Unknown is the text of the error of unknowns that it was, if it was one.
	Unknown string `json:"unknown,omitempty"`
}

func reply(w http.ResponseWriter, answer any, err error) {
	w.Header().Set("Content-Type", "application/json")
	if err != nil {
		failure := adminFailure{Error: err.Error()}
		for _, unknown := range unknowns {
			if errors.Is(err, unknown) {
				failure.Unknown = unknown.Error()
			}
		}
		w.WriteHeader(http.StatusBadRequest)
		answer = failure
	}
	_ = json.NewEncoder(w).Encode(answer)
}

// asError returns what went wrong, from its text as JSON.
func asError(status int, text []byte) error {
	if status == http.StatusNotFound {
		return hinted(errors.New("the running rendezvous does not know this command: it is older"), "restart it")
	}
	var failure adminFailure
	if err := json.Unmarshal(text, &failure); err != nil {
		return fmt.Errorf("ask the running rendezvous: %s", http.StatusText(status))
	}
	for _, unknown := range unknowns {
		if failure.Unknown == unknown.Error() {
			return unknown
		}
	}
	return errors.New(failure.Error)
}

// adminClient is the Admin of a running rendezvous.
type adminClient struct{ http http.Client }

// dialAdmin returns nil when no rendezvous listens at path.
func dialAdmin(path string) (Admin, error) {
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) { return dialOwn(ctx, path) }
	conn, err := dial(context.Background(), "", "")
	_, foreign := errors.AsType[*privatesocket.StrangerError](err)
	switch {
	case foreign:
		return nil, hinted(exitcode.With(exitcode.Denied, err), "choose the directory of your own rendezvous with --state")
	case errors.Is(err, fs.ErrPermission):
		return nil, err
	case err != nil: // no socket, or that of a dead one
		return nil, nil
	}
	_ = conn.Close()
	return &adminClient{http.Client{Timeout: adminTimeout, Transport: &http.Transport{DialContext: dial, DisableCompression: true}}}, nil
}

// dialOwn connects to the socket at path if nobody else has put it there.
func dialOwn(ctx context.Context, path string) (net.Conn, error) {
	conn, err := new(net.Dialer).DialContext(ctx, "unix", path)
	if err == nil {
		if err = privatesocket.Recognise(conn); err != nil {
			_ = conn.Close()
		}
	}
	if err != nil {
		return nil, fmt.Errorf("ask the running rendezvous: %w", err)
	}
	return conn, nil
}

func (c *adminClient) Close() error {
	c.http.CloseIdleConnections()
	return nil
}

func (c *adminClient) CreateInvite(uses int, life time.Duration) (string, Invite, error) {
	var answer inviteAnswer
	err := c.do(http.MethodPost, "/invites", inviteRequest{uses, life}, &answer)
	return answer.Secret, answer.Invite, err
}

func (c *adminClient) Invites() (list []Invite, err error) {
	return list, c.do(http.MethodGet, "/invites", nil, &list)
}

func (c *adminClient) RevokeInvite(id string) error {
	return c.do(http.MethodDelete, "/invites/"+url.PathEscape(id), nil, nil)
}

func (c *adminClient) Status() (status Status, err error) {
	return status, c.do(http.MethodGet, "/status", nil, &status)
}

// do asks the rendezvous; answer may be nil.
func (c *adminClient) do(method, path string, question, answer any) error {
	body, err := json.Marshal(question)
	if err != nil {
		return err
	}
	request, err := http.NewRequest(method, "http://"+adminHost+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	response, err := c.http.Do(request)
	if err != nil {
		return fmt.Errorf("ask the running rendezvous: %w", err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(io.LimitReader(response.Body, maxAdminAnswer))
	switch {
	case err != nil:
		return fmt.Errorf("ask the running rendezvous: %w", err)
	case response.StatusCode != http.StatusOK:
		return asError(response.StatusCode, text)
	case answer == nil:
		return nil
	}
	return json.Unmarshal(text, answer)
}
