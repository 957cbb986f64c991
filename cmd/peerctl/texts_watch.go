package main

// watchTexts is what watch --exec and notify say.
type watchTexts struct {
	Running       string // program, cursor
	Again         string // what went wrong, pause
	NotAgain      string // what went wrong
	Missed        string // number
	DaemonAwaited string
	DaemonBack    string
}

var englishWatch = watchTexts{
	Running:       "running %[1]s for each event, Ctrl-C ends; messages go on at the cursor %[2]s",
	Again:         "the command failed (%[1]s): the message comes again in %[2]s",
	NotAgain:      "the command failed (%[1]s): this event does not come again",
	Missed:        "the command is too slow: %[1]d events missed; no message is among them",
	DaemonAwaited: "waiting for the daemon to come back",
	DaemonBack:    "the daemon is back",
}

var chineseWatch = watchTexts{
	Running:       "每个事件运行一次 %[1]s，按 Ctrl-C 结束；消息从游标 %[2]s 处继续",
	Again:         "命令失败（%[1]s）：%[2]s 后重新交付该消息",
	NotAgain:      "命令失败（%[1]s）：此事件不再重来",
	Missed:        "命令太慢：漏掉 %[1]d 个事件，其中没有消息",
	DaemonAwaited: "正在等待守护进程恢复",
	DaemonBack:    "守护进程已恢复",
}
