package api

import (
	"context"
	"net"
	"net/http"
	"strings"

	"github.com/rs/zerolog"

	"peerd/internal/webgate"
)

// host is the only Host header served. A page in a browser cannot send it, not
// even through DNS rebinding, should anybody ever bridge the socket to TCP.
const host = "peerd"

type verdictKey struct{}

// rememberCaller decides once per connection whether its caller is admitted.
func rememberCaller(ctx context.Context, conn net.Conn) context.Context {
	return context.WithValue(ctx, verdictKey{}, admit(conn))
}

// gate lets through what an admitted caller asks of this very service. A connection
// about which nothing was decided is not admitted.
func gate(next http.Handler, logger zerolog.Logger) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		webgate.Disarm(w.Header())
		refusal, decided := r.Context().Value(verdictKey{}).(*Error)
		if !decided {
			refusal = &Error{Code: CodeDenied, Message: "cannot tell who is calling"}
		}
		if refusal != nil {
			logger.Warn().Err(refusal).Msg("control socket: caller refused")
			writeError(w, refusal)
			return
		}
		if err := webgate.Check(r, func(asked string) bool { return asked == host }); err != nil {
			logger.Warn().Err(err).Str("host", r.Host).Msg("control socket: request of a web page refused")
			writeError(w, &Error{Code: CodeDenied, Message: "this is not a web server: " + err.Error()})
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
