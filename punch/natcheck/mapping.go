package natcheck

import (
	"time"

	"peerd/wire"
)

// mappingPatience is how much longer the answers that tell the mapping are waited
// for: without them nothing else is of much use, and one may be lost twice.
const mappingPatience = 150 * time.Millisecond

// measureMapping has one socket seen by three endpoints of the rendezvous.
func (m *measurement) measureMapping() {
	s, err := openSpare(m.ctx, m.config)
	if err != nil {
		m.gaps.add(Mapping, Unsupported)
		return
	}
	defer s.close()
	main := ask(m.config.Server, wire.Change{})
	questions := []*question{main}
	otherPort, otherAddress := new(question), new(question)
	if to := m.otherPort(); to.IsValid() {
		otherPort = ask(to, wire.Change{})
		questions = append(questions, otherPort)
	}
	if to := m.otherAddress(); to.IsValid() {
		otherAddress = ask(to, wire.Change{})
		questions = append(questions, otherAddress)
	}
	s.ask(m.patience()+mappingPatience, questions...)
	m.views.Local = s.local
	m.views.Main, m.views.OtherPort, m.views.OtherAddress = main.observed(), otherPort.observed(), otherAddress.observed()
	m.noteMapping()
}

// noteMapping says what of the mapping stays unknown.
func (m *measurement) noteMapping() {
	v := m.views
	switch mapping := v.Mapping(); {
	case !v.Main.IsValid():
		m.gaps.add(Mapping, NoAnswer)
	case mapping == wire.MappingNone || mapping == wire.MappingADM:
	case !v.OtherPort.IsValid():
		m.gaps.add(Mapping, OtherPortSilent)
	case mapping == wire.MappingAPDM || v.OtherAddress.IsValid():
	case !m.otherAddress().IsValid():
		m.gaps.add(Mapping, OneAddress)
	default:
		m.gaps.add(Mapping, OtherAddressSilent)
	}
}
