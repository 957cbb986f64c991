// Package api is how local programs talk to the daemon: rows, a server and a
// client, over HTTP on a unix socket that only its owner may open. It serves
// peerd (which implements [Backend] and calls [Listen] and [Serve]), peerctl
// and any program that speaks HTTP:
//
//	curl --unix-socket peerd.sock http://peerd/v1/status
//
//	peerctl ── Client ──── HTTP, unix socket 0600 ────▶ Serve ──▶ Backend (peerd)
//	                       rows: JSON, "v":1
//	                       events: one row per line, until either side ends
//
//	GET  /v1/status                              Status
//	GET  /v1/peers                               Peer …
//	POST /v1/messages            SendRequest     Sent, when stored
//	GET  /v1/messages?from=&unread=              Message …
//	GET  /v1/messages/{id}/wait?state=&within=   Sent, when reached or after within
//	GET  /v1/messages/{id}/receipts              Receipt …, one for each recipient
//	POST /v1/edit                EditRequest     Message, as it is now
//	GET  /v1/search?text=&peer=&limit=           Message …, newest first; text= may be repeated
//	GET  /v1/history?with=&before=&limit=        Message …, in the order of time
//	POST /v1/read                ReadMark
//	POST /v1/connect             PeerRef         Peer
//	POST /v1/ping                PeerRef         Ping
//	POST /v1/netcheck                            Netcheck
//	GET  /v1/why?peer=                           Why
//	GET  /v1/contacts                            Contact …
//	POST /v1/contacts/add        AddRequest      Contact
//	POST /v1/contacts/verify     VerifyRequest   Verification
//	POST /v1/contacts/block      BlockRequest    Contact
//	GET  /v1/contacts/receipts                   ReadReceipts …
//	POST /v1/contacts/receipts   ReadReceiptsRequest ReadReceipts
//	POST /v1/contacts/trust      TrustRequest    Trusted
//	POST /v1/contacts/rename     RenameRequest   Contact
//	POST /v1/contacts/forget     ForgetRequest   Forgotten
//	GET  /v1/groups                              Group …
//	POST /v1/groups              GroupRequest    Group, also at /v1/groups/add and /v1/groups/leave
//	GET  /v1/files                               Transfer …
//	POST /v1/files               FileOffer       Transfer, when the offer is stored
//	POST /v1/files/decide        FileDecision    Transfer
//	POST /v1/files/policy        FilePolicy      FilePolicy
//	GET  /v1/cursor?name=&limit=                 Message …, that the cursor has not passed
//	POST /v1/cursor              CursorAdvance
//	GET  /v1/export?peer=                        Exported …
//	POST /v1/import              ImportRequest   Imported
//	GET  /v1/backup                              a tar archive
//	GET  /v1/events?type=                        Message, Presence, PathChange, Accepted, Receipt, Edit …
//
// Rows are the daemon's public contract: fields may be added, never renamed.
// A failure is an [Error] in JSON with the HTTP status of its code.
//
// It is not a network service: there is no TCP listener, no password, and a
// request for any host other than "peerd" is refused, so no web page can reach
// it. Nothing here knows how messages are stored or how peers are reached.
package api
