package api

import (
	"context"
	"fmt"
	"log"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/rs/zerolog"
)

const (
	// headerTimeout is how long a request's header, and then its body, may
	// take. Local programs need milliseconds; one that stalls holds a
	// goroutine for as long.
	headerTimeout = 5 * time.Second
	// idleTimeout is how long a silent connection between requests is kept.
	idleTimeout = 2 * time.Minute
	// maxHeader bounds a request's header in bytes.
	maxHeader = 8 << 10
	// maxBody bounds a request's body in bytes: a message of MaxText bytes of
	// which JSON escapes every one, and its envelope.
	maxBody = 6*MaxText + 4<<10
	// shutdownGrace is how long running requests may take to end on their own
	// once Serve's context has ended. Longer delays a restart of the daemon.
	shutdownGrace = 3 * time.Second
	// heartbeatInterval is the pace of blank lines on an event stream without
	// events. A client takes the daemon for hung after three of them failed to
	// come.
	heartbeatInterval = 15 * time.Second
	// writeTimeout is how long a client may refuse to take a piece of an
	// answer before it is cut off.
	writeTimeout = 10 * time.Second
)

// Serve answers requests that come in through l with backend's help until ctx
// ends. Then event streams and waits end with an error of CodeUnreachable,
// other requests get a moment to finish, l is closed, and Serve returns nil
// when every connection's goroutine has ended.
func Serve(ctx context.Context, l net.Listener, backend Backend, logger zerolog.Logger) error {
	requests, abandon := context.WithCancel(context.WithoutCancel(ctx))
	var connections sync.WaitGroup
	server := &http.Server{
		Handler:           newHandler(ctx, backend, logger),
		ReadHeaderTimeout: headerTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeader,
		BaseContext:       func(net.Listener) context.Context { return requests },
		ConnContext:       rememberCaller,
		ConnState:         count(&connections),
		ErrorLog:          log.New(serverErrors{logger}, "", 0),
	}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(l) }()
	var err error
	select {
	case err = <-failed:
		err = fmt.Errorf("serve the control socket: %w", err)
	case <-ctx.Done():
		grace, cancel := context.WithTimeout(requests, shutdownGrace)
		defer cancel()
		server.Shutdown(grace) // what it leaves running is ended below
		<-failed
	}
	abandon()
	server.Close()
	connections.Wait()
	return err
}

// count keeps connections at the number of goroutines that serve one.
func count(connections *sync.WaitGroup) func(net.Conn, http.ConnState) {
	return func(_ net.Conn, state http.ConnState) {
		switch state {
		case http.StateNew:
			connections.Add(1)
		case http.StateClosed, http.StateHijacked:
			connections.Done()
		}
	}
}
