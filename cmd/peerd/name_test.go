package main

import "testing"

func TestDefaultName(t *testing.T) {
	for _, test := range []struct{ proves, user, host, want string }{
		{"a person's login name is the best guess", "alice", "laptop", "alice"},
		{"root says nothing, its host does", "root", "nas", "nas"},
		{"so it is with the service's user", "peerd", "nas", "nas"},
		{"the domain is not part of the host's name", "root", "nas.example.org", "nas"},
		{"a login name that is no name is passed over", "svc;1", "nas", "nas"},
		{"names have one spelling", "Ａｌｉｃｅ", "laptop", "Alice"},
		{"a user without a name has its host's", "", "nas", "nas"},
		{"without any there is none", "root", "", ""},
	} {
		t.Run(test.proves, func(t *testing.T) {
			if got := defaultName(test.user, test.host); got != test.want {
				t.Errorf("user %q on host %q is called %q, want %q", test.user, test.host, got, test.want)
			}
		})
	}
}
