//go:build linux

package natlab_test

import (
	"net"
	"testing"
	"time"

	"peerd/internal/natlab"
)

func TestDelayIsThereInBothDirections(t *testing.T) {
	const vpsDelay, homeDelay = 5 * time.Millisecond, 20 * time.Millisecond
	lab := natlab.New(t)
	srv := startServer(t, lab.PublicHost("vps", natlab.Link{Delay: vpsDelay}), 3478)
	home := lab.Home("home", natlab.Masquerade, natlab.Link{Delay: homeDelay})
	conn := home.Host("alice").ListenUDP(0)
	srv.observed(conn)
	if rtt, want := roundTrip(srv, conn), 2*(vpsDelay+homeDelay); rtt < want {
		t.Errorf("round trip %v, want %v or more", rtt, want)
	}
	home.SetLink(natlab.Link{Delay: 3 * homeDelay})
	if rtt, want := roundTrip(srv, conn), 2*(vpsDelay+3*homeDelay); rtt < want {
		t.Errorf("round trip %v after the change, want %v or more", rtt, want)
	}
}

func roundTrip(srv *server, conn *net.UDPConn) time.Duration {
	start := time.Now()
	srv.observed(conn)
	return time.Since(start)
}
