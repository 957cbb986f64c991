package socket

// wantedReceiveBuffer is what quic-go asks the system for: 7 MB hold 60 ms of
// 1 Gbit/s. With less, bursts are lost while we are busy.
const wantedReceiveBuffer = 7 << 20

// logReceiveBuffer tells the operator of a small receive buffer, where the
// system says how large it is. The remedy is in deploy/sysctl.d.
func (s *Socket) logReceiveBuffer() {
	granted, err := receiveBuffer(s.conn)
	if err != nil || granted >= wantedReceiveBuffer {
		return
	}
	s.config.Logger.Debug().Int("granted", granted).Int("wanted", wantedReceiveBuffer).
		Msg("small UDP receive buffer: raise net.core.rmem_max")
}
