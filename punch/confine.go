package punch

// A confined session uses the relay and nothing else: no packet of its goes to
// any endpoint, so the peer does not learn where we are, and none of the peer's
// is answered, so it cannot find out by trying. What went before is as if it had
// not been. An introduction lifts it.
//
//	          Introduced
//	confined ───────────▶ free
//	         ◀───────────
//	           Confined

// confine leaves every direct way at once.
func (e *Engine) confine() {
	for _, socket := range e.sockets.open {
		e.act(CloseSocket{Socket: socket.id})
	}
	e.sockets.open = nil
	e.transactions.forget()
	e.monitor.watch(nil)
	e.checks, e.search, e.talk, e.reunion = checks{}, search{}, talk{}, reunion{}
	e.evidence, e.ledger = evidence{}, nil
	e.confined = true
}
