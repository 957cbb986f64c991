package portmap

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"
)

// loopback stands for a gateway on this machine.
var loopback = gateway{address: netip.MustParseAddr("127.0.0.1"), local: netip.MustParseAddr("127.0.0.1")}

// A testIGD is a router's web server.
type testIGD struct {
	services  []string // their types
	refusals  []int    // of the next AddPortMapping requests; 0 grants
	requests  []string // bodies of AddPortMapping
	addresses []string // what GetExternalIPAddress says, one each; the last stays
}

// slowMachinesClient is httpClient for a gateway on this machine, with as much time for
// a request as a machine under load may take.
func slowMachinesClient() *http.Client {
	client := httpClient(loopback)
	client.Timeout = 30 * time.Second // hang guard
	return client
}

const description = `<?xml version="1.0"?><root xmlns="urn:schemas-upnp-org:device-1-0"><device><deviceList><device>` +
	`<serviceList>%s</serviceList></device></deviceList></device></root>`

func (r *testIGD) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	body, _ := io.ReadAll(request.Body)
	switch action := request.Header.Get("SOAPAction"); {
	case request.URL.Path == "/description.xml":
		var services strings.Builder
		for _, s := range r.services {
			fmt.Fprintf(&services, "<service><serviceType>%s</serviceType><controlURL>/control</controlURL></service>", s)
		}
		fmt.Fprintf(w, description, services.String())
	case strings.Contains(action, "#GetExternalIPAddress"):
		address := r.addresses[0]
		if len(r.addresses) > 1 {
			r.addresses = r.addresses[1:]
		}
		writeSOAP(w, "<u:GetExternalIPAddressResponse xmlns:u=\"x\"><NewExternalIPAddress>"+address+
			"</NewExternalIPAddress></u:GetExternalIPAddressResponse>")
	case strings.Contains(action, "#AddPortMapping"):
		r.requests = append(r.requests, string(body))
		if len(r.refusals) > 0 && r.refusals[0] != 0 {
			w.WriteHeader(http.StatusInternalServerError)
			writeSOAP(w, fmt.Sprintf("<s:Fault><faultcode>s:Client</faultcode><faultstring>UPnPError</faultstring><detail>"+
				"<UPnPError><errorCode>%d</errorCode></UPnPError></detail></s:Fault>", r.refusals[0]))
			r.refusals = r.refusals[1:]
			return
		}
		r.refusals = r.refusals[min(1, len(r.refusals)):]
		writeSOAP(w, "<u:AddPortMappingResponse xmlns:u=\"x\"/>")
	default:
		w.WriteHeader(http.StatusNotFound)
	}
}

func writeSOAP(w io.Writer, body string) {
	fmt.Fprintf(w, `<?xml version="1.0"?><s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>%s</s:Body></s:Envelope>`, body)
}

// start serves r on loopback and returns it as a client sees it.
func (r *testIGD) start(t *testing.T) *igd {
	t.Helper()
	if r.services == nil {
		r.services = []string{"urn:schemas-upnp-org:service:WANIPConnection:1"}
	}
	if r.addresses == nil {
		r.addresses = []string{"1.2.3.4"}
	}
	server := httptest.NewServer(r)
	t.Cleanup(server.Close)
	location, err := url.Parse(server.URL + "/description.xml")
	if err != nil {
		t.Fatal(err)
	}
	client := slowMachinesClient()
	root, err := describe(t.Context(), client, location)
	if err != nil {
		t.Fatal(err)
	}
	return &igd{client: loopback.local.AsSlice(), port: 40_000, connections: wanConnections(root, location, client)}
}

func TestEveryKindOfConnectionIsFound(t *testing.T) {
	for _, service := range []string{"WANIPConnection:2", "WANIPConnection:1", "WANPPPConnection:1"} {
		r := &testIGD{services: []string{"urn:schemas-upnp-org:service:" + service}}
		got, err := r.start(t).add(t.Context(), 40_000, 10*time.Minute)
		if err != nil {
			t.Errorf("%s: %v", service, err)
			continue
		}
		if want := netip.MustParseAddrPort("1.2.3.4:40000"); got.external != want || got.lifetime != 10*time.Minute {
			t.Errorf("%s: granted %v for %v, want %v", service, got.external, got.lifetime, want)
		}
	}
	other := &testIGD{services: []string{"urn:schemas-upnp-org:service:WANCommonInterfaceConfig:1"}}
	if d := other.start(t); len(d.connections) != 0 {
		t.Errorf("%d connections in a device without any", len(d.connections))
	}
}

func TestConnectionThatIsNotInUseIsPassedOver(t *testing.T) {
	r := &testIGD{
		services: []string{
			"urn:schemas-upnp-org:service:WANPPPConnection:1", "urn:schemas-upnp-org:service:WANIPConnection:1",
		},
		addresses: []string{"0.0.0.0", "1.2.3.4"},
	}
	if _, err := r.start(t).add(t.Context(), 40_000, time.Minute); err != nil {
		t.Error(err)
	}
}

