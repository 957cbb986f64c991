package portmap

import (
	"encoding/binary"
	"net/netip"
	"time"
)

// The NAT-PMP packets (RFC 6886 sections 3.2 and 3.3). The external address has
// a question of its own; a mapping is known by client, protocol and internal
// port.
//
//	request   ver 0 │ op 0                                                       2 bytes
//	response  ver 0 │ op 128 │ result (2) │ epoch (4) │ external address (4)     12
//	request   ver 0 │ op 1 │ 0 (2) │ internal port (2) │ external port (2) │
//	          lifetime, seconds (4)                                              12
//	response  ver 0 │ op 129 │ result (2) │ epoch (4) │ internal port (2) │
//	          external port (2) │ lifetime (4)                                   16
const (
	natpmpVersion       = 0
	natpmpMinLength     = 8 // a refusal may end after the epoch
	natpmpAddressLength = 12
	natpmpMapLength     = 16

	opAddress = 0
	opMapUDP  = 1

	natpmpNetworkFailure = 3
	natpmpNoResources    = 4
)

// natpmp is the dialect of RFC 6886. It is our own code: its packets are a
// subset of PCP's machine, and the libraries for it bring blocking sockets and
// retries of their own, which simulated time cannot drive.
type natpmp struct {
	port uint16 // internal
}

func (n natpmp) requests(lifetime time.Duration, external netip.AddrPort) [][]byte {
	suggested := external.Port()
	if lifetime == 0 { // RFC 6886 section 3.4
		suggested = 0
	}
	mapping := append(make([]byte, 0, 12), natpmpVersion, opMapUDP, 0, 0)
	mapping = binary.BigEndian.AppendUint16(mapping, n.port)
	mapping = binary.BigEndian.AppendUint16(mapping, suggested)
	mapping = binary.BigEndian.AppendUint32(mapping, uint32(lifetime/time.Second))
	if lifetime == 0 {
		return [][]byte{mapping}
	}
	return [][]byte{{natpmpVersion, opAddress}, mapping}
}

func (n natpmp) read(datagram []byte) (answer, bool) {
	if isOfVersion(datagram, pcpVersion) && datagram[3] == resultUnsupportedVersion {
		return answer{refused: refusal{NATPMP, resultUnsupportedVersion}, pause: maxPause}, true
	}
	if isOfVersion(datagram, pcpVersion) {
		return readAnnouncement(datagram)
	}
	if !isOfVersion(datagram, natpmpVersion) || len(datagram) < natpmpMinLength {
		return answer{}, false
	}
	op := datagram[1] &^ responseBit
	if op != opAddress && op != opMapUDP {
		return answer{}, false
	}
	told := answer{epoch: binary.BigEndian.Uint32(datagram[4:]), hasEpoch: true, mapping: op == opMapUDP}
	if code := binary.BigEndian.Uint16(datagram[2:]); code != resultSuccess {
		told.refused, told.pause = refusal{NATPMP, int(code)}, natpmpPause(code)
		return told, true
	}
	switch {
	case op == opAddress && len(datagram) >= natpmpAddressLength:
		told.address = netip.AddrFrom4([4]byte(datagram[8:]))
		if told.address.IsUnspecified() {
			told.refused, told.pause = errNoExternalAddress, minPause
		}
		return told, true
	case op == opMapUDP && len(datagram) >= natpmpMapLength && binary.BigEndian.Uint16(datagram[8:]) == n.port:
		told.port = binary.BigEndian.Uint16(datagram[10:])
		told.lifetime = time.Duration(binary.BigEndian.Uint32(datagram[12:])) * time.Second
		return told, true
	}
	return answer{}, false
}

// natpmpPause is how long to believe a refusal, which NAT-PMP leaves to us:
// what the router lacks now it may have soon.
func natpmpPause(code uint16) time.Duration {
	if code == natpmpNetworkFailure || code == natpmpNoResources {
		return minPause
	}
	return maxPause
}
