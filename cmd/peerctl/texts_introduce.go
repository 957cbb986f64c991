package main

import "peerd/peer/api"

// introduceTexts tell who may learn where this peer is.
type introduceTexts struct {
	Is    string // policy, what it means
	Means map[api.Introduce]string
}

var englishIntroduce = introduceTexts{
	Is: "introduce %[1]s: %[2]s",
	Means: map[api.Introduce]string{
		api.IntroduceCircle:    "every member who asks may learn where you are",
		api.IntroduceContacts:  "only contacts that you have chosen may learn where you are",
		api.IntroduceRelayOnly: "nobody may learn where you are, everything goes through the relay",
	},
}

var chineseIntroduce = introduceTexts{
	Is: "引见 %[1]s：%[2]s",
	Means: map[api.Introduce]string{
		api.IntroduceCircle:    "圈内任何成员询问时都可得知您的位置",
		api.IntroduceContacts:  "只有您选定的联系人可以得知您的位置",
		api.IntroduceRelayOnly: "没有人可以得知您的位置，一切经由中继",
	},
}
