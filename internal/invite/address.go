package invite

import (
	"errors"
	"net"
	"net/netip"
	"strconv"
	"strings"
)

// maxHost is the longest host name of the DNS (RFC 1035 section 2.3.4).
const maxHost = 253

// parseAddress returns HOST:PORT in one spelling: lower case, the port always
// there, an IPv6 address in brackets.
func parseAddress(text string) (string, error) {
	host, port := splitPort(text)
	number, err := strconv.ParseUint(port, 10, 16)
	if err != nil || number == 0 {
		return "", errors.New("the port is not a number from 1 to 65535")
	}
	if literal, ok := strings.CutPrefix(host, "["); ok {
		host, err = parseIPv6(literal)
	} else {
		host, err = parseHost(host)
	}
	if err != nil {
		return "", err
	}
	return net.JoinHostPort(host, strconv.FormatUint(number, 10)), nil
}

// splitPort cuts at the colon behind the host, which in brackets has colons of its
// own.
func splitPort(text string) (host, port string) {
	colon := strings.LastIndexByte(text, ':')
	if colon < 0 || strings.HasSuffix(text, "]") {
		return text, DefaultPort
	}
	return text[:colon], text[colon+1:]
}

// parseIPv6 reads what follows the opening bracket. It refuses zones: fe80::1%eth0
// means something on one machine only.
func parseIPv6(bracketed string) (string, error) {
	literal, closed := strings.CutSuffix(bracketed, "]")
	ip, err := netip.ParseAddr(literal)
	if err != nil || !closed || !ip.Is6() || ip.Zone() != "" {
		return "", errors.New("what is in brackets is not an IPv6 address that others can reach")
	}
	return ip.String(), nil
}

func parseHost(host string) (string, error) {
	if host == "" {
		return "", errors.New("the host is missing")
	}
	if strings.Contains(host, ":") {
		return "", errors.New("an IPv6 address needs brackets around it")
	}
	stranger := strings.IndexFunc(host, func(char rune) bool {
		return !('a' <= char && char <= 'z' || 'A' <= char && char <= 'Z' || '0' <= char && char <= '9' ||
			strings.ContainsRune("-._", char))
	})
	if stranger >= 0 || strings.ContainsRune("-.", rune(host[0])) || len(host) > maxHost {
		return "", errors.New("the host is neither a name nor an address")
	}
	return strings.ToLower(host), nil
}
