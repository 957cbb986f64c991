package main

import "peerd/peer/api"

// contactTexts is what contact says.
type contactTexts struct {
	Header         []string
	None           string
	Petname        string // petname, pinned name
	Match          map[api.RosterMatch]string
	Offered        string
	OldKey, NewKey string // key
	StayQueued     string // messages, key
	Pinned         string // name, key
	Renamed        string // pinned name, petname
	Forgotten      string // name, key
	Discarded      string // messages

	Ago                         string // how long
	Verified, IsPinned, Blocked string
	ReceiptsAre                 string // on or off
	Receipts                    map[api.Receipts]string
	NoLongerVerified            string // name

	SafetyCode    string // name
	HowToVerify   string // name
	QRCode        string // name
	HowToScan     string // name
	IsVerified    string // name, since when
	NowBlocked    string // name
	NowUnblocked  string // name
	StaysQueued   string // messages
	ReceiptsOf    string // name, on or off
	ReceiptsOfAll string // on or off
	ReceiptsTold  string
}

var englishContact = contactTexts{
	Header:  []string{"CONTACT", "KEY", "SINCE", "SEEN", "NOTES", "ROSTER"},
	None:    "no contacts yet: the first message to or from a peer makes it one",
	Petname: "%[1]s (%[2]s)",
	Match: map[api.RosterMatch]string{
		api.RosterAgrees:  "agrees",
		api.RosterChanged: "the name has another key",
		api.RosterRenamed: "is called %[1]s now",
		api.RosterAbsent:  "has neither name nor key",
	},
	Offered:    "this one",
	OldKey:     "old key  %[1]s",
	NewKey:     "new key  %[1]s",
	StayQueued: "messages that wait for the old key: %[1]d. They stay with it and never go to the new one; discard them: peerctl contact rm %[2]s --force",
	Pinned:     "%[1]s is pinned to %[2]s",
	Renamed:    "%[1]s is called %[2]s here",
	Forgotten:  "forgotten: %[1]s was pinned to %[2]s",
	Discarded:  "messages discarded that were not delivered: %[1]d",

	Ago:         "%[1]s ago",
	Verified:    "verified",
	IsPinned:    "pinned",
	Blocked:     "blocked",
	ReceiptsAre: "read receipts %[1]s",
	Receipts: map[api.Receipts]string{
		api.ReceiptsOn:      "on",
		api.ReceiptsOff:     "off",
		api.ReceiptsDefault: "as for everybody",
	},
	NoLongerVerified: "the old key was verified, the new one is not: compare the safety code with its owner: peerctl contact verify %[1]s",

	SafetyCode:    "safety code of you and %[1]s, the same on both sides when nobody is between you:",
	HowToVerify:   "compare it with %[1]s face to face or on the phone, not in this chat; when it is the same: peerctl contact verify %[1]s --confirm",
	QRCode:        "for %[1]s to scan from your screen, face to face:",
	HowToScan:     "then scan what %[1]s shows, and give what the scanner reads: peerctl contact verify %[1]s --scanned TEXT",
	IsVerified:    "%[1]s is verified since %[2]s",
	NowBlocked:    "%[1]s is blocked: nothing of it is taken, and it is not told",
	NowUnblocked:  "%[1]s is not blocked any more: what it could not deliver comes now",
	StaysQueued:   "your messages to it that are not delivered stay here until it is unblocked: %[1]d",
	ReceiptsOf:    "%[1]s: read receipts %[2]s",
	ReceiptsOfAll: "everybody else: read receipts %[1]s",
	ReceiptsTold:  "people are told that a message was delivered all the same; what others tell you does not depend on it",
}

var chineseContact = contactTexts{
	Header:  []string{"联系人", "密钥", "始于", "在线", "备注", "名册"},
	None:    "还没有联系人：与对端的第一条消息会使其成为联系人",
	Petname: "%[1]s（%[2]s）",
	Match: map[api.RosterMatch]string{
		api.RosterAgrees:  "一致",
		api.RosterChanged: "该名称现在是另一把密钥",
		api.RosterRenamed: "现名 %[1]s",
		api.RosterAbsent:  "名称和密钥都不在",
	},
	Offered:    "即此密钥",
	OldKey:     "旧密钥  %[1]s",
	NewKey:     "新密钥  %[1]s",
	StayQueued: "有 %[1]d 条消息在等旧密钥。它们只属于旧密钥，绝不会发给新密钥；丢弃它们：peerctl contact rm %[2]s --force",
	Pinned:     "%[1]s 已钉在 %[2]s",
	Renamed:    "%[1]s 在本机称为 %[2]s",
	Forgotten:  "已忘记：%[1]s 曾钉在 %[2]s",
	Discarded:  "已丢弃 %[1]d 条未送达的消息",

	Ago:         "%[1]s 前",
	Verified:    "已核实",
	IsPinned:    "已钉住",
	Blocked:     "已屏蔽",
	ReceiptsAre: "已读回执：%[1]s",
	Receipts: map[api.Receipts]string{
		api.ReceiptsOn:      "开",
		api.ReceiptsOff:     "关",
		api.ReceiptsDefault: "与其他人相同",
	},
	NoLongerVerified: "旧密钥核实过，新密钥没有：请与其本人比对安全码：peerctl contact verify %[1]s",

	SafetyCode:    "您与 %[1]s 的安全码，若中间无人，两边相同：",
	HowToVerify:   "请与 %[1]s 当面或通过电话比对，不要在本聊天中；若相同：peerctl contact verify %[1]s --confirm",
	QRCode:        "请 %[1]s 当面从您的屏幕扫描：",
	HowToScan:     "然后扫描 %[1]s 所示的码，并交出扫描器读到的文字：peerctl contact verify %[1]s --scanned TEXT",
	IsVerified:    "%[1]s 已于 %[2]s 核实",
	NowBlocked:    "%[1]s 已被屏蔽：不再接收其任何内容，对方不会得到通知",
	NowUnblocked:  "%[1]s 已解除屏蔽：此前未能送达的内容现在会到达",
	StaysQueued:   "您发给对方而未送达的消息在解除屏蔽前留在本机：%[1]d 条",
	ReceiptsOf:    "%[1]s：已读回执 %[2]s",
	ReceiptsOfAll: "其他所有人：已读回执 %[1]s",
	ReceiptsTold:  "对方仍会知道消息已送达；别人是否告诉您不受影响",
}
