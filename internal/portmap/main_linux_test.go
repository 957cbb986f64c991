package portmap_test

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"testing"

	"peerd/internal/leak"
	"peerd/internal/natlab"
	"peerd/internal/portmap"
)

// programVariable makes the test binary the program that keeps mappings on the
// lab's machines.
const programVariable = "PORTMAP_TEST_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(programVariable) != "" {
		os.Exit(keepMappings())
	}
	os.Exit(natlab.Main(leak.Checked(m)))
}

// keepMappings prints each report as one line of JSON until it is told to end.
func keepMappings() int {
	var config portmap.Config
	port := flag.Uint("port", 0, "")
	protocol := flag.String("protocols", "", "")
	flag.DurationVar(&config.Lifetime, "lifetime", 0, "")
	flag.Parse()
	config.Port = uint16(*port)
	for p := range strings.FieldsSeq(*protocol) {
		config.Protocols = append(config.Protocols, portmap.Protocol(p))
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	reports := json.NewEncoder(os.Stdout)
	if err := portmap.Keep(ctx, config, func(m portmap.Mapping) { _ = reports.Encode(m) }); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	fmt.Println("ended")
	return 0
}
