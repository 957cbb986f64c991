package main

import (
	"cmp"
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"peerd/peer/api"
)

func (a *app) whyCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "why PEER",
		Short: "Explain the path to a peer: what was tried, and what would make it direct",
		Long: `Explain the path to a peer: which one is in use and why, what was tried for a
direct one and what came back, how likely it is to succeed, what would help, and
what is odd about what the peer or the routers told us.

A volley probes the endpoints that were named. Openers are probes that die on the
way: they open our router. A fresh socket passes routers that count their ports or
are confused. Many sockets on one side and a spray of probes on the other pass
routers that pick ports at random; a meeting port, two that pick from few.`,
		Args:              usageArgs(cobra.ExactArgs(1)),
		ValidArgsFunction: a.completePeers,
		RunE: a.with(func(ctx context.Context, client *api.Client, args []string) error {
			ctx, cancel := a.limited(ctx)
			defer cancel()
			why, err := client.Why(ctx, args[0])
			if err != nil {
				return err
			}
			if a.json {
				return a.row(why)
			}
			return a.print(a.whyTable(why).folded())
		}),
	}
}

func (a *app) whyTable(why api.Why) table {
	text := &a.text.Why
	var t table
	t.add(why.Peer, a.text.path(why.Path, why.Transport, why.Endpoint)+"  "+duration(why.RTT))
	t.add("", word(text.Reason, why.Reason))
	if !why.Since.IsZero() {
		t.add(text.Since, instant(why.Since))
	}
	t.add(text.OurNAT, word(a.text.Mapping, why.OurNAT.Mapping))
	if why.TheirNAT.Mapping != "" {
		t.add(text.TheirNAT, word(a.text.Mapping, why.TheirNAT.Mapping))
	}
	if why.Chance != nil && why.Path != api.PathDirect {
		t.add(text.Chance, fill(text.Each, text.percent(*why.Chance)))
	}
	a.addAttempts(&t, why)
	for _, warning := range why.Warnings {
		t.add(text.Warning, fill(word(text.Odd, warning.Code), warning.Count, warning.Endpoint))
	}
	if !why.RetryAt.IsZero() && why.Remedy != api.RemedyRetry {
		t.add(text.Again, fill(text.IfNeeded, clock(why.RetryAt)))
	}
	if why.Remedy != "" {
		t.add(text.Next, text.advice(why))
	}
	return t
}

// addAttempts adds what was tried, two lines each, and what was not.
func (a *app) addAttempts(t *table, why api.Why) {
	text := &a.text.Why
	label := text.Tried
	for _, attempt := range why.Attempts {
		at := text.NotYet
		if !attempt.First.IsZero() {
			at = clock(attempt.First)
		}
		t.add(label, at+"  "+fill(text.At, word(text.Strategy, attempt.Strategy), text.where(attempt)))
		t.add("", strings.Repeat(" ", columns(at)+2)+text.outcome(attempt, a.text.Comma))
		label = ""
	}
	label = text.LeftOut
	for _, named := range why.LeftOut {
		t.add(label, fill(text.Unused, word(text.Kind, named.Kind), named.Endpoint, word(text.Unprobed, named.Reason)))
		label = ""
	}
}

// where is an endpoint with its kind; port 0 stands for many.
func (t *whyTexts) where(attempt api.Attempt) string {
	endpoint := attempt.Endpoint.String()
	if attempt.Endpoint.Port() == 0 {
		endpoint = fill(t.AnyPort, attempt.Endpoint.Addr())
	}
	return strings.TrimSpace(word(t.Kind, attempt.Kind) + " " + endpoint)
}

// outcome says what was sent and what came back.
func (t *whyTexts) outcome(attempt api.Attempt, comma string) string {
	var sent, back []string
	count := func(list *[]string, format string, n int, more ...any) {
		if n > 0 {
			*list = append(*list, fill(format, append([]any{n}, more...)...))
		}
	}
	count(&sent, t.Sockets, attempt.Sockets)
	count(&sent, t.Openers, attempt.Openers)
	count(&sent, t.Probes, attempt.Probes)
	if took := attempt.Last.Sub(attempt.First.Time); took > 0 && !attempt.First.IsZero() {
		sent = append(sent, fill(t.Within, duration(api.Milliseconds(took))))
	}
	count(&back, t.Replies, attempt.Replies, duration(attempt.RTT))
	count(&back, t.Heard, attempt.Heard)
	return fill(t.Back, cmp.Or(strings.Join(sent, comma), t.Unsent), cmp.Or(strings.Join(back, comma), t.Nothing))
}

// percent is a chance with one decimal. None is certain, and none hopeless.
func (t *whyTexts) percent(chance float64) string {
	const least, most = 0.1, 99.9
	switch percent := chance * 100; {
	case percent < least:
		return fill(t.Unlikely, strconv.FormatFloat(least, 'f', 1, 64))
	case percent > most:
		return fill(t.Likely, strconv.FormatFloat(most, 'f', 1, 64))
	default:
		return strconv.FormatFloat(percent, 'f', 1, 64) + t.Percent
	}
}

// advice is what would make the path direct.
func (t *whyTexts) advice(why api.Why) string {
	again := t.AWhile
	if !why.RetryAt.IsZero() {
		again = clock(why.RetryAt)
	}
	return fill(word(t.Remedy, why.Remedy), why.Peer, again)
}

// clock returns t's time of day on the user's clock.
func clock(t api.Time) string { return t.Local().Format(time.TimeOnly) }
