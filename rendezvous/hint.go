package rendezvous

// A hintedError is an error that knows the user's next step. Commands show what
// Hint returns below the error.
type hintedError struct {
	error
	hint string
}

// Hint returns the next step, as a whole sentence's worth of advice.
func (e hintedError) Hint() string  { return e.hint }
func (e hintedError) Unwrap() error { return e.error }

func hinted(err error, hint string) error { return hintedError{err, hint} }
