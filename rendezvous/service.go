package rendezvous

import (
	"net"
	"net/http"
)

// A service is one of the HTTP services for the operator.
type service struct {
	listener net.Listener
	server   *http.Server
}

func newService(listener net.Listener, handler http.Handler) *service {
	return &service{listener: listener, server: &http.Server{
		Handler: handler,
		// Operators' tools are quick; who dribbles is not one.
		ReadHeaderTimeout: helloTimeout,
		WriteTimeout:      writeTimeout,
		MaxHeaderBytes:    8 << 10,
	}}
}

// serve serves until close.
func (s *service) serve() { _ = s.server.Serve(s.listener) }

// close ends the service and its connections at once. It may come before serve.
func (s *service) close() {
	_ = s.server.Close()
	_ = s.listener.Close()
}
