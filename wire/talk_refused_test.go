package wire

import (
	"strings"
	"testing"

	"peerd/wire/internal/pb"
)

var talkRefusedCodec = bodyCodec("talk_refused", ParseTalkRefused)

func TestTalkRefusedVectors(t *testing.T) {
	talkRefusedCodec.testVectors(t,
		example[TalkRefused]{"the peer is offline", TalkRefused{To: otherKey, Code: TalkRefusedOffline}},
		example[TalkRefused]{"a code from the future is kept", TalkRefused{To: otherKey, Code: 99}},
	)
}

func TestTalkRefusedRefuses(t *testing.T) {
	testRefusals(t, ParseTalkRefused,
		refusal{"to nobody", &pb.TalkRefused{Code: 1}, "parse talk-refused: to is missing"},
		refusal{"no code", &pb.TalkRefused{To: otherKey[:]}, "code is missing"},
	)
}

func TestEveryTalkRefusedCodeHasWordCauseAndHint(t *testing.T) {
	seen := map[string]bool{}
	for code := TalkRefusedUnknownPeer; code <= TalkRefusedBusy+1; code++ {
		refused := TalkRefused{To: otherKey, Code: code}
		for _, text := range []string{code.String(), refused.Error(), refused.Hint()} {
			if text == "" || seen[text] && !strings.HasPrefix(text, "nothing to do") {
				t.Errorf("code %d: bad text %q", code, text)
			}
			seen[text] = true
		}
	}
}

func FuzzParseTalkRefused(f *testing.F) { talkRefusedCodec.fuzz(f) }
