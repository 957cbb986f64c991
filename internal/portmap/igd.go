package portmap

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"time"

	"github.com/huin/goupnp"
	"github.com/huin/goupnp/dcps/internetgateway2"
	"github.com/huin/goupnp/soap"
)

const (
	// requestTime bounds one HTTP request to the router. Cheap ones take a
	// second to change their table.
	requestTime = 3 * time.Second
	// maxDescription bounds what is read of any one answer. Descriptions are
	// 5 to 20 kB.
	maxDescription = 64 << 10
	maxHeaders     = 16 << 10
	// otherPorts is how many other external ports are tried when ours is taken.
	otherPorts = 3
)

var (
	errElsewhere    = errors.New("upnp: the router points to another machine")
	errNoConnection = errors.New("upnp: the router offers no WAN connection")
)

// An igd is the WAN connections of an Internet Gateway Device, most modern
// first. It is for one mapping and one goroutine.
type igd struct {
	client      net.IP // our address, to which the router forwards
	port        uint16 // of ours
	connections []wanConnection
}

// A wanConnection is one service of the router that makes mappings. Of a
// router's several, those that are not in use refuse.
type wanConnection interface {
	AddPortMappingCtx(ctx context.Context, remoteHost string, externalPort uint16, protocol string, internalPort uint16,
		internalClient string, enabled bool, description string, leaseSeconds uint32) error
	DeletePortMappingCtx(ctx context.Context, remoteHost string, externalPort uint16, protocol string) error
	GetExternalIPAddressCtx(ctx context.Context) (string, error)
}

// discoverIGD searches for the gateway's device and reads its description.
func discoverIGD(ctx context.Context, g gateway, port uint16) (*igd, error) {
	location, err := search(ctx, g)
	if err != nil {
		return nil, err
	}
	client := httpClient(g)
	root, err := describe(ctx, client, location)
	if err != nil {
		return nil, err
	}
	device := &igd{client: g.local.AsSlice(), port: port, connections: wanConnections(root, location, client)}
	if len(device.connections) == 0 {
		return nil, errNoConnection
	}
	return device, nil
}

// httpClient returns a client that talks to the gateway only, whatever the URL,
// follows no redirect and reads no more than it must. It leaves no connection
// open.
func httpClient(g gateway) *http.Client {
	dialer := net.Dialer{LocalAddr: net.TCPAddrFromAddrPort(netip.AddrPortFrom(g.local, 0))}
	return &http.Client{
		Timeout:       requestTime,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: boundedTransport{&http.Transport{
			DisableKeepAlives:      true,
			DisableCompression:     true,
			MaxResponseHeaderBytes: maxHeaders,
			DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
				to, err := netip.ParseAddrPort(address)
				if err != nil || to.Addr() != g.address {
					return nil, fmt.Errorf("%w: %q", errElsewhere, address)
				}
				return dialer.DialContext(ctx, network, address)
			},
		}},
	}
}

// A boundedTransport cuts off bodies after maxDescription, and where they have no
// tags.
type boundedTransport struct{ http.RoundTripper }

func (t boundedTransport) RoundTrip(request *http.Request) (*http.Response, error) {
	response, err := t.RoundTripper.RoundTrip(request)
	if err != nil {
		return nil, err
	}
	response.Body = struct {
		io.Reader
		io.Closer
	}{&boundedRuns{from: io.LimitReader(response.Body, maxDescription)}, response.Body}
	return response, nil
}

// describe reads the device description at location.
func describe(ctx context.Context, client *http.Client, location *url.URL) (*goupnp.RootDevice, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, location.String(), nil)
	if err != nil {
		return nil, fmt.Errorf("upnp: read the description: %w", err)
	}
	response, err := client.Do(request)
	if err != nil {
		return nil, fmt.Errorf("upnp: read the description: %w", err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("upnp: read the description: the router answered %q", response.Status)
	}
	return parseDescription(response.Body, location)
}

