package natcheck_test

import (
	"os"
	"testing"

	"peerd/internal/leak"
	"peerd/internal/natlab"
)

func TestMain(m *testing.M) { os.Exit(natlab.Main(leak.Checked(m))) }
