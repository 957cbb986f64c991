package wire

import (
	"testing"

	"github.com/pion/stun/v3"
)

// decoders are all that a datagram from the network may reach.
var decoders = map[string]func(d []byte) error{
	"login":            func(d []byte) error { _, err := ParseLogin(d); return err },
	"accept":           func(d []byte) error { _, err := ParseAccept(d); return err },
	"probe":            func(d []byte) error { _, err := ParseProbe(d, exampleProbeKey); return err },
	"probe reply":      func(d []byte) error { _, err := ParseProbeReply(d, exampleProbeKey); return err },
	"binding response": func(d []byte) error { _, err := ParseBindingResponse(d); return err },
	"binding request":  func(d []byte) error { _, err := ParseBindingRequest(d); return err },
}

// CVE-2026-54909: a STUN library crashed on attributes of no bytes.
func TestT14AttributesOfNoBytesAreRefused(t *testing.T) {
	known := []stun.AttrType{stun.AttrXORMappedAddress, stun.AttrChangeRequest, stun.AttrFingerprint, attrLogin, attrAccept, attrSession, attrMAC}
	for _, messageType := range []uint16{bindingRequest, bindingResponse} {
		for _, attribute := range known {
			d := appendSTUN(nil, messageType, stunHeaderSize+attributeHeaderSize, exampleTransaction)
			d = appendAttributeHeader(d, attribute, 0)
			for name, decode := range decoders {
				ignored := messageType == bindingRequest && name == "binding request" &&
					attribute != stun.AttrChangeRequest && attribute != stun.AttrFingerprint
				if err := decode(d); (err == nil) != ignored {
					t.Errorf("%s: empty attribute %#x: error is %v", name, uint16(attribute), err)
				}
			}
		}
	}
}

func TestAttributesGivenTwiceAreRefused(t *testing.T) {
	mapped := appendMappedAddress(nil, exampleEndpoint, exampleTransaction)
	d := appendSTUN(nil, bindingResponse, stunHeaderSize+2*len(mapped), exampleTransaction)
	d = append(append(d, mapped...), mapped...)
	if _, err := ParseBindingResponse(d); err != errTwice {
		t.Errorf("error is %v, want %v", err, errTwice)
	}
}

func TestNothingFollowsTheFingerprint(t *testing.T) {
	d := stun.MustBuild(stun.TransactionID, stun.BindingRequest, stun.Fingerprint, stun.NewSoftware("late")).Raw
	if _, err := ParseBindingRequest(d); err != errAttribute {
		t.Errorf("error is %v, want %v", err, errAttribute)
	}
}

func TestT14AttributeSizesNeverReachBeyondTheDatagram(t *testing.T) {
	for _, size := range []uint16{1, 5, 8, 0x7fff, 0x8000, 0xfffc, 0xfffd, 0xffff} {
		d := appendSTUN(nil, bindingResponse, stunHeaderSize+attributeHeaderSize+4, exampleTransaction)
		d = append(appendAttributeHeader(d, stun.AttrXORMappedAddress, int(size)), 0, 1, 2, 3)
		if _, err := ParseBindingResponse(d); err == nil {
			t.Errorf("an XOR-MAPPED-ADDRESS of %d bytes is accepted", size)
		}
	}
}

func TestAnAttributeWithoutItsPaddingIsRefused(t *testing.T) {
	d := appendSTUN(nil, bindingRequest, stunHeaderSize+attributeHeaderSize+1, exampleTransaction)
	d = append(appendAttributeHeader(d, stun.AttrSoftware, 1), 'x')
	if _, err := ParseBindingRequest(d); err != errAttribute {
		t.Errorf("error is %v, want %v", err, errAttribute)
	}
}

func TestAnswersThatMustBeUnderstoodAndAreNotAreRefused(t *testing.T) {
	required := func(answer []byte) []byte {
		answer = answer[:len(answer)-fingerprintSize] // of a message that has one
		answer = appendAttributeHeader(answer, 0x7001, 0)
		return repairSTUN(append(answer, make([]byte, fingerprintSize)...))
	}
	accept := required(Accept{Observed: exampleEndpoint, ControlPort: 7700}.Append(nil))
	if _, err := ParseAccept(accept); err != errUnknown {
		t.Errorf("accept: error is %v, want %v", err, errUnknown)
	}
	if _, err := ParseBindingResponse(accept); err != errUnknown {
		t.Errorf("binding response: error is %v, want %v", err, errUnknown)
	}
}

// Floods must not become garbage collection.
func TestHotDatagramsAllocateNothing(t *testing.T) {
	secret := counting[[32]byte](1)
	buffer := make([]byte, 0, 128)
	login := Login{}.Append(nil)
	accept := Accept{Observed: exampleEndpoint, ControlPort: 1}
	probe := Probe{Session: exampleSession}
	reply := ProbeReply{Session: exampleSession, Observed: exampleEndpoint6}
	forged := probe.Append(nil, ProbeKey{})
	for name, hot := range map[string]func(){
		"classify":         func() { Classify(forged); ProbeSession(forged) },
		"login":            func() { buffer = Login{}.Append(buffer[:0]); ParseLogin(login) },
		"accept":           func() { buffer = accept.Append(buffer[:0]); ParseAccept(buffer) },
		"cookie":           func() { NewCookie(&secret, exampleEndpoint, exampleTime).Valid(&secret, exampleEndpoint, exampleTime) },
		"probe":            func() { buffer = probe.Append(buffer[:0], exampleProbeKey); ParseProbe(buffer, exampleProbeKey) },
		"forged probe":     func() { ParseProbe(forged, exampleProbeKey) },
		"probe reply":      func() { buffer = reply.Append(buffer[:0], exampleProbeKey); ParseProbeReply(buffer, exampleProbeKey) },
		"relay":            func() { buffer = AppendRelayHeader(buffer[:0], exampleSession); ParseRelayHeader(buffer) },
		"relay frame":      func() { ParseRelay(forged) },
		"binding response": func() { buffer = BindingResponse{Observed: exampleEndpoint}.Append(buffer[:0]) },
	} {
		if allocations := testing.AllocsPerRun(100, hot); allocations != 0 {
			t.Errorf("%s: %v allocations", name, allocations)
		}
	}
}
