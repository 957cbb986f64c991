package main

// messageTexts is what commands say that show messages.
type messageTexts struct {
	To, InGroup    string // peer or group: who wrote to whom; peer, group
	State          string // who, state: how far a message of ours has come
	Edited, Unsent string // text; none
	Older          string // the command that shows them
	Receipt        string // id, peer, state, path
	ReceiptHeader  []string
}

var englishMessage = messageTexts{
	To:      "me to %[1]s",
	InGroup: "%[1]s in %[2]s",
	State:   "%[1]s (%[2]s)",
	Edited:  "%[1]s (edited)",
	Unsent:  "(taken back)",
	Older:   "older ones: %[1]s",
	Receipt: "%[1]s to %[2]s: %[3]s (%[4]s)",

	ReceiptHeader: []string{"RECIPIENT", "STATE", "PATH", "SENT", "DELIVERED", "READ"},
}

var chineseMessage = messageTexts{
	To:      "我发给 %[1]s",
	InGroup: "%[1]s 在 %[2]s 中",
	State:   "%[1]s（%[2]s）",
	Edited:  "%[1]s（已编辑）",
	Unsent:  "（已撤回）",
	Older:   "更早的消息：%[1]s",
	Receipt: "%[1]s 发给 %[2]s：%[3]s（%[4]s）",

	ReceiptHeader: []string{"收件人", "状态", "路径", "发送", "送达", "阅读"},
}
