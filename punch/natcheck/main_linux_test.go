package natcheck_test

import (
	"os"
	"testing"

	"peerd/internal/natlab"
)

func TestMain(m *testing.M) { os.Exit(natlab.Main(m)) }
