package peer

import (
	"os"
	"testing"

	"peerd/internal/leak"
)

func TestMain(m *testing.M) { os.Exit(leak.Checked(m).Run()) }
