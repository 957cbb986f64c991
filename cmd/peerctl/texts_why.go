package main

import "peerd/peer/api"

// whyTexts are what `peerctl why` says.
type whyTexts struct {
	OurNAT, TheirNAT, Since, Chance, Tried, LeftOut, Warning, Again, Next string // labels

	Each     string // chance
	Likely   string // percent: more cannot be promised
	Unlikely string // percent
	Percent  string // the sign
	NotYet   string // instead of a time
	At       string // strategy, endpoint with its kind
	AnyPort  string // address
	Probes   string // number
	Openers  string // number
	Sockets  string // number
	Within   string // duration
	Back     string // what was sent, what came back
	Unsent   string // instead of what was sent
	Nothing  string // instead of what came back
	Replies  string // number, RTT
	Heard    string // number
	Unused   string // kind, endpoint, reason
	IfNeeded string // time
	AWhile   string // instead of a time

	Strategy map[string]string
	Kind     map[string]string
	Unprobed map[string]string // by the reason a candidate is left out for
	Reason   map[api.Reason]string
	Remedy   map[api.Remedy]string      // peer, time
	Odd      map[api.WarningCode]string // number, endpoint
}

var englishWhy = whyTexts{
	OurNAT:   "our NAT",
	TheirNAT: "their NAT",
	Since:    "since",
	Chance:   "chance",
	Tried:    "tried",
	LeftOut:  "left out",
	Warning:  "warning",
	Again:    "again",
	Next:     "next",

	Each:     "%[1]s for each search, judging by the two NATs",
	Likely:   "over %[1]s %%",
	Unlikely: "under %[1]s %%",
	Percent:  " %",
	NotYet:   "not yet",
	At:       "%[1]s at %[2]s",
	AnyPort:  "%[1]s, many ports",
	Probes:   "probes %[1]d",
	Openers:  "openers %[1]d",
	Sockets:  "sockets %[1]d",
	Within:   "in %[1]s",
	Back:     "%[1]s; back: %[2]s",
	Unsent:   "nothing sent",
	Nothing:  "nothing",
	Replies:  "answers %[1]d (%[2]s)",
	Heard:    "peer's probes %[1]d",
	Unused:   "%[1]s %[2]s: %[3]s",
	IfNeeded: "at %[1]s, if there is something to send by then",
	AWhile:   "a while",

	Strategy: map[string]string{
		"volley":       "volley",
		"fresh-socket": "fresh socket",
		"many-sockets": "many sockets",
		"spray":        "spray",
		"meeting-port": "meeting port",
		"tcp":          "TCP",
		"reunion":      "reunion",
	},
	Kind: map[string]string{
		"local":     "local",
		"observed":  "observed",
		"predicted": "predicted",
		"mapped":    "mapped",
		"tcp":       "control",
		"heard":     "unannounced",
		"":          "",
	},
	Unprobed: map[string]string{
		"reserved":    "no address of a peer",
		"private":     "in a private network that is not ours",
		"own-address": "our own machine",
		"router":      "our own router",
		"low-port":    "a port of well-known services",
		"unreachable": "our socket does not reach this kind of address",
		"too-many":    "more than are probed",
	},
	Reason: map[api.Reason]string{
		api.ReasonDirect:            "a direct path is in use",
		api.ReasonLossy:             "there is a direct path, but it loses too much: data goes by relay until it heals",
		api.ReasonRendezvousOffline: "the rendezvous cannot be reached, so nobody can introduce us",
		api.ReasonNotMember:         "the peer is not in the circle, or not any more",
		api.ReasonPeerOffline:       "the peer is not online",
		api.ReasonPolicy:            "one of the two allows the relay only",
		api.ReasonOurPolicy:         "you do not let it learn where you are (peerctl introduce)",
		api.ReasonTheirPolicy:       "it does not let you learn where it is",
		api.ReasonNoTalk:            "there was nothing to say yet, so no path was opened",
		api.ReasonPunching:          "a direct path is being tried right now",
		api.ReasonNoUDP:             "our network blocks UDP",
		api.ReasonPeerNoUDP:         "the peer's network blocks UDP",
		api.ReasonSameNAT:           "both are behind one public address, whose NAT does not lead from one to the other (no hairpin)",
		api.ReasonOneWay:            "the peer's probes arrive here, but nothing of ours arrives there",
		api.ReasonHardNATs:          "both routers use a new port for every destination, so neither can be told where to send",
		api.ReasonOurHardNAT:        "our router uses a new port for every destination, and the peer's lets in only ports it has sent to",
		api.ReasonTheirHardNAT:      "the peer's router uses a new port for every destination, and ours lets in only ports it has sent to",
		api.ReasonNoAnswer:          "no probe got through: a firewall in between drops them",
	},
	Remedy: map[api.Remedy]string{
		api.RemedyNothing:      "nothing to do",
		api.RemedyWait:         "peerctl wait direct %[1]s",
		api.RemedyRetry:        "nothing to do: it depends on the ports the routers pick, and is tried again at %[2]s if there is something to send",
		api.RemedyCheckNetwork: "peerctl netcheck",
		api.RemedyAwaitPeer:    "peerctl wait online %[1]s",
		api.RemedyInvitePeer:   "whoever runs the rendezvous can invite it; what is queued waits",
		api.RemedyTalk:         "peerctl ping %[1]s",
		api.RemedyAllowDirect:  "nothing to do: messages work by relay",
		api.RemedyAddContact:   "peerctl contact add %[1]s, or write to it: then it may learn where you are; messages work by relay",
		api.RemedyIntroduce:    "peerctl introduce contacts, if the peers you have chosen may learn where you are; messages work by relay",
		api.RemedyUnblock:      "peerctl contact unblock %[1]s",
		api.RemedyPeerAccepts:  "nothing to do: there is a direct path when the peer writes to you, unless it shows itself to nobody; messages work by relay",
		api.RemedyAllowUDP:     "allow outgoing UDP on this network; messages work by relay",
		api.RemedyPeerAllowUDP: "allow outgoing UDP on the peer's network; messages work by relay",
		api.RemedyMapPort:      "turn on UPnP, NAT-PMP or PCP on either router, or use IPv6 on both sides; messages work by relay",
		api.RemedyMapOurPort:   "turn on UPnP, NAT-PMP or PCP on our router, or use IPv6 on both sides; messages work by relay",
		api.RemedyMapPeerPort:  "turn on UPnP, NAT-PMP or PCP on the peer's router, or use IPv6 on both sides; messages work by relay",
		api.RemedyIPv6:         "use IPv6 on both sides, or ask the carrier for a public address; messages work by relay",
		api.RemedyPeerFirewall: "let UDP in at the peer's firewall, or turn on UPnP, NAT-PMP or PCP on its router; messages work by relay",
		api.RemedyFirewall:     "allow outgoing UDP to any port on both sides; messages work by relay",
	},
	Odd: map[api.WarningCode]string{
		api.WarningReserved:    "the peer named %[2]s, which is no address of a peer: not probed (%[1]d in all)",
		api.WarningPrivate:     "the peer named %[2]s as seen from outside, which is private: not probed (%[1]d in all)",
		api.WarningOwnAddress:  "the peer named an address of our own, %[2]s: not probed (%[1]d in all)",
		api.WarningLowPort:     "the peer named %[2]s, a port of a well-known service: not probed (%[1]d in all)",
		api.WarningTooMany:     "more candidates were named for the peer than are probed: %[1]d were left out",
		api.WarningUnconfirmed: "the peer named %[2]s, where the rendezvous does not see it and nobody answered: it may be somebody else's (%[1]d in all)",
		api.WarningTheirReport: "the peer reports one port for all destinations, but probes of its came from %[2]s: the report is false, or its router is confused (%[1]d in all)",
		api.WarningOurReport:   "we report one port for all destinations, but the peer saw us at %[2]s: our router is confused (%[1]d times). See: peerctl netcheck",
		api.WarningHeldBack:    "probes that would have been too many at once were not sent: %[1]d",
	},
}