func TestRefusalsThatAnotherRequestGetsAround(t *testing.T) {
	const lease, forever = "<NewLeaseDuration>600</NewLeaseDuration>", "<NewLeaseDuration>0</NewLeaseDuration>"
	const ours = "<NewExternalPort>40000</NewExternalPort>"
	for name, c := range map[string]struct {
		refusals []int
		err      error
		requests int
		last     string // contained in the last request
		not      string // not contained
	}{
		"none":                               {nil, nil, 1, lease, forever},
		"only permanent mappings":            {[]int{725}, nil, 2, forever, lease},
		"permanent does not help":            {[]int{725, 725}, upnpPermanent, 2, forever, lease},
		"port taken":                         {[]int{718}, nil, 2, lease, ours},
		"port taken otherwise":               {[]int{729}, nil, 2, lease, ours},
		"all ports taken":                    {[]int{718, 718, 718, 718}, upnpConflict, 4, lease, ours},
		"permanent only, and the port taken": {[]int{725, 718}, nil, 3, forever, ours},
		"not authorized":                     {[]int{606}, refusal{UPnP, 606}, 1, ours, forever},
	} {
		t.Run(name, func(t *testing.T) {
			r := &testIGD{refusals: c.refusals}
			_, err := r.start(t).add(t.Context(), 40_000, 10*time.Minute)
			if !errors.Is(err, c.err) {
				t.Errorf("error %v, want %v", err, c.err)
			}
			if len(r.requests) != c.requests {
				t.Fatalf("%d requests, want %d", len(r.requests), c.requests)
			}
			last := r.requests[len(r.requests)-1]
			if !strings.Contains(last, c.last) || strings.Contains(last, c.not) {
				t.Errorf("the last request lacks %s or has %s:\n%s", c.last, c.not, last)
			}
		})
	}
}

func TestRouterWithoutAnAddressMapsNothing(t *testing.T) {
	for _, address := range []string{"", "0.0.0.0", "::1", "example.org"} {
		r := &testIGD{addresses: []string{address}}
		if _, err := r.start(t).add(t.Context(), 40_000, time.Minute); !errors.Is(err, errNoExternalAddress) {
			t.Errorf("address %q: error %v, want %v", address, err, errNoExternalAddress)
		}
	}
}

func TestClientTalksToTheGatewayOnly(t *testing.T) {
	asked := false
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked = true }))
	defer elsewhere.Close()
	client := httpClient(gateway{address: netip.MustParseAddr("127.0.0.2"), local: loopback.local})
	port := netip.MustParseAddrPort(elsewhere.Listener.Addr().String()).Port()
	for _, host := range []string{"127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "[::1]", "2130706433"} {
		response, err := client.Get(fmt.Sprintf("http://%s:%d/", host, port))
		if err == nil {
			response.Body.Close()
		}
		if !errors.Is(err, errElsewhere) {
			t.Errorf("%s: error %v, want %v", host, err, errElsewhere)
		}
	}
	if asked {
		t.Error("a request arrived")
	}
}

func TestRedirectsAreNotFollowed(t *testing.T) {
	followed := false
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		followed = followed || r.URL.Path == "/other"
		http.Redirect(w, r, "/other", http.StatusFound)
	}))
	defer server.Close()
	location, _ := url.Parse(server.URL)
	if _, err := describe(t.Context(), slowMachinesClient(), location); err == nil || followed {
		t.Errorf("error %v, followed %v; want an error", err, followed)
	}
}

func TestT15EndlessAnswerIsCutOff(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		piece := bytes.Repeat([]byte("<a>"), 1<<12)
		for {
			if _, err := w.Write(piece); err != nil {
				return
			}
		}
	}))
	defer server.Close()
	response, err := slowMachinesClient().Get(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if n, err := io.Copy(io.Discard, response.Body); n != maxDescription || err != nil {
		t.Errorf("read %d bytes (%v), want %d", n, err, maxDescription)
	}
}

func FuzzDescription(f *testing.F) {
	f.Add([]byte(fmt.Sprintf(description, "<service><serviceType>urn:schemas-upnp-org:service:WANIPConnection:1"+
		"</serviceType><controlURL>/control</controlURL></service>")))
	f.Add([]byte(`<root><URLBase>http://192.168.1.1:5000/</URLBase></root>`))
	location := &url.URL{Scheme: "http", Host: "192.168.1.1"}
	f.Fuzz(func(t *testing.T, body []byte) {
		root, err := parseDescription(bytes.NewReader(body), location)
		if err != nil {
			return
		}
		wanConnections(root, location, http.DefaultClient)
	})
}
