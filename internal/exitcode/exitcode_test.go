package exitcode

import (
	"errors"
	"fmt"
	"testing"
)

func TestOf(t *testing.T) {
	plain := errors.New("disk on fire")
	for name, c := range map[string]struct {
		err  error
		want int
	}{
		"success is zero":                       {nil, OK},
		"an error without a code is one":        {plain, Other},
		"a code is found":                       {With(Declined, plain), Declined},
		"a code is found through wrapping":      {fmt.Errorf("send: %w", With(NoSuchPeer, plain)), NoSuchPeer},
		"a code is found in a joined error":     {errors.Join(plain, With(Usage, plain)), Usage},
		"the outer code wins over an inner one": {With(Denied, With(Usage, plain)), Denied},
		"no error stays no error":               {With(Usage, nil), OK},
	} {
		t.Run(name, func(t *testing.T) {
			if got := Of(c.err); got != c.want {
				t.Errorf("Of(%v) = %d, want %d", c.err, got, c.want)
			}
		})
	}
}

func TestWithKeepsTheCause(t *testing.T) {
	cause := errors.New("cause")
	if err := With(Usage, cause); !errors.Is(err, cause) || err.Error() != "cause" {
		t.Errorf("With(%v) = %v: lost the cause", cause, err)
	}
}
