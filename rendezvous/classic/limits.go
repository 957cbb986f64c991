package classic

import (
	"time"

	"peerd/wire"
)

// Who may be online.
const (
	// maxUsers bounds the list: users, and peers of the circle. Every login and
	// logout is told to all of them, so their square is what a door may have to send.
	maxUsers = wire.MaxClassicUsers
	// maxUsersPerAddress stops one host from taking every place and every good
	// name. Large enough for a school behind one router.
	maxUsersPerAddress = 100
	// silenceLimit is when a user that does not log in and fetch again is gone:
	// its program crashed, or its address is somebody else's now, who would get
	// all announcements. Longer fills the list with the dead.
	silenceLimit = 10 * time.Minute
)

// Logins whose users have not fetched the list yet. Their sources may be forged,
// so they cost memory and nothing else.
const (
	// fetchWithin is how long after its Accept a user may fetch the list. Forged
	// logins from a user's address would otherwise wait for the user's own fetch.
	fetchWithin = 30 * time.Second
	// turn is how long others behind the same address wait for one of them to
	// fetch its list. TCP repeats a lost SYN after one second; longer lets a
	// forged login hold up honest ones.
	turn = 2 * time.Second
	// tickEvery is how often we look whose turn has come, and who is silent.
	tickEvery = 250 * time.Millisecond
	// maxNewcomers bounds them all. In a flood of forged sources the oldest give
	// way to the newest; an honest user fetches after one round trip. Full, they
	// take 3 MB.
	maxNewcomers = 8192
	// maxNewcomersPerAddress bounds those of one address: the programs behind
	// one router that log in at the same time.
	maxNewcomersPerAddress = 32
)

// What one IPv4 address may ask for.
const (
	// datagramRate and datagramBurst bound the datagrams that are looked at. A
	// flood from one host then costs others nothing. The burst lets the users
	// behind one carrier's NAT come back together after a restart.
	datagramRate  = 10 // per second
	datagramBurst = 200
	// fetchRate and fetchBurst bound the TCP connections that get a list. Who
	// logs in and out in a circle makes us send the list to it and a datagram to
	// everybody: at most this often.
	fetchRate  = 1 // per second
	fetchBurst = 100
)

// The TCP connections on which lists travel.
const (
	// maxLists bounds those open at once. Each may hold a list of 151 KB for a
	// client that does not read.
	maxLists = 128
	// maxListsPerAddress stops one host from holding them all.
	maxListsPerAddress = 16
	// listTimeout is how long a list may take. Longer lets those who do not read
	// hold a place; shorter loses honest users on slow links.
	listTimeout = 10 * time.Second
	// lingerTimeout and maxLinger bound the wait for a client to read its list
	// and hang up, and what it may say meanwhile.
	lingerTimeout = time.Second
	maxLinger     = 4 << 10
)
