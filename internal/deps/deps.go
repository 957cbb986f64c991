// Package deps is a temporary pin of every dependency.
package deps

import (
	_ "filippo.io/edwards25519"
	_ "github.com/coreos/go-systemd/v22/daemon"
	_ "github.com/google/nftables"
	_ "github.com/libp2p/go-reuseport"
	_ "github.com/pion/stun/v3"
	_ "github.com/prometheus/client_golang/prometheus/promhttp"
	_ "github.com/quic-go/quic-go"
	_ "github.com/rogpeppe/go-internal/testscript"
	_ "github.com/rs/zerolog"
	_ "github.com/spf13/cobra"
	_ "github.com/vishvananda/netlink"
	_ "github.com/vishvananda/netns"
	_ "go.etcd.io/bbolt"
	_ "golang.org/x/net/ipv4"
	_ "golang.org/x/sys/unix"
	_ "golang.org/x/term"
	_ "golang.org/x/text/unicode/norm"
	_ "golang.org/x/time/rate"
	_ "google.golang.org/protobuf/proto"
	_ "modernc.org/sqlite"
)
