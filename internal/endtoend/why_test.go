//go:build linux

package endtoend

import (
	"testing"

	"peerd/internal/natlab"
	"peerd/internal/stage"
)

// explained asks a peer about another until the search for a direct path is
// over, and returns the row.
func explained(t *testing.T, p *stage.Peer, about string) stage.Row {
	t.Helper()
	var row stage.Row
	eventually(t, "the search of "+p.Name+" ends", func() bool {
		rows, _, err := p.Rows("why", about)
		if err != nil {
			t.Fatal(err)
		}
		row = lastRow(t, rows)
		return row["searching"] == false
	})
	return row
}

// attemptsIn are the rows of what was tried, by strategy.
func attemptsIn(row stage.Row) map[string][]map[string]any {
	byStrategy := map[string][]map[string]any{}
	list, _ := row["attempts"].([]any)
	for _, item := range list {
		attempt, _ := item.(map[string]any)
		strategy, _ := attempt["strategy"].(string)
		byStrategy[strategy] = append(byStrategy[strategy], attempt)
	}
	return byStrategy
}

func wantWhy(t *testing.T, row stage.Row, reason, remedy string) {
	t.Helper()
	if row.Text("reason") != reason || row.Text("remedy") != remedy {
		t.Errorf("the reason is %q and the remedy %q, want %q and %q", row.Text("reason"), row.Text("remedy"), reason, remedy)
	}
	if warnings, _ := row["warnings"].([]any); len(warnings) > 0 {
		t.Errorf("honest peers are warned of: %v", warnings)
	}
}

// TestWhyTellsOfTwoRandomRouters proves that who cannot be direct is told so,
// and what would help.
func TestWhyTellsOfTwoRandomRouters(t *testing.T) {
	t.Parallel()
	_, _, h := pair(t, natlab.FullyRandom, natlab.FullyRandom)
	send(t, h.alice, "bob", "hello")
	row := explained(t, h.alice, "bob")
	wantWhy(t, row, "hard_nats", "map_port")
	if chance, told := row["chance"].(float64); !told || chance > 0.001 {
		t.Errorf("the chance is %v", row["chance"])
	}
	for _, attempt := range attemptsIn(row)["volley"] {
		if attempt["replies"] != 0.0 || attempt["first_at"] == nil {
			t.Errorf("tried %v", attempt)
		}
	}
	if len(attemptsIn(row)["volley"]) == 0 || row["retry_at"] == nil {
		t.Errorf("why is %v", row)
	}
}

// TestWhyTellsOfManySockets proves that a path through a router with random
// ports is explained by what found it.
func TestWhyTellsOfManySockets(t *testing.T) {
	t.Parallel()
	_, _, h := pair(t, natlab.FullyRandom, natlab.Masquerade)
	send(t, h.alice, "bob", "hello")
	awaitDirect(t, h.alice, "bob")
	row := explained(t, h.alice, "bob")
	wantWhy(t, row, "direct", "nothing")
	tried := attemptsIn(row)["many-sockets"]
	if len(tried) != 1 || tried[0]["sockets"] == 0.0 || tried[0]["replies"] == 0.0 {
		t.Errorf("tried %v", row["attempts"])
	}
}

// TestWhyTellsOfACarrierNATWithoutHairpin proves that two customers of one
// carrier are told that it is the carrier.
func TestWhyTellsOfACarrierNATWithoutHairpin(t *testing.T) {
	t.Parallel()
	lab, s := newStage(t)
	carrier := lab.CarrierNAT("carrier", natlab.Masquerade, natlab.Link{})
	alice := join(t, s, carrier.Home("alice-home", natlab.Masquerade, homeLink).Host("alice"), "alice")
	bob := join(t, s, carrier.Home("bob-home", natlab.Masquerade, homeLink).Host("bob"), "bob")
	meet(t, alice, bob)
	send(t, alice, "bob", "hello")
	wantWhy(t, explained(t, alice, "bob"), "same_nat", "ipv6")
}
