package portmap

import (
	"io"
	"net/http"
	"net/url"
	"runtime"
	"strings"
	"testing"
)

// allocatedBy returns how many bytes f allocates.
func allocatedBy(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// repeated fills what is read of a description, and more.
func repeated(head, text string) string {
	return head + strings.Repeat(text, 2*maxDescription/len(text))
}

// XML can be small on the network and large in memory in several ways, and the router
// of somebody else's network chooses what we read.
func TestT15DescriptionThatIsABombCostsLittle(t *testing.T) {
	location := &url.URL{Scheme: "http", Host: "192.168.1.1"}
	for name, body := range map[string]string{
		"a billion laughs": `<!DOCTYPE l [<!ENTITY a "ha"><!ENTITY b "` + strings.Repeat("&a;", 1000) + `"><!ENTITY c "` +
			strings.Repeat("&b;", 1000) + `">]><root><URLBase>` + strings.Repeat("&c;", 1000) + `</URLBase></root>`,
		"a file of ours":         `<!DOCTYPE l [<!ENTITY a SYSTEM "file:///etc/passwd">]><root><URLBase>&a;</URLBase></root>`,
		"elements in elements":   repeated("", "<a>"),
		"devices in devices":     repeated("<root>", "<device><deviceList>"),
		"many devices":           repeated("<root><device><deviceList>", "<device/>"),
		"many services":          repeated("<root><device><serviceList>", "<service/>"),
		"many icons":             repeated("<root><device><iconList>", "<icon/>"),
		"many attributes":        repeated("<root ", `a="" `),
		"a name without end":     repeated("<", "a"),
		"a text without end":     repeated("<root><URLBase>", "a"),
		"a comment without end":  repeated("<root><!--", "a"),
		"references without end": repeated("<root><URLBase>", "&lt;"),
		"instructions":           repeated("<root>", "<?a?>"),
	} {
		t.Run(name, func(t *testing.T) {
			spent := allocatedBy(func() {
				root, err := parseDescription(io.LimitReader(strings.NewReader(body), maxDescription), location)
				if err == nil {
					wanConnections(root, location, http.DefaultClient)
				}
			})
			if spent > 1<<20 {
				t.Errorf("allocated %d KiB", spent>>10)
			}
		})
	}
}
