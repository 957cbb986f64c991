package main

// classicTexts is what is said about users of the classic protocol.
type classicTexts struct {
	Mark     string      // what is different about them
	Marked   string      // name; says what Mark says, beside a message
	Trust    string      // in the column of that
	Status   string      // users online, messages received, datagrams dropped
	NoReturn failureText // name
}

var englishClassic = classicTexts{
	Mark:   "classic, unverified, unencrypted",
	Marked: "%[1]s (unverified, unencrypted)",
	Trust:  "unverified",
	Status: "classic protocol: users online %[1]d, messages received %[2]d, datagrams dropped %[3]d",
	NoReturn: failureText{"sent to %[1]s, and that is all that will ever be known: programs of the classic protocol acknowledge nothing",
		"do not wait for more: peerctl send --wait sent"},
}

var chineseClassic = classicTexts{
	Mark:   "经典协议，未验证，未加密",
	Marked: "%[1]s（未验证，未加密）",
	Trust:  "未验证",
	Status: "经典协议：在线用户 %[1]d，收到消息 %[2]d，丢弃数据报 %[3]d",
	NoReturn: failureText{"已发给 %[1]s，之后的情况无从得知：经典协议的程序不作任何确认",
		"不要等待更多状态：peerctl send --wait sent"},
}