var chineseWhy = whyTexts{
	OurNAT:   "我方 NAT",
	TheirNAT: "对方 NAT",
	Since:    "始于",
	Chance:   "成功率",
	Tried:    "已尝试",
	LeftOut:  "未探测",
	Warning:  "警告",
	Again:    "重试",
	Next:     "下一步",

	Each:     "每次尝试 %[1]s（按双方 NAT 估计）",
	Likely:   "高于 %[1]s%%",
	Unlikely: "低于 %[1]s%%",
	Percent:  "%",
	NotYet:   "尚未发出",
	At:       "%[1]s：%[2]s",
	AnyPort:  "%[1]s，多个端口",
	Probes:   "探测包 %[1]d",
	Openers:  "开路包 %[1]d",
	Sockets:  "套接字 %[1]d",
	Within:   "历时 %[1]s",
	Back:     "%[1]s；收到：%[2]s",
	Unsent:   "未发送",
	Nothing:  "无",
	Replies:  "应答 %[1]d（%[2]s）",
	Heard:    "对方探测包 %[1]d",
	Unused:   "%[1]s %[2]s：%[3]s",
	IfNeeded: "%[1]s，届时若有内容要发送",
	AWhile:   "稍后",

	Strategy: map[string]string{
		"volley":       "齐射",
		"fresh-socket": "新套接字",
		"many-sockets": "大量套接字",
		"spray":        "端口撒网",
		"meeting-port": "约定端口",
		"tcp":          "TCP",
		"reunion":      "重逢",
	},
	Kind: map[string]string{
		"local":     "本地",
		"observed":  "外部",
		"predicted": "预测",
		"mapped":    "映射",
		"tcp":       "控制连接",
		"heard":     "未公布的",
		"":          "",
	},
	Unprobed: map[string]string{
		"reserved":    "不可能是对端的地址",
		"private":     "属于与我方无关的私有网络",
		"own-address": "是我方自己的主机",
		"router":      "是我方自己的路由器",
		"low-port":    "是知名服务的端口",
		"unreachable": "我方套接字无法到达这类地址",
		"too-many":    "超出探测数量",
	},
	Reason: map[api.Reason]string{
		api.ReasonDirect:            "正在使用直连路径",
		api.ReasonLossy:             "直连路径可用，但丢包过多：恢复之前经由中继",
		api.ReasonRendezvousOffline: "无法连接会合服务器，没有谁能为双方引见",
		api.ReasonNotMember:         "对方不在圈子里，或已被移出",
		api.ReasonPeerOffline:       "对方不在线",
		api.ReasonPolicy:            "其中一方只允许中继",
		api.ReasonOurPolicy:         "您不让对方得知您的位置，因此只经由中继（peerctl introduce）",
		api.ReasonTheirPolicy:       "对方不让您得知它的位置，因此只经由中继",
		api.ReasonNoTalk:            "双方还没有通信，因此尚未建立路径",
		api.ReasonPunching:          "正在尝试建立直连路径",
		api.ReasonNoUDP:             "我方网络阻断了 UDP",
		api.ReasonPeerNoUDP:         "对方网络阻断了 UDP",
		api.ReasonSameNAT:           "双方在同一个公网地址之后，而该 NAT 不会从内部转回内部（不支持发夹）",
		api.ReasonOneWay:            "对方的探测包能到达我方，但我方的包到不了对方",
		api.ReasonHardNATs:          "双方路由器都为每个目的地更换端口，无法预知该发往哪里",
		api.ReasonOurHardNAT:        "我方路由器为每个目的地更换端口，而对方路由器只放行它发送过的端口",
		api.ReasonTheirHardNAT:      "对方路由器为每个目的地更换端口，而我方路由器只放行它发送过的端口",
		api.ReasonNoAnswer:          "探测包都没有通过：途中的防火墙丢弃了它们",
	},
	Remedy: map[api.Remedy]string{
		api.RemedyNothing:      "无需操作",
		api.RemedyWait:         "peerctl wait direct %[1]s",
		api.RemedyRetry:        "无需操作：成败取决于路由器选中的端口，%[2]s 若有内容要发送会再次尝试",
		api.RemedyCheckNetwork: "peerctl netcheck",
		api.RemedyAwaitPeer:    "peerctl wait online %[1]s",
		api.RemedyInvitePeer:   "可由会合服务器的管理者邀请它；排队的消息会等待",
		api.RemedyTalk:         "peerctl ping %[1]s",
		api.RemedyAllowDirect:  "无需操作：消息可经中继收发",
		api.RemedyAddContact:   "peerctl contact add %[1]s，或给对方写消息：之后对方可以得知您的位置；消息仍可经中继收发",
		api.RemedyIntroduce:    "若允许您选定的对端得知您的位置：peerctl introduce contacts；消息仍可经中继收发",
		api.RemedyUnblock:      "peerctl contact unblock %[1]s",
		api.RemedyPeerAccepts:  "无需操作：对方写消息给您后即可直连，除非它不向任何人公开位置；消息仍可经中继收发",
		api.RemedyAllowUDP:     "请在本网络放行出站 UDP；消息仍可经中继收发",
		api.RemedyPeerAllowUDP: "请在对方网络放行出站 UDP；消息仍可经中继收发",
		api.RemedyMapPort:      "请在任一路由器上启用 UPnP、NAT-PMP 或 PCP，或在双方使用 IPv6；消息仍可经中继收发",
		api.RemedyMapOurPort:   "请在我方路由器上启用 UPnP、NAT-PMP 或 PCP，或在双方使用 IPv6；消息仍可经中继收发",
		api.RemedyMapPeerPort:  "请在对方路由器上启用 UPnP、NAT-PMP 或 PCP，或在双方使用 IPv6；消息仍可经中继收发",
		api.RemedyIPv6:         "请在双方使用 IPv6，或向运营商申请公网地址；消息仍可经中继收发",
		api.RemedyPeerFirewall: "请在对方防火墙放行入站 UDP，或在对方路由器上启用 UPnP、NAT-PMP 或 PCP；消息仍可经中继收发",
		api.RemedyFirewall:     "请在双方放行到任意端口的出站 UDP；消息仍可经中继收发",
	},
	Odd: map[api.WarningCode]string{
		api.WarningReserved:    "对方列出了 %[2]s，那不可能是对端的地址：未探测（共 %[1]d 个）",
		api.WarningPrivate:     "对方列出了 %[2]s，称其为外部可见，却是私有地址：未探测（共 %[1]d 个）",
		api.WarningOwnAddress:  "对方列出了我方自己的地址 %[2]s：未探测（共 %[1]d 个）",
		api.WarningLowPort:     "对方列出了 %[2]s，那是知名服务的端口：未探测（共 %[1]d 个）",
		api.WarningTooMany:     "为对方列出的候选端点超出上限：略去 %[1]d 个",
		api.WarningUnconfirmed: "对方列出了 %[2]s，会合服务器并未在那里看到它，也没有应答：可能属于别人（共 %[1]d 个）",
		api.WarningTheirReport: "对方称所有目的地共用一个端口，其探测包却来自 %[2]s：报告不实，或其路由器出错（共 %[1]d 个）",
		api.WarningOurReport:   "我方报告所有目的地共用一个端口，对方却看到我方在 %[2]s：我方路由器出错（共 %[1]d 次）。请看：peerctl netcheck",
		api.WarningHeldBack:    "有 %[1]d 个探测包未发出，因为同时发出的会太多",
	},
}
