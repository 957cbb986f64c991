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
}

var englishContact = contactTexts{
	Header:  []string{"CONTACT", "KEY", "SINCE", "ROSTER"},
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
}

var chineseContact = contactTexts{
	Header:  []string{"联系人", "密钥", "始于", "名册"},
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
}
