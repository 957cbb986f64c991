//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"time"

	"peerd/peer/store"
	"peerd/wire"
)

const (
	historyMessages = 1_000_000
	historyBatch    = 10_000
	historyOpens    = 9
	openBound       = 200 * time.Millisecond
	searchBound     = 50 * time.Millisecond
)

// vocabulary is what people in the history say, the first words most often.
var vocabulary = strings.Fields(`the you and 我们 今天 meeting 聊天 router is for that 什么 time 晚上 home see with
	tomorrow file 发送 please 好的 server when Zürich café 路由器 eight disk перезвони завтра again backup 消息
	network printer holiday photograph 中文输入法 unfortunately`)

// searches are what is looked for in the history: texts said once, often and never,
// in several languages, and in one conversation only.
var searches = []store.Search{
	{Texts: []string{"quokkas"}},
	{Texts: []string{"即时聊天"}},
	{Texts: []string{"tomorrow"}},
	{Texts: []string{"路由器"}},
	{Texts: []string{"holiday", "ZURICH"}},
	{Texts: []string{"see you"}},
	{Texts: []string{"please"}, Peer: &wire.Key{'c'}},
	{Texts: []string{"聊天"}},
	{Texts: []string{"熊猫"}},
	{Texts: []string{"the you theyouthe"}},
}

// measureHistory measures how long it takes to open a history of a million
// messages, and to search in it.
func measureHistory(*bench) (rows []row, err error) {
	dir, err := os.MkdirTemp("", "figures-*")
	if err != nil {
		return nil, fmt.Errorf("make temporary state: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	ctx := context.Background()
	if err := writeHistory(ctx, dir); err != nil {
		return nil, fmt.Errorf("write a history: %w", err)
	}
	opened, err := timeOpening(dir)
	if err != nil {
		return nil, err
	}
	killed, err := timeOpeningAfterKill(ctx, dir)
	if err != nil {
		return nil, err
	}
	searched, err := timeSearches(ctx, dir)
	if err != nil {
		return nil, err
	}
	return []row{
		{figure: "history: a million messages opened", measured: opened.String(), bound: "worst ≤ 200 ms", met: opened.worst() <= openBound},
		{figure: "  after a kill", measured: killed.String(), bound: "worst ≤ 200 ms", met: killed.worst() <= openBound},
		{figure: "  searched, in any language", measured: searched.String(), bound: "worst ≤ 50 ms", met: searched.worst() <= searchBound},
	}, nil
}

// writeHistory stores the messages and has them indexed.
func writeHistory(ctx context.Context, dir string) error {
	s, err := store.Open(dir)
	if err != nil {
		return err
	}
	random := rand.New(rand.NewPCG(1, 2))
	for written := 0; written < historyMessages && err == nil; written += historyBatch {
		_, err = s.AcceptAll(ctx, time.Now(), drafts(random, written)...)
		if (written+historyBatch)%100_000 == 0 {
			progress("history: %d messages written", written+historyBatch)
		}
	}
	if err == nil {
		_, err = s.Search(ctx, searches[0]) // which is answered when everything is indexed
	}
	return errors.Join(err, s.Close())
}

// drafts are the messages from the number first on. In the middle of the history
// is one to somebody else that says what nobody else does.
func drafts(random *rand.Rand, first int) []store.Draft {
	batch := make([]store.Draft, historyBatch)
	for i := range batch {
		var id [10]byte
		for i := range id {
			id[i] = byte(random.Uint32())
		}
		words := make([]string, 4+random.IntN(12))
		for i := range words {
			words[i] = vocabulary[min(random.IntN(len(vocabulary)), random.IntN(len(vocabulary)))]
		}
		batch[i] = store.Draft{To: wire.Key{'b'}, ID: wire.NewMessageID(time.Now(), id), Kind: wire.KindText, Body: strings.Join(words, " ")}
		if first+i == historyMessages/2 {
			batch[i].To, batch[i].Body = wire.Key{'c'}, "please: 即时聊天 with quokkas"
		}
	}
	return batch
}

func timeOpening(dir string) (took sample, err error) {
	for range historyOpens {
		once, err := timeOneOpening(dir)
		if err != nil {
			return nil, err
		}
		took = append(took, once)
	}
	return took, nil
}

func timeOneOpening(dir string) (time.Duration, error) {
	start := time.Now()
	s, err := store.Open(dir)
	if err != nil {
		return 0, err
	}
	took := time.Since(start)
	return took, s.Close()
}

// timeOpeningAfterKill opens the history as a process leaves it that was killed
// after its last message.
func timeOpeningAfterKill(ctx context.Context, dir string) (took sample, err error) {
	s, err := store.Open(dir)
	if err != nil {
		return nil, err
	}
	_, err = s.AcceptAll(ctx, time.Now(), drafts(rand.New(rand.NewPCG(3, 4)), 0)[0])
	log, failed := os.ReadFile(store.Path(dir) + "-wal")
	if err := errors.Join(err, failed, s.Close()); err != nil {
		return nil, err
	}
	for range historyOpens {
		if err := os.WriteFile(store.Path(dir)+"-wal", log, 0o600); err != nil {
			return nil, err
		}
		once, err := timeOneOpening(dir)
		if err != nil {
			return nil, err
		}
		took = append(took, once)
	}
	return took, nil
}

func timeSearches(ctx context.Context, dir string) (took sample, err error) {
	s, err := store.Open(dir)
	if err != nil {
		return nil, err
	}
	for _, search := range searches {
		search.Limit = 50
		start := time.Now()
		if _, err := s.Search(ctx, search); err != nil {
			return nil, errors.Join(err, s.Close())
		}
		took = append(took, time.Since(start))
	}
	return took, s.Close()
}
