package rendezvous

import (
	"encoding/json"
	"net/http"

	"peerd/wire"
)

// removalRequest is the body of POST /peers/{key}/kick and /ban.
type removalRequest struct {
	Reason string `json:"reason"`
}

// handlePeers adds what the admin socket answers about peers.
func (s *Server) handlePeers(mux *http.ServeMux) {
	mux.HandleFunc("GET /peers", func(w http.ResponseWriter, _ *http.Request) {
		peers, err := s.Peers()
		reply(w, peers, err)
	})
	for path, act := range map[string]func(wire.Key, string) (Peer, error){
		"kick":  s.Kick,
		"ban":   s.Ban,
		"unban": func(key wire.Key, _ string) (Peer, error) { return s.Unban(key) },
	} {
		mux.HandleFunc("POST /peers/{key}/"+path, func(w http.ResponseWriter, r *http.Request) {
			var wanted removalRequest
			err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxAdminBody)).Decode(&wanted)
			if err != nil {
				reply(w, nil, err)
				return
			}
			key, err := wire.ParseKey(r.PathValue("key"))
			if err != nil {
				reply(w, nil, err)
				return
			}
			peer, err := act(key, wanted.Reason)
			reply(w, peer, err)
		})
	}
}

// Peers implements Admin.
func (c *adminClient) Peers() (list []Peer, err error) {
	return list, c.do(http.MethodGet, "/peers", nil, &list)
}

// Kick implements Admin.
func (c *adminClient) Kick(key wire.Key, reason string) (Peer, error) {
	return c.actOn(key, "kick", reason)
}

// Ban implements Admin.
func (c *adminClient) Ban(key wire.Key, reason string) (Peer, error) {
	return c.actOn(key, "ban", reason)
}

// Unban implements Admin.
func (c *adminClient) Unban(key wire.Key) (Peer, error) { return c.actOn(key, "unban", "") }

func (c *adminClient) actOn(key wire.Key, what, reason string) (peer Peer, err error) {
	return peer, c.do(http.MethodPost, "/peers/"+key.String()+"/"+what, removalRequest{reason}, &peer)
}
