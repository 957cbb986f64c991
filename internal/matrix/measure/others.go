//go:build linux

package main

// other is what other systems reach at a pair, measured in a lab like this one
// with default or documented settings, 1 to 14 meetings a cell: medians in
// milliseconds until the direct path, R for relayed, F for no connection at
// all, – for not measured.
type other struct {
	pair                                string
	tailscale, frp, libp2p, ice, nebula string
}

// Their lab had fewer hops between homes. Where six more made a difference,
// both are said.
var others = []other{
	{"masquerade × masquerade", "5089 (196 or 5113)", "2090", "705–767", "1432–1462", "R"},
	{"masquerade × apdf", "5097", "2090", "705–767", "1432–1462", "R"},
	{"masquerade × input-accept", "R", "12101; 2090 with six hops", "705–767", "1432–1462", "R"},
	{"input-accept × masquerade", "200–5117", "2090", "705–767", "1432–1462", "R"},
	{"input-accept × input-accept", "R", "F; 2090 with six hops", "705–767", "1432–1462", "R"},
	{"masquerade × strike", "30 400", "F; 2090 with six hops", "705–767", "F", "R"},
	{"strike × masquerade", "198", "2087", "705–767", "F", "R"},
	{"input-accept × strike", "30 500", "F; 2090 with six hops", "705–767", "F", "R"},
	{"strike × strike", "30 600", "F; 2090 with six hops", "705–767", "F", "R"},
	{"masquerade × seq", "R", "2088", "R", "R", "R"},
	{"masquerade × rand", "R", "9103 (5100–12 600)", "R", "R", "R"},
	{"masquerade × adm", "R", "7091 (6600–17 600)", "R", "R", "R"},
	{"apdf × rand", "R", "7090", "R", "R", "R"},
	{"strike × seq", "R", "2090", "R", "–", "R"},
	{"strike × rand", "R", "F; 5600–9600 with six hops", "R", "–", "R"},
	{"input-accept × rand", "R", "F; 5600–9600 with six hops", "R", "R", "R"},
	{"seq × seq", "–", "F", "R", "R", "R"},
	{"rand × rand", "–", "F", "R", "R", "R"},
	{"masquerade × no-udp", "R", "F", "R", "R", "F"},
	{"rand × public", "88", "–", "–", "–", "–"},
	{"masquerade × public", "89", "–", "711", "592", "220"},
	{"same LAN", "12", "–", "R", "108", "58"},
	{"same subnet at both homes", "5091", "–", "708", "–", "–"},
	{"carrier with hairpin", "2649", "–", "904", "–", "–"},
	{"carrier without hairpin", "R", "–", "R", "–", "–"},
}
