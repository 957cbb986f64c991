package classic

import (
	"net/netip"
	"testing"
	"time"

	"peerd/internal/spoil"
	"peerd/wire"
)

var strangerAt = netip.MustParseAddrPort("198.51.100.7:4000")

// datagramsOfUsers are logins and logouts in both encodings.
func datagramsOfUsers(t testing.TB) (all [][]byte) {
	t.Helper()
	who := wire.ClassicLogin{Name: "天涯", Endpoint: netip.MustParseAddrPort("10.0.0.2:9000")}
	for _, encoding := range []wire.ClassicEncoding{wire.ClassicUTF8, wire.ClassicDotNET} {
		for _, m := range []wire.ClassicMessage{who, wire.ClassicLogout(who)} {
			datagram, err := wire.AppendClassic(nil, m, encoding)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, datagram)
		}
	}
	return all
}

// checkUser holds whoever is read from a datagram to what the door promises others:
// a name without anything that ends a field, and an endpoint at which it was seen or
// that it has claimed.
func checkUser(t *testing.T, datagram []byte) {
	u, _ := parse(datagram, strangerAt, time.Unix(1_800_000_000, 0))
	if u == nil {
		return
	}
	row := wire.ClassicUser{Name: u.name, Endpoint: u.endpoint}
	if _, err := wire.AppendClassicList(nil, []wire.ClassicUser{row}, wire.ClassicUTF8); err != nil {
		t.Errorf("%q logs in as %+v, whom no list can hold: %v", datagram, row, err)
	}
	if u.address != strangerAt.Addr() {
		t.Errorf("%q from %v is taken to come from %v", datagram, strangerAt, u.address)
	}
}

func TestT14DatagramAtTheDoorMayBeSpoilt(t *testing.T) {
	for _, whole := range datagramsOfUsers(t) {
		if u, _ := parse(whole, strangerAt, time.Unix(1_800_000_000, 0)); u == nil {
			t.Fatalf("%q is not read", whole)
		}
		for spoilt := range spoil.Everything(whole) {
			checkUser(t, spoilt)
		}
	}
}

func FuzzDatagram(f *testing.F) {
	for _, datagram := range datagramsOfUsers(f) {
		f.Add(datagram)
	}
	f.Fuzz(checkUser)
}
