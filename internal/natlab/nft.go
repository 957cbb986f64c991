//go:build linux

package natlab

import (
	"encoding/binary"
	"fmt"
	"net"
	"slices"
	"time"

	"github.com/google/nftables"
	"github.com/google/nftables/binaryutil"
	"github.com/google/nftables/expr"
	"golang.org/x/sys/unix"
)

// This file is the vocabulary in which firewall.go writes its rules: one function per nftables phrase.

// A table is where rules live: a name within a family of packets.
type table struct {
	family nftables.TableFamily
	name   string
}

// A ruleset is one table under construction, committed in one transaction. It lives on the thread of its namespace.
type ruleset struct {
	conn  *nftables.Conn
	table *nftables.Table
}

// A chain of a ruleset.
type chain struct {
	ruleset *ruleset
	chain   *nftables.Chain
}

func newRuleset(t table) (*ruleset, error) {
	conn, err := nftables.New()
	if err != nil {
		return nil, fmt.Errorf("open nftables: %w", err)
	}
	return &ruleset{conn, &nftables.Table{Family: t.family, Name: t.name}}, nil
}

// rules replaces a table in one transaction.
func (ns *namespace) rules(t table, fill func(*ruleset)) error {
	return ns.Do(func() error {
		rs, err := newRuleset(t)
		if err != nil {
			return err
		}
		rs.create()
		rs.delete() // what an earlier call left
		rs.create()
		fill(rs)
		return rs.commit()
	})
}

// removeRules removes a table, which need not be there.
func (ns *namespace) removeRules(t table) error {
	return ns.Do(func() error {
		rs, err := newRuleset(t)
		if err != nil {
			return err
		}
		rs.create() // so that there is something to delete
		rs.delete()
		return rs.commit()
	})
}

func (rs *ruleset) create() { rs.conn.AddTable(rs.table) }

func (rs *ruleset) delete() { rs.conn.DelTable(rs.table) }

func (rs *ruleset) commit() error {
	if err := rs.conn.Flush(); err != nil {
		return fmt.Errorf("change nftables table %s: %w", rs.table.Name, err)
	}
	return nil
}

func (rs *ruleset) chain(
	name string, kind nftables.ChainType, hook *nftables.ChainHook, priority *nftables.ChainPriority,
) chain {
	return chain{rs, rs.conn.AddChain(&nftables.Chain{
		Name: name, Table: rs.table, Type: kind, Hooknum: hook, Priority: priority,
	})}
}

func (rs *ruleset) filterChain(
	name string, hook *nftables.ChainHook, priority *nftables.ChainPriority, policy nftables.ChainPolicy,
) chain {
	return chain{rs, rs.conn.AddChain(&nftables.Chain{
		Name: name, Table: rs.table, Type: nftables.ChainTypeFilter, Hooknum: hook, Priority: priority, Policy: &policy,
	})}
}

// add appends a rule made of phrases.
func (c chain) add(phrases ...[]expr.Any) {
	c.ruleset.conn.AddRule(&nftables.Rule{Table: c.ruleset.table, Chain: c.chain, Exprs: slices.Concat(phrases...)})
}

// Registers. The 16-byte register 1 serves single values. The 4-byte ones, which overlap it, hold a key in the first
// and from the fifth on an address and the port or ports next to it.
const (
	register         = unix.NFT_REG_1
	keyRegister      = unix.NFT_REG32_00
	addressRegister  = unix.NFT_REG32_04
	portRegister     = unix.NFT_REG32_05
	lastPortRegister = unix.NFT_REG32_06
)

func equal(data []byte) expr.Any { return &expr.Cmp{Op: expr.CmpOpEq, Register: register, Data: data} }

func interfaceName(key expr.MetaKey, op expr.CmpOp, name string) []expr.Any {
	padded := make([]byte, unix.IFNAMSIZ)
	copy(padded, name)
	return []expr.Any{
		&expr.Meta{Key: key, Register: register},
		&expr.Cmp{Op: op, Register: register, Data: padded},
	}
}

// arrivesFrom: iifname "name"
func arrivesFrom(name string) []expr.Any {
	return interfaceName(expr.MetaKeyIIFNAME, expr.CmpOpEq, name)
}

