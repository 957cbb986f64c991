package name

import "fmt"

// A Rule is one reason why a text is not a name. Its text is what the user reads.
type Rule string

const (
	Empty   Rule = "is empty"
	TooLong Rule = "has more than 32 characters"
	NotUTF8 Rule = "is not UTF-8"

	// Separator: the comma and the semicolon separate fields of a login, '#' begins
	// the secret of an invite, '/' is part of addresses and file paths, and a word
	// that begins with '@' is a file on our command line and a mention in a chat.
	Separator Rule = "contains a separator"

	// Bidi: these turn the order of the text around the name, so a line could be
	// made to say something else.
	Bidi    Rule = "contains a character that turns the direction of the text"
	Control Rule = "contains a control character"

	// Invisible: two names that differ in nothing the eye can see. This costs
	// joined emoji and the Persian half-space; a name that passes for another one
	// would cost more.
	Invisible  Rule = "contains an invisible character"
	PrivateUse Rule = "contains a private-use character, which looks different everywhere"

	// Unassigned: a character this version of Unicode does not know could turn out
	// to be any of the above.
	Unassigned Rule = "contains a character that Unicode has not assigned"

	Space           Rule = "begins or ends with a space, or has two in a row, or an unusual one"
	Marks           Rule = "begins with a combining mark or piles up more than 4 of them"
	Dash            Rule = "begins with a dash and would be read as an option"
	OnlyPunctuation Rule = "has no letter, digit or symbol"

	// MixedScripts: аlice with a Cyrillic а looks like alice.
	MixedScripts Rule = "mixes scripts whose letters look alike"
)

// An InvalidError says which rule a text breaks.
type InvalidError struct {
	Name string // as given
	Rule Rule
	Char rune // the character at fault, 0 when it is not one character
}

// Error quotes the name in ASCII, since it may hold what a terminal obeys.
func (e *InvalidError) Error() string {
	text := []rune(e.Name)
	shown := fmt.Sprintf("%+q", string(text[:min(len(text), MaxLength)]))
	if len(text) > MaxLength {
		shown += "…"
	}
	reason := string(e.Rule)
	if e.Char != 0 {
		reason += fmt.Sprintf(" (%U)", e.Char)
	}
	return fmt.Sprintf("the name %s %s: choose another one", shown, reason)
}
