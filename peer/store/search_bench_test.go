package store

import (
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	"peerd/wire"
)

// vocabulary is what people in chatter say, the first words most often.
var vocabulary = strings.Fields(`the you and 我们 今天 meeting 聊天 router is for that 什么 time 晚上 home see with
	tomorrow file 发送 please 好的 server when Zürich café 路由器 eight disk перезвони завтра again backup 消息
	network printer holiday photograph 中文输入法 unfortunately`)

// chatter is a message of four to fifteen words.
func chatter(random *rand.Rand) string {
	words := make([]string, 4+random.IntN(12))
	for i := range words {
		words[i] = vocabulary[min(random.IntN(len(vocabulary)), random.IntN(len(vocabulary)))]
	}
	return strings.Join(words, " ")
}

// fillWithChatter makes a store of n messages with bob, and in the middle of
// them one with carol that says what nobody else does.
func fillWithChatter(b *testing.B, dir string, n int) {
	b.Helper()
	random := rand.New(rand.NewPCG(1, 2))
	s := reopen(b, dir)
	check(b, apply(b.Context(), s, "fill", func(tx *transaction) error {
		for _, peer := range []wire.Key{bob, carol} {
			if err := tx.exec(`INSERT INTO conversation (peer) VALUES (?)`, peer[:]); err != nil {
				return err
			}
		}
		for i := range n {
			id, peer, body := newID(), bob, chatter(random)
			if i == n/2 {
				peer, body = carol, "please: 即时聊天 with quokkas"
			}
			err := tx.exec(`INSERT INTO message (id, peer, outgoing, seq, body, sent_at, state) VALUES (?, ?, ?, ?, ?, ?, 'read')`,
				id[:], peer[:], i%2, i/2+1, body, i)
			if err != nil {
				return err
			}
		}
		return nil
	}))
	check(b, s.Close())
}

func BenchmarkMillionMessages(b *testing.B) {
	dir := b.TempDir()
	fillWithChatter(b, dir, 1_000_000)
	b.Run("open", func(b *testing.B) {
		for b.Loop() {
			s, err := Open(dir)
			check(b, err)
			check(b, s.Close())
		}
		info, err := os.Stat(Path(dir))
		check(b, err)
		b.ReportMetric(float64(info.Size()>>20), "MiB")
	})
	b.Run("open after a kill", func(b *testing.B) {
		log := abandonedLog(b, dir)
		for b.Loop() {
			check(b, os.WriteFile(Path(dir)+"-wal", log, 0o600))
			s, err := Open(dir)
			check(b, err)
			check(b, s.Close())
		}
	})
	s := reopen(b, dir)
	for _, test := range []struct {
		name   string
		search Search
		want   int
	}{
		{"said once", Search{Texts: []string{"quokkas"}}, 1},
		{"said once in Chinese", Search{Texts: []string{"即时聊天"}}, 1},
		{"said often", Search{Texts: []string{"tomorrow"}}, 50},
		{"said often in Chinese", Search{Texts: []string{"路由器"}}, 50},
		{"two texts", Search{Texts: []string{"holiday", "ZURICH"}}, 50},
		{"a sentence", Search{Texts: []string{"see you"}}, 50},
		{"said often, by one who seldom speaks", Search{Texts: []string{"please"}, Peer: &carol}, 1},
		{"two characters, said often", Search{Texts: []string{"聊天"}}, 50},
		{"two characters, never said", Search{Texts: []string{"熊猫"}}, 0},
		{"never said, of frequent characters", Search{Texts: []string{"the you theyouthe"}}, 0},
	} {
		b.Run(test.name, func(b *testing.B) {
			test.search.Limit = 50
			for b.Loop() {
				found, err := s.Search(b.Context(), test.search)
				if len(found) != test.want || err != nil {
					b.Fatal(len(found), err)
				}
			}
			b.ReportMetric(b.Elapsed().Seconds()*1000/float64(b.N), "ms/search")
		})
	}
}
