package api

// Damage tells that the file of messages was damaged, and what became of what was
// in it. What could be read is in use.
type Damage struct {
	At       Time   `json:"at"`
	Cause    string `json:"cause"`    // as the database put it
	Kept     string `json:"kept"`     // path of the damaged file; without it the damage is told no more
	Messages int64  `json:"messages"` // that were saved
	Missing  int64  `json:"missing"`  // that were there once; some of them may have been deleted before
}
