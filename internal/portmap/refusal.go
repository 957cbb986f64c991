package portmap

import "fmt"

// A refusal is a router's answer that it will not.
type refusal struct {
	protocol Protocol
	code     int
}

func (r refusal) Error() string {
	if name, known := refusalNames[r]; known {
		return fmt.Sprintf("%s: refused: %s (%d)", r.protocol, name, r.code)
	}
	return fmt.Sprintf("%s: refused with code %d", r.protocol, r.code)
}

// refusalNames are the result codes of RFC 6887 section 7.4, RFC 6886
// section 3.5, and of WANIPConnection:2 section 2.5.
var refusalNames = map[refusal]string{
	{PCP, 1}:      "unsupported version",
	{PCP, 2}:      "not authorized",
	{PCP, 3}:      "malformed request",
	{PCP, 4}:      "unsupported opcode",
	{PCP, 5}:      "unsupported option",
	{PCP, 6}:      "malformed option",
	{PCP, 7}:      "network failure",
	{PCP, 8}:      "no resources",
	{PCP, 9}:      "unsupported transport protocol",
	{PCP, 10}:     "quota exceeded",
	{PCP, 11}:     "cannot provide that external endpoint",
	{PCP, 12}:     "another NAT is between us and the router",
	{PCP, 13}:     "too many remote peers",
	{NATPMP, 1}:   "unsupported version",
	{NATPMP, 2}:   "not authorized",
	{NATPMP, 3}:   "network failure",
	{NATPMP, 4}:   "no resources",
	{NATPMP, 5}:   "unsupported opcode",
	{UPnP, 401}:   "invalid action",
	{UPnP, 402}:   "invalid arguments",
	{UPnP, 501}:   "action failed",
	{UPnP, 606}:   "not authorized",
	upnpConflict:  "port is taken",
	{UPnP, 724}:   "internal and external port must be the same",
	upnpPermanent: "mappings must be permanent",
	{UPnP, 728}:   "no resources",
	upnpOther:     "port is taken by another mechanism",
}

// The refusals of a UPnP router that another request may get around.
var (
	upnpConflict  = refusal{UPnP, 718}
	upnpPermanent = refusal{UPnP, 725}
	upnpOther     = refusal{UPnP, 729}
)
