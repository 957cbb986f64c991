// Package natlab is a test internet on one Linux machine: real network namespaces, real routers with the kernel's own
// NAT and connection tracking or one in user space, links with delay and loss, and programs that run inside. It serves
// end-to-end tests, benchmarks and the demonstration. It needs no outside programs, and no root where unprivileged user
// namespaces are allowed.
//
//	     PublicHost                 PublicHost
//	    203.0.113.1                203.0.113.2
//	         └──────────┐   ┌───────────┘
//	              ┌─────┴───┴─────┐
//	              │   internet    │  a router: one veth or wire to each site, every hop lowers the TTL,
//	              │   192.0.2.1   │  no NAT, no firewall, knows public addresses only
//	              └─┬─────┬─────┬─┘
//	  Link{Delay}   │     │     │   Link{}
//	      ┌─────────┘     │     └───────────┐
//	 198.51.100.1    198.51.100.2      198.51.100.3
//	┌─────┴─────┐   ┌─────┴─────┐   ┌───────┴───────┐
//	│   Home    │   │   Home    │   │  CarrierNAT   │
//	│Masquerade │   │ FullCone  │   │  FullyRandom  │
//	└──┬─────┬──┘   └─────┬─────┘   └──┬─────────┬──┘
//	   │     │            │       100.64.0.2  100.64.0.3
//	.1.2    .1.3        .2.2        ┌──┴──┐   ┌──┴──┐
//	 Host   Host        Host        │Home │   │Home │
//	192.168.1.0/24  192.168.2.0/24  └──┬──┘   └──┬──┘
//	                                  Host      Host
//
// A test builds what it needs and works with it:
//
//	lab := natlab.New(t)
//	vps := lab.PublicHost("vps", natlab.Link{Delay: 5 * time.Millisecond})
//	home := lab.Home("home", natlab.Masquerade, natlab.Link{Delay: 20 * time.Millisecond})
//	alice := home.Host("alice")
//
//	rendezvous := vps.Start(natlab.Command{Path: binary, Args: []string{"run"}})
//	rendezvous.WaitLine(10*time.Second, "ready")
//	conn := alice.ListenUDP(5000)
//	home.FlushConntrack()
//
// The common home routers are the kernel's: [Masquerade] and the other constants. Every other combination of behaviours
// that RFC 4787 knows is [Userspace], described by package natlab/nat. Both are a [Router] and do the same things; which
// packets a userspace one has dropped, and why, can be asked.
//
// With [Hops] the internet is several routers deep, so that packets with a small TTL die on the way.
//
// With [Lab.SetTransit] the way between two sites is lossy, or a black hole, and the ways to everybody else are not.
//
// The test binary's TestMain calls [Main]. A program calls [Enter] and [Open] instead, and asks [Lab.Err].
//
// With [IPv6] public hosts and homes have it next to IPv4, through routers that filter and do not translate.
//
// Public addresses are from the documentation ranges of RFC 5737 and RFC 3849. There is no DNS in a lab, and no rate
// limit on its links. The package is not a simulation: it runs in real time on the real kernel, so tests can assert
// what arrived, but not how soon. Exact timing belongs to simulated networks.
//
// Only this file exists on other systems; code that uses the package is built for Linux only as well.
package natlab