// parseDescription reads a device description that was found at location, to
// which its links are relative unless it says otherwise.
func parseDescription(body io.Reader, location *url.URL) (*goupnp.RootDevice, error) {
	root := new(goupnp.RootDevice)
	decoder := newBoundedXML(body)
	decoder.DefaultSpace = goupnp.DeviceXMLNamespace
	if err := decoder.Decode(root); err != nil {
		return nil, fmt.Errorf("upnp: read the description: %w", err)
	}
	base := location
	if root.URLBaseStr != "" {
		var err error
		if base, err = url.Parse(root.URLBaseStr); err != nil {
			return nil, fmt.Errorf("upnp: read the description's base: %w", err)
		}
	}
	root.SetURLBase(base)
	return root, nil
}

// wanConnections lists what a device offers. A constructor's only error is that
// there are none of its kind.
func wanConnections(root *goupnp.RootDevice, location *url.URL, client *http.Client) (connections []wanConnection) {
	second, _ := internetgateway2.NewWANIPConnection2ClientsFromRootDevice(root, location)
	for _, c := range second {
		c.SOAPClient.HTTPClient = *client
		connections = append(connections, c)
	}
	first, _ := internetgateway2.NewWANIPConnection1ClientsFromRootDevice(root, location)
	for _, c := range first {
		c.SOAPClient.HTTPClient = *client
		connections = append(connections, c)
	}
	dialUp, _ := internetgateway2.NewWANPPPConnection1ClientsFromRootDevice(root, location)
	for _, c := range dialUp {
		c.SOAPClient.HTTPClient = *client
		connections = append(connections, c)
	}
	return connections
}

// A grant is a mapping of an igd.
type grant struct {
	connection wanConnection
	external   netip.AddrPort
	lifetime   time.Duration // 0: until it is removed
}

// add makes a mapping, or renews it, on the first connection that will.
func (d *igd) add(ctx context.Context, wanted uint16, lifetime time.Duration) (grant, error) {
	var refusals []error
	for _, c := range d.connections {
		g, err := d.addTo(ctx, c, wanted, lifetime)
		if err == nil {
			return g, nil
		}
		refusals = append(refusals, err)
	}
	return grant{}, errors.Join(refusals...)
}

func (d *igd) addTo(ctx context.Context, c wanConnection, wanted uint16, lifetime time.Duration) (grant, error) {
	text, err := c.GetExternalIPAddressCtx(ctx)
	if err != nil {
		return grant{}, fmt.Errorf("ask for the external address: %w", asRefusal(err))
	}
	external, err := netip.ParseAddr(text)
	if err != nil || !external.Is4() || external.IsUnspecified() {
		return grant{}, errNoExternalAddress
	}
	port, attempts := wanted, 0
	for {
		err := asRefusal(d.request(ctx, c, port, lifetime))
		switch {
		case err == nil:
			return grant{c, netip.AddrPortFrom(external, port), lifetime}, nil
		case errors.Is(err, upnpPermanent) && lifetime > 0:
			lifetime = 0
		case (errors.Is(err, upnpConflict) || errors.Is(err, upnpOther)) && attempts < otherPorts:
			port, attempts = randomPort(), attempts+1
		default:
			return grant{}, fmt.Errorf("ask for a mapping: %w", err)
		}
	}
}

func (d *igd) request(ctx context.Context, c wanConnection, external uint16, lifetime time.Duration) error {
	return c.AddPortMappingCtx(ctx, "", external, "UDP", d.port, d.client.String(), true, "peerd", uint32(lifetime/time.Second))
}

// remove ends a mapping.
func (g grant) remove(ctx context.Context) error {
	if err := g.connection.DeletePortMappingCtx(ctx, "", g.external.Port(), "UDP"); err != nil {
		return fmt.Errorf("remove the mapping: %w", asRefusal(err))
	}
	return nil
}

// firstOtherPort is the lowest port tried instead of a taken one; below are the
// ports of well-known services.
const firstOtherPort = 1024

func randomPort() uint16 { return uint16(firstOtherPort + rand.IntN(1<<16-firstOtherPort)) }

// asRefusal reduces the router's error text, which is its own, to its code.
func asRefusal(err error) error {
	if fault, ok := errors.AsType[*soap.SOAPFaultError](err); ok {
		return refusal{UPnP, fault.Detail.UPnPError.Errorcode}
	}
	return err
}
