package api

import (
	"context"
	"net"
	"net/http"
	"strings"

	"github.com/rs/zerolog"
)

// host is the only Host header served. A page in a browser cannot send it, not
// even through DNS rebinding, should anybody ever bridge the socket to TCP.
const host = "peerd"

type verdictKey struct{}

// rememberCaller decides once per connection whether its caller is admitted.
func rememberCaller(ctx context.Context, conn net.Conn) context.Context {
	return context.WithValue(ctx, verdictKey{}, admit(conn))
}

// gate lets through what an admitted caller asks of this very service.
func gate(next http.Handler, logger zerolog.Logger) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if refusal, _ := r.Context().Value(verdictKey{}).(*Error); refusal != nil {
			logger.Warn().Err(refusal).Msg("control socket: caller refused")
			writeError(w, refusal)
			return
		}
		if r.Host != host {
			logger.Warn().Str("host", r.Host).Msg("control socket: foreign host refused")
			writeError(w, &Error{Code: CodeDenied, Message: "this is not a web server: the request is for another host"})
			return
		}
		next.ServeHTTP(w, r)
	})
}

// serverErrors logs what net/http has to say, such as a panic in a handler.
type serverErrors struct{ zerolog.Logger }

func (l serverErrors) Write(line []byte) (int, error) {
	l.Warn().Str("error", strings.TrimSpace(string(line))).Msg("control socket: server error")
	return len(line), nil
}
