package main

// archiveTexts is what import says.
type archiveTexts struct {
	Imported string      // added, advanced, known
	BadLine  failureText // line, what is wrong, last line imported
	SoFar    string      // last line imported
}

var englishArchive = archiveTexts{
	Imported: "imported: %[1]d new, %[2]d brought up to date, %[3]d known already",
	BadLine: failureText{
		"line %[1]d: %[2]s; imported up to line %[3]d, and nothing after it",
		"mend the line and import the file again: what is here is recognised",
	},
	SoFar: "imported up to line %[1]d, and nothing after it",
}

var chineseArchive = archiveTexts{
	Imported: "已导入：新增 %[1]d 条，更新 %[2]d 条，已有 %[3]d 条",
	BadLine: failureText{
		"第 %[1]d 行：%[2]s；已导入到第 %[3]d 行，其后没有导入",
		"改正该行后重新导入：已有的会被识别",
	},
	SoFar: "已导入到第 %[1]d 行，其后没有导入",
}
