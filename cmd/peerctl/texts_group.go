package main

// groupTexts is what group says.
type groupTexts struct {
	Header               []string
	None                 string
	Members              string // how many, how many of them online
	Away                 string // member
	Created, Added, Gone string // group, members
	WasAdded, HasLeft    string // by whom, group, who
}

var englishGroup = groupTexts{
	Header:   []string{"GROUP", "MEMBERS", "UNREAD", "WHO"},
	None:     "no groups yet: peerctl group create NAME PEER...",
	Members:  "%[2]d of %[1]d online",
	Away:     "%[1]s (offline)",
	Created:  "%[1]s: %[2]s",
	Added:    "%[1]s: %[2]s",
	Gone:     "left %[1]s, where there are still: %[2]s",
	WasAdded: "%[1]s added to %[2]s: %[3]s",
	HasLeft:  "%[3]s left %[2]s",
}

var chineseGroup = groupTexts{
	Header:   []string{"群组", "成员数", "未读", "成员"},
	None:     "还没有群组：peerctl group create 名称 对端...",
	Members:  "%[1]d 人中 %[2]d 人在线",
	Away:     "%[1]s（离线）",
	Created:  "%[1]s：%[2]s",
	Added:    "%[1]s：%[2]s",
	Gone:     "已退出 %[1]s，其中还有：%[2]s",
	WasAdded: "%[1]s 把 %[3]s 加入了 %[2]s",
	HasLeft:  "%[3]s 退出了 %[2]s",
}
