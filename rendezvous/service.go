package rendezvous

import (
	"context"
	"log"
	"net"
	"net/http"
	"strings"
	"sync"

	"github.com/rs/zerolog"

	"peerd/internal/privatesocket"
	"peerd/internal/webgate"
)

// A service is one of the HTTP services for the operator.
type service struct {
	listener net.Listener
	server   *http.Server
	// answering is held by each request while it is answered, and for ever by the end of
	// serve.
	answering sync.RWMutex
}

// A hostRule says whether a Host header is that of a service which was connected to
// at local.
type hostRule func(host string, local net.Addr) bool

type admittedKey struct{}

// newService makes a service of what handler answers: to our own user and root where
// listener is a unix socket, and never to a web page.
func newService(listener net.Listener, handler http.Handler, ours hostRule, logger zerolog.Logger) *service {
	s := &service{listener: listener}
	s.server = &http.Server{
		Handler: s.untilEnd(serviceGate(handler, ours, logger)),
		ConnContext: func(ctx context.Context, conn net.Conn) context.Context {
			return context.WithValue(ctx, admittedKey{}, admitted(conn, logger))
		},
		// Operators' tools are quick; who dribbles is not one.
		ReadHeaderTimeout: helloTimeout,
		ReadTimeout:       helloTimeout,
		WriteTimeout:      writeTimeout,
		IdleTimeout:       serviceIdle,
		MaxHeaderBytes:    8 << 10,
		ErrorLog:          log.New(serviceErrors{logger}, "", 0),
	}
	return s
}

// untilEnd lets requests through until serve is about to end.
func (s *service) untilEnd(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !s.answering.TryRLock() {
			return // nobody would get an answer
		}
		defer s.answering.RUnlock()
		next.ServeHTTP(w, r)
	})
}

func admitted(conn net.Conn, logger zerolog.Logger) bool {
	err := privatesocket.Admit(conn)
	if err != nil {
		logger.Warn().Err(err).Msg("operator's service: caller refused")
	}
	return err == nil
}

// serviceGate lets through what an admitted caller asks of this very service.
func serviceGate(next http.Handler, ours hostRule, logger zerolog.Logger) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		webgate.Disarm(w.Header())
		if known, _ := r.Context().Value(admittedKey{}).(bool); !known {
			http.Error(w, "this rendezvous belongs to another user", http.StatusForbidden)
			return
		}
		local, _ := r.Context().Value(http.LocalAddrContextKey).(net.Addr)
		if err := webgate.Check(r, func(host string) bool { return ours(host, local) }); err != nil {
			logger.Debug().Err(err).Str("host", r.Host).Msg("operator's service: request of a web page refused")
			http.Error(w, "this is not for web pages: "+err.Error(), http.StatusForbidden)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// serve serves until close, and returns when no request is being answered any more,
// which net/http does not wait for.
func (s *service) serve() {
	_ = s.server.Serve(s.listener)
	s.answering.Lock()
}

// close ends the service and its connections at once. It may come before serve.
func (s *service) close() {
	_ = s.server.Close()
	_ = s.listener.Close()
}

// serviceErrors logs what net/http has to say, such as a panic in a handler.
type serviceErrors struct{ zerolog.Logger }

func (l serviceErrors) Write(line []byte) (int, error) {
	l.Warn().Str("error", strings.TrimSpace(string(line))).Msg("operator's service: server error")
	return len(line), nil
}
