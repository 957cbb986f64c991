package wire

import (
	"testing"

	"peerd/wire/internal/pb"
)

var welcomeCodec = bodyCodec("welcome", ParseWelcome)

func TestWelcomeVectors(t *testing.T) {
	welcomeCodec.testVectors(t,
		example[Welcome]{"over IPv4", Welcome{Version: 1, Circle: "home", Name: "alice", Observed: exampleEndpoint}},
		example[Welcome]{"over IPv6", Welcome{Version: 1, Circle: "家", Name: "小明", Observed: exampleEndpoint6}},
		example[Welcome]{"with a certificate", Welcome{
			Version: 1, Circle: "家", Name: "小明", Observed: exampleEndpoint, Certificate: exampleCertificate.Append(nil),
		}},
		example[Welcome]{"with requirements", Welcome{
			Version: 2, Circle: "home", Name: "alice", Observed: exampleEndpoint, Requires: []Feature{FeatureWithhold, 1<<32 - 1},
		}},
	)
}

func TestWelcomeRefuses(t *testing.T) {
	endpoint := appendEndpoint(nil, exampleEndpoint)
	testRefusals(t, ParseWelcome,
		refusal{"no version", &pb.Welcome{Observed: endpoint}, "parse welcome: version is missing"},
		refusal{"no observed endpoint", &pb.Welcome{Version: 1}, "observed is missing"},
		refusal{"a circle too long", &pb.Welcome{Version: 1, Observed: endpoint, Circle: string(make([]byte, MaxCircle+1))}, "circle has 129 bytes"},
		refusal{"a certificate too long", &pb.Welcome{Version: 1, Observed: endpoint, Certificate: make([]byte, MaxCertificate+1)}, "certificate has 201 bytes"},
		refusal{"a requirement without number", &pb.Welcome{Version: 1, Observed: endpoint, Requires: []uint32{0}}, "required feature is missing"},
		refusal{"more requirements than 64", &pb.Welcome{Version: 1, Observed: endpoint, Requires: make([]uint32, MaxFeatures+1)}, "requires are 65, the limit is 64"},
		refusal{"a name too long", &pb.Welcome{Version: 1, Observed: endpoint, Name: string(make([]byte, MaxName+1))}, "name has 129 bytes"},
	)
}

func FuzzParseWelcome(f *testing.F) { welcomeCodec.fuzz(f) }