// arrivesNotFrom: iifname != "name"
func arrivesNotFrom(name string) []expr.Any {
	return interfaceName(expr.MetaKeyIIFNAME, expr.CmpOpNeq, name)
}

// leavesTo: oifname "name"
func leavesTo(name string) []expr.Any { return interfaceName(expr.MetaKeyOIFNAME, expr.CmpOpEq, name) }

// udp: meta l4proto udp
func udp() []expr.Any {
	return []expr.Any{&expr.Meta{Key: expr.MetaKeyL4PROTO, Register: register}, equal([]byte{unix.IPPROTO_UDP})}
}

// Offsets in the IPv4 and UDP headers.
const (
	ipSource       = 12
	ipDestination  = 16
	udpSource      = 0
	udpDestination = 2
)

func addressIn(offset uint32, prefix *net.IPNet) []expr.Any {
	return []expr.Any{
		&expr.Payload{DestRegister: register, Base: expr.PayloadBaseNetworkHeader, Offset: offset, Len: 4},
		&expr.Bitwise{SourceRegister: register, DestRegister: register, Len: 4, Mask: prefix.Mask, Xor: make([]byte, 4)},
		equal(prefix.IP),
	}
}

// destinationNotIn: ip daddr != prefix
func destinationNotIn(prefix *net.IPNet) []expr.Any {
	phrase := destinationIn(prefix)
	phrase[len(phrase)-1].(*expr.Cmp).Op = expr.CmpOpNeq
	return phrase
}

// sourceIn: ip saddr prefix
func sourceIn(prefix *net.IPNet) []expr.Any { return addressIn(ipSource, prefix) }

// destinationIn: ip daddr prefix
func destinationIn(prefix *net.IPNet) []expr.Any { return addressIn(ipDestination, prefix) }

// conntrackBits matches when any of the bits of the key is set.
func conntrackBits(key expr.CtKey, bits uint32) []expr.Any {
	return []expr.Any{
		&expr.Ct{Key: key, Register: register},
		&expr.Bitwise{
			SourceRegister: register, DestRegister: register, Len: 4,
			Mask: binaryutil.NativeEndian.PutUint32(bits), Xor: make([]byte, 4),
		},
		&expr.Cmp{Op: expr.CmpOpNeq, Register: register, Data: make([]byte, 4)},
	}
}

// knownConnection: ct state established,related
func knownConnection() []expr.Any {
	return conntrackBits(expr.CtKeySTATE, expr.CtStateBitESTABLISHED|expr.CtStateBitRELATED)
}

// The bits of a connection's status, from linux/netfilter/nf_conntrack_common.h.
const (
	statusSNAT uint32 = 1 << 4
	statusDNAT uint32 = 1 << 5
)

// conntrackStatus: ct status bits
func conntrackStatus(bits uint32) []expr.Any { return conntrackBits(expr.CtKeySTATUS, bits) }

// The directions of a connection.
const conntrackOriginal = 0

// originalDirection: ct direction original
func originalDirection() []expr.Any {
	return []expr.Any{&expr.Ct{Key: expr.CtKeyDIRECTION, Register: register}, equal([]byte{conntrackOriginal})}
}

// counter: counter
func counter() []expr.Any { return []expr.Any{&expr.Counter{}} }

func accept() []expr.Any { return []expr.Any{&expr.Verdict{Kind: expr.VerdictAccept}} }

func drop() []expr.Any { return []expr.Any{&expr.Verdict{Kind: expr.VerdictDrop}} }

// plainMasquerade: masquerade
func plainMasquerade() []expr.Any { return []expr.Any{&expr.Masq{}} }

// fullyRandomMasquerade: masquerade fully-random
func fullyRandomMasquerade() []expr.Any { return []expr.Any{&expr.Masq{FullyRandom: true}} }

// snatTo: snat to addr
func snatTo(addr net.IP) []expr.Any {
	return []expr.Any{
		&expr.Immediate{Register: addressRegister, Data: addr},
		&expr.NAT{Type: expr.NATTypeSourceNAT, Family: unix.NFPROTO_IPV4, RegAddrMin: addressRegister},
	}
}

