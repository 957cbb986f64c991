package rendezvous

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"golang.org/x/net/netutil"
)

// errMetricsPublic refuses to show who talks how much to the whole internet.
var errMetricsPublic = hinted(
	errors.New("the metrics address is not a loopback address"),
	"use --metrics 127.0.0.1:9100, or add --metrics-public if the network there is yours")

// openMetrics binds the HTTP service with /metrics and /healthz.
func (s *Server) openMetrics() error {
	listener, err := net.Listen("tcp", s.config.Metrics)
	if err != nil {
		return hinted(fmt.Errorf("serve metrics: %w", err), "choose a free HOST:PORT of this machine with --metrics")
	}
	if !addrOf(listener.Addr()).Addr().IsLoopback() && !s.config.MetricsPublic {
		return errors.Join(errMetricsPublic, listener.Close())
	}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(s.registry(), promhttp.HandlerOpts{}))
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		s.hub.connections() // answers only while the hub does
		_, _ = w.Write([]byte("ok\n"))
	})
	s.services = append(s.services, newService(netutil.LimitListener(listener, maxServiceConns), mux, s.isMetricsHost, s.log))
	s.metricsAddr = addrOf(listener.Addr())
	return nil
}

// isMetricsHost reports whether a Host header is that of the metrics service: an
// address of this machine, localhost, or the name we were told to listen at or to
// advertise. Any other name may be one that a web page has rebound to us.
func (s *Server) isMetricsHost(asked string, local net.Addr) bool {
	host := strings.ToLower(hostOf(asked))
	if addr, err := netip.ParseAddr(host); err == nil && addr.IsLoopback() {
		return true
	}
	at, _ := local.(*net.TCPAddr)
	return host != "" && (host == "localhost" || at != nil && host == at.AddrPort().Addr().Unmap().String() ||
		host == strings.ToLower(hostOf(s.config.Metrics)) || host == strings.ToLower(hostOf(s.advertised)))
}

// hostOf returns HOST[:PORT] without the port, and without the brackets of IPv6.
func hostOf(address string) string {
	if host, _, err := net.SplitHostPort(address); err == nil {
		return host
	}
	return strings.Trim(address, "[]")
}

// registry returns the metrics. Their names are what operators' dashboards and
// alerts refer to: add, never rename.
func (s *Server) registry() *prometheus.Registry {
	r := prometheus.NewRegistry()
	gauge := func(name, help string, value func() float64) {
		r.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "rendezvous_" + name, Help: help}, value))
	}
	gauge("peers_online", "Peers logged in.", func() float64 { return float64(len(s.hub.connections())) })
	gauge("sessions", "Sessions that may use the relay.", func() float64 {
		sessions, _ := s.relay.count()
		return float64(sessions)
	})
	gauge("udp_endpoints", "Proven UDP endpoints.", func() float64 {
		_, endpoints := s.relay.count()
		return float64(endpoints)
	})
	gauge("second_addresses", "Further addresses that peers are observed from.", func() float64 {
		return float64(len(s.addresses.seconds()))
	})
	counter := func(name, help string, value *atomic.Uint64) {
		r.MustRegister(prometheus.NewCounterFunc(
			prometheus.CounterOpts{Name: "rendezvous_" + name, Help: help},
			func() float64 { return float64(value.Load()) }))
	}
	n := s.counters
	for _, c := range []struct {
		name, help string
		value      *atomic.Uint64
	}{
		{"udp_logins_total", "UDP logins answered.", &n.logins},
		{"stun_bindings_total", "Plain STUN requests answered.", &n.bindings},
		{"datagrams_dropped_total", "Datagrams that deserved no answer.", &n.datagramsDropped},
		{"receive_errors_total", "Errors of reading UDP sockets.", &n.receiveErrors},
		{"half_open_refused_total", "Control connections over their source's limit.", &n.halfOpenRefused},
		{"handshakes_refused_total", "Handshakes that a flood of others did not let begin.", &n.handshakesRefused},
		{"members_slowed_total", "Frames that had to wait because their sender was over a rate.", &n.membersSlowed},
		{"logins_refused_total", "Control connections that did not become a login.", &n.loginsRefused},
		{"roster_pushes_total", "Roster updates sent to peers.", &n.rosterPushes},
		{"talks_total", "Talks asked for.", &n.talks},
		{"talks_refused_total", "Talks refused.", &n.talksRefused},
		{"candidates_uncertified_total", "Observed candidates without a valid cookie, and mapped ones where the peer is not seen.", &n.uncertified},
		{"envelopes_total", "Envelopes forwarded.", &n.envelopes},
		{"relayed_bytes_total", "Bytes relayed, headers included.", &n.relayedBytes},
		{"relay_foreign_total", "Relay frames of no session of their sender.", &n.relayForeign},
		{"relay_over_quota_total", "Relay frames over their sender's quota.", &n.relayOverQuota},
		{"relay_congested_total", "Relay frames lost to a slow addressee.", &n.relayCongested},
	} {
		counter(c.name, c.help, c.value)
	}
	s.classicMetrics(gauge, counter)
	return r
}

// MetricsAddr returns the address of the metrics service; the zero AddrPort
// when there is none.
func (s *Server) MetricsAddr() netip.AddrPort { return s.metricsAddr }
