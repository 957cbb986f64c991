package main

import (
	"os"
	"os/user"
	"slices"
	"strings"

	"peerd/internal/name"
)

// defaultName is the name of a new peer whose owner chose none: the user's, or
// the host's where the user is one that every host has. It is empty when
// neither can be a name.
func defaultName(user, host string) string {
	if slices.Contains([]string{"root", "peerd", "nobody"}, user) {
		user = ""
	}
	host, _, _ = strings.Cut(host, ".") // without the domain
	for _, text := range []string{user, host} {
		if normal, err := name.Normalize(text); err == nil {
			return normal
		}
	}
	return ""
}

// userName is the login name of whoever runs this process, empty if it has none.
func userName() string {
	current, err := user.Current()
	if err != nil {
		return ""
	}
	// On Windows it is DOMAIN\user.
	return current.Username[strings.LastIndexByte(current.Username, '\\')+1:]
}

// hostName is empty when the host has none.
func hostName() string {
	host, _ := os.Hostname()
	return host
}
