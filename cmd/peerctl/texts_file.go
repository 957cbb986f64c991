package main

import "peerd/peer/api"

// fileTexts is what file says.
type fileTexts struct {
	Header   []string
	None     string
	From, To string // peer
	Skipped  string // how many, folder
	Reading  string // path
	State    map[api.TransferState]string
	Reason   map[api.TransferReason]string
	Policy   map[api.PolicyWord]string // peer

	WasDeclined  failureText // peer, file
	WasCancelled failureText // file
	HasFailed    failureText // file, why
	NotDone      failureText // file, state, id
}

var englishFile = fileTexts{
	Header:  []string{"ID", "PEER", "FILE", "SIZE", "STATE"},
	None:    "nothing has been offered yet; to begin: peerctl file send PATH PEER",
	From:    "from %[1]s",
	To:      "to %[1]s",
	Skipped: "links and devices in %[2]s that are not sent: %[1]d",
	Reading: "peerd reads %[1]s",
	State: map[api.TransferState]string{
		api.TransferQueued:    "queued",
		api.TransferOffered:   "offered",
		api.TransferAccepted:  "accepted",
		api.TransferRunning:   "running",
		api.TransferPaused:    "paused",
		api.TransferDone:      "done",
		api.TransferDeclined:  "declined",
		api.TransferCancelled: "cancelled",
		api.TransferFailed:    "failed",
	},
	Reason: map[api.TransferReason]string{
		api.ReasonChanged:    "the file has changed since it was offered",
		api.ReasonMalformed:  "the sender's list of files is malformed",
		api.ReasonUnreadable: "the sender cannot read it any more",
		api.ReasonNoSpace:    "the disk is full up to its reserve",
		api.ReasonDisk:       "the disk cannot be written, see peerd's log",
	},
	Policy: map[api.PolicyWord]string{
		api.PolicyAsk:   "you are asked about each file of %[1]s",
		api.PolicyAuto:  "files of %[1]s are accepted while there is room",
		api.PolicyNever: "files of %[1]s are declined",
	},
	WasDeclined:  failureText{"%[1]s has declined %[2]s", ""},
	WasCancelled: failureText{"%[1]s was cancelled", ""},
	HasFailed:    failureText{"%[1]s cannot be completed: %[2]s", "offer it again: peerctl file send PATH PEER"},
	NotDone:      failureText{"%[1]s is %[2]s; it goes on without this command", "see how far: peerctl file ls; stop it: peerctl file cancel %[3]s"},
}

var chineseFile = fileTexts{
	Header:  []string{"标识", "对端", "文件", "大小", "状态"},
	None:    "还没有传送过文件；开始：peerctl file send 路径 对端",
	From:    "来自 %[1]s",
	To:      "发给 %[1]s",
	Skipped: "%[2]s 中有 %[1]d 个链接或设备不会发送",
	Reading: "peerd 正在读取 %[1]s",
	State: map[api.TransferState]string{
		api.TransferQueued:    "排队中",
		api.TransferOffered:   "等待对方决定",
		api.TransferAccepted:  "已接受",
		api.TransferRunning:   "传送中",
		api.TransferPaused:    "已暂停",
		api.TransferDone:      "完成",
		api.TransferDeclined:  "被拒绝",
		api.TransferCancelled: "已取消",
		api.TransferFailed:    "失败",
	},
	Reason: map[api.TransferReason]string{
		api.ReasonChanged:    "文件在提议之后被改动了",
		api.ReasonMalformed:  "发送方的文件清单格式错误",
		api.ReasonUnreadable: "发送方已无法读取该文件",
		api.ReasonNoSpace:    "磁盘空间已到保留线",
		api.ReasonDisk:       "无法写入磁盘，见 peerd 的日志",
	},
	Policy: map[api.PolicyWord]string{
		api.PolicyAsk:   "%[1]s 的每个文件都会问您",
		api.PolicyAuto:  "空间足够时自动接受 %[1]s 的文件",
		api.PolicyNever: "拒绝 %[1]s 的文件",
	},
	WasDeclined:  failureText{"%[1]s 拒绝了 %[2]s", ""},
	WasCancelled: failureText{"%[1]s 已被取消", ""},
	HasFailed:    failureText{"%[1]s 无法完成：%[2]s", "重新发送：peerctl file send 路径 对端"},
	NotDone:      failureText{"%[1]s %[2]s；它会在本命令之外继续", "查看进度：peerctl file ls；停止：peerctl file cancel %[3]s"},
}
