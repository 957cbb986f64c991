package chat

import "peerd/peer/api"

// Texts is everything a chat says, in one language: [English] or [Chinese].
// Strings with verbs are formats.
type Texts struct {
	Me, Online, Offline       string
	Members, Queued, Unread   string // number
	Path                      map[api.Path]string
	State                     map[api.State]string
	Edited, Unsent, Verified  string
	Plain, Unproven           string // of users of the classic protocol: in the list, beside a message
	New, Older                string
	Loading, NothingSaid      string
	Keys, Scrolled, Editing   string
	Gone, GoneShort, Back     string
	Nobody, NotNow, TooLong   string
	NothingToEdit, SearchWhat string
	NoNumber                  string // number
	NoCommand, NoSuch         string // name
	Found                     string // number, text
	NotFound                  string // text
	BellOn, BellOff           string
	MouseOn, MouseOff         string
	TooSmall                  string // columns, rows
	Help                      string
}

// English are the texts in English.
var English = Texts{
	Me: "me", Online: "online", Offline: "offline",
	Members: "%d members", Queued: "%d queued", Unread: "%d unread",
	Path: map[api.Path]string{api.PathDirect: "direct", api.PathRelay: "relay"},
	State: map[api.State]string{
		api.StateQueued: "queued", api.StateSent: "sent", api.StateDelivered: "delivered", api.StateRead: "read",
	},
	Edited: "edited", Unsent: "(taken back)", Verified: "verified",
	Plain: "plaintext", Unproven: "unverified, unencrypted",
	New: "--- new ---", Older: "--- PgUp: older messages ---",
	Loading: "loading...", NothingSaid: "nothing has been said here yet",
	Keys:     "F1 help  Tab next  Alt-A next unread  Ctrl-C quit",
	Scrolled: "older messages; Esc: back to the end",
	Editing:  "editing your message: Enter changes it, Esc leaves it",
	Gone:     "the daemon is gone: waiting for it; start it with: peerd run", GoneShort: "daemon gone", Back: "the daemon is back",
	Nobody: "nobody else is in the circle yet", NotNow: "the daemon is gone: your text stays here until it is back",
	TooLong:       "that is longer than a message can be (64 KiB): send it as a file",
	NothingToEdit: "there is no message of yours here", SearchWhat: "search for what? /search TEXT",
	NoNumber: "there is no conversation %d", NoCommand: "there is no command /%s, see /help; to send it as it is, begin with //",
	NoSuch: "there is no conversation called %q", Found: "%d found with %q, Esc closes", NotFound: "nothing found with %q",
	BellOn: "the bell rings", BellOff: "the bell is silent",
	MouseOn: "the mouse is for the chat; Shift selects text", MouseOff: "the mouse is the terminal's",
	TooSmall: "too small: %dx%d at least",
	Help: `Esc closes this

Tab, Shift-Tab      next, previous conversation
Alt-1 ... Alt-9     a conversation by its number
Alt-A               next unread
PgUp, PgDn          scroll back and forth
Esc                 back to the end
Enter               send
Alt-Enter, Ctrl-J   new line
Up                  edit your last message
Ctrl-L              draw the screen again
Ctrl-C              quit

/search TEXT        find in this conversation
/edit, /unsend      change, take back your last message
/go NAME            a conversation by name or number
/bell, /mouse       switch on or off
/quit
//TEXT              a text that begins with a slash

Behind your messages: queued (here), sent, delivered (on
their disk), read. *2 in the list: two unread messages.`,
}

// Chinese are the texts in Chinese.
var Chinese = Texts{
	Me: "我", Online: "在线", Offline: "离线",
	Members: "%d 名成员", Queued: "%d 条排队", Unread: "%d 条未读",
	Path: map[api.Path]string{api.PathDirect: "直连", api.PathRelay: "中继"},
	State: map[api.State]string{
		api.StateQueued: "已排队", api.StateSent: "已发出", api.StateDelivered: "已送达", api.StateRead: "已读",
	},
	Edited: "已编辑", Unsent: "（已撤回）", Verified: "已核实",
	Plain: "明文", Unproven: "未验证，未加密",
	New: "--- 新消息 ---", Older: "--- PgUp：更早的消息 ---",
	Loading: "正在加载……", NothingSaid: "这里还没有消息",
	Keys:     "F1 帮助  Tab 下一个  Alt-A 下一条未读  Ctrl-C 退出",
	Scrolled: "较早的消息；按 Esc 回到末尾",
	Editing:  "正在编辑：回车保存，Esc 放弃",
	Gone:     "守护进程不在：正在等待；启动它：peerd run", GoneShort: "守护进程不在", Back: "守护进程已恢复",
	Nobody: "圈子里还没有别人", NotNow: "守护进程不在：恢复之前，文字留在这里",
	TooLong:       "超过消息的最大长度（64 KiB）：请作为文件发送",
	NothingToEdit: "这里没有您的消息", SearchWhat: "要搜索什么？/search 文字",
	NoNumber: "没有第 %d 个会话", NoCommand: "没有 /%s 这个命令，见 /help；若要原样发送，请以 // 开头",
	NoSuch: "没有名为 %q 的会话", Found: "找到 %d 条含 %q 的消息，按 Esc 关闭", NotFound: "没有找到 %q",
	BellOn: "铃声已开", BellOff: "铃声已关",
	MouseOn: "鼠标由聊天使用；按住 Shift 选择文字", MouseOff: "鼠标由终端使用",
	TooSmall: "终端太小：至少 %dx%d",
	Help: `按 Esc 关闭

Tab、Shift-Tab      下一个、上一个会话
Alt-1 … Alt-9       按编号选择会话
Alt-A               下一条未读
PgUp、PgDn          前后翻页
Esc                 回到末尾
回车                发送
Alt-回车、Ctrl-J    换行
向上键              编辑您的上一条消息
Ctrl-L              重画屏幕
Ctrl-C              退出

/search 文字        在此会话中搜索
/edit、/unsend      修改、撤回您的上一条消息
/go 名称            按名称或编号选择会话
/bell、/mouse       开关
/quit               退出
//文字              以斜杠开头的文字

您的消息后面：已排队（在本机）、已发出、已送达（在对方磁盘上）、
已读。列表中的 *2：两条未读消息。`,
}
