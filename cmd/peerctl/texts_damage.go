package main

// damageTexts tell of damage to the messages: when, how many are saved and how
// many missing, where the damaged file is.
type damageTexts struct {
	Lost, Whole string
}

var englishDamage = damageTexts{
	Lost:  "the messages were damaged on %[1]s: %[2]d are saved, up to %[3]d are lost. The damaged file is kept: %[4]s (delete it to end this notice)",
	Whole: "the messages were damaged on %[1]s: all %[2]d are saved. The damaged file is kept: %[4]s (delete it to end this notice)",
}

var chineseDamage = damageTexts{
	Lost:  "消息文件于 %[1]s 发现损坏：已救回 %[2]d 条，最多丢失 %[3]d 条。损坏的文件保留在 %[4]s（删除它后不再提示）",
	Whole: "消息文件于 %[1]s 发现损坏：%[2]d 条消息全部救回。损坏的文件保留在 %[4]s（删除它后不再提示）",
}