// snatToPorts: snat to addr:first-last. Masquerade can do that too, but not through the library, which leaves out the
// flag that makes the kernel look at the ports.
func snatToPorts(addr net.IP, first, last uint16) []expr.Any {
	return []expr.Any{
		&expr.Immediate{Register: addressRegister, Data: addr},
		&expr.Immediate{Register: portRegister, Data: binary.BigEndian.AppendUint16(nil, first)},
		&expr.Immediate{Register: lastPortRegister, Data: binary.BigEndian.AppendUint16(nil, last)},
		&expr.NAT{
			Type: expr.NATTypeSourceNAT, Family: unix.NFPROTO_IPV4, Specified: true,
			RegAddrMin: addressRegister, RegProtoMin: portRegister, RegProtoMax: lastPortRegister,
		},
	}
}

// snatToNextPort: snat to addr:numgen inc mod count offset first. The NAT hook runs once per connection, so the
// counter moves once per connection.
func snatToNextPort(addr net.IP, first, count uint32) []expr.Any {
	return []expr.Any{
		&expr.Immediate{Register: addressRegister, Data: addr},
		&expr.Numgen{Register: portRegister, Type: unix.NFT_NG_INCREMENTAL, Modulus: count, Offset: first},
		&expr.Byteorder{SourceRegister: portRegister, DestRegister: portRegister, Op: expr.ByteorderHton, Len: 2, Size: 2},
		&expr.NAT{
			Type: expr.NATTypeSourceNAT, Family: unix.NFPROTO_IPV4, Specified: true,
			RegAddrMin: addressRegister, RegProtoMin: portRegister,
		},
	}
}

// mappingLifetime is how long a noted mapping lives without outbound traffic (RFC 4787, REQ-5). Shorter than
// conntrack's timeouts would close a mapping that is in use.
const mappingLifetime = 5 * time.Minute

// addMappings: map name { type inet_service : ipv4_addr . inet_service; flags dynamic,timeout; timeout 5m }
func (rs *ruleset) addMappings(name string) {
	// The only errors are about anonymous sets and elements.
	_ = rs.conn.AddSet(&nftables.Set{
		Table:      rs.table,
		ID:         1, // its own, because the library's counter is not safe for concurrent use
		Name:       name,
		IsMap:      true,
		Dynamic:    true,
		HasTimeout: true,
		Timeout:    mappingLifetime,
		Size:       1 << 16,
		KeyType:    nftables.TypeInetService,
		DataType:   nftables.MustConcatSetType(nftables.TypeIPAddr, nftables.TypeInetService),
	}, nil)
}

func udpPort(offset uint32) expr.Any {
	return &expr.Payload{DestRegister: keyRegister, Base: expr.PayloadBaseTransportHeader, Offset: offset, Len: 2}
}

// noteMapping: update @mappings { udp sport : ct original ip saddr . ct original proto-src }
func noteMapping() []expr.Any {
	return []expr.Any{
		udpPort(udpSource),
		&expr.Ct{Key: expr.CtKeySRC, Direction: conntrackOriginal, Register: addressRegister},
		&expr.Ct{Key: expr.CtKeyPROTOSRC, Direction: conntrackOriginal, Register: portRegister},
		&expr.Dynset{
			SrcRegKey: keyRegister, SrcRegData: addressRegister,
			Operation: unix.NFT_DYNSET_OP_UPDATE, SetName: mappingsMap, SetID: 1, Timeout: mappingLifetime,
		},
	}
}

// dnatToMapping: dnat to udp dport map @mappings
func dnatToMapping() []expr.Any {
	return []expr.Any{
		udpPort(udpDestination),
		&expr.Lookup{
			SourceRegister: keyRegister, DestRegister: addressRegister, IsDestRegSet: true,
			SetName: mappingsMap, SetID: 1,
		},
		&expr.NAT{
			Type: expr.NATTypeDestNAT, Family: unix.NFPROTO_IPV4,
			RegAddrMin: addressRegister, RegProtoMin: portRegister,
		},
	}
}
