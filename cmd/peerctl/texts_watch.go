package main

// watchTexts is what watch --exec and notify say.
type watchTexts struct {
	Running       string // program, cursor
	Again         string // what went wrong, pause
	NotAgain      string // what went wrong
	Missed        string // number
	DaemonAwaited string
	DaemonBack    string

	NoDesktop   string // why
	NewMessages string
	OneMessage  string
	Messages    string // number
	InGroup     string // sender, group
}

var englishWatch = watchTexts{
	Running:       "running %[1]s for each event, Ctrl-C ends; messages go on at the cursor %[2]s",
	Again:         "the command failed (%[1]s): the message comes again in %[2]s",
	NotAgain:      "the command failed (%[1]s): this event does not come again",
	Missed:        "the command is too slow: %[1]d events missed; no message is among them",
	DaemonAwaited: "waiting for the daemon to come back",
	DaemonBack:    "the daemon is back",

	NoDesktop:   "no notices on a desktop, only here: %[1]s",
	NewMessages: "peerd",
	OneMessage:  "1 new message",
	Messages:    "%[1]d new messages",
	InGroup:     "%[1]s in %[2]s",
}

var chineseWatch = watchTexts{
	Running:       "每个事件运行一次 %[1]s，按 Ctrl-C 结束；消息从游标 %[2]s 处继续",
	Again:         "命令失败（%[1]s）：%[2]s 后重新交付该消息",
	NotAgain:      "命令失败（%[1]s）：此事件不再重来",
	Missed:        "命令太慢：漏掉 %[1]d 个事件，其中没有消息",
	DaemonAwaited: "正在等待守护进程恢复",
	DaemonBack:    "守护进程已恢复",

	NoDesktop:   "没有桌面通知，只在此处提示：%[1]s",
	NewMessages: "peerd",
	OneMessage:  "1 条新消息",
	Messages:    "%[1]d 条新消息",
	InGroup:     "%[1]s 在 %[2]s",
}
