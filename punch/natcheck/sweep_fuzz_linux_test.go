package natcheck

import (
	"encoding/binary"
	"testing"

	"golang.org/x/sys/unix"
	"peerd/internal/spoil"
)

// timeExceededReport is what the kernel queues when a packet's life has ended at
// 192.0.2.1.
func timeExceededReport() []byte {
	report := append(make([]byte, 4), unix.SO_EE_ORIGIN_ICMP, 11, 0)
	report = append(report, make([]byte, 9)...)
	report = binary.NativeEndian.AppendUint16(report, unix.AF_INET)
	return append(report, 0, 0, 192, 0, 2, 1, 0, 0, 0, 0, 0, 0, 0, 0)
}

func checkReport(t *testing.T, b []byte) {
	if router := parseReport(b); router.IsValid() && !router.Is4() {
		t.Errorf("%x is of %v", b, router)
	}
}

func TestT14ReportMayBeSpoilt(t *testing.T) {
	if !parseReport(timeExceededReport()).IsValid() {
		t.Fatal("the example is no report")
	}
	for spoilt := range spoil.Everything(timeExceededReport()) {
		checkReport(t, spoilt)
	}
}

func FuzzReport(f *testing.F) {
	f.Add(timeExceededReport())
	f.Fuzz(checkReport)
}
