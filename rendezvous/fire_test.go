package rendezvous

import (
	"testing"
	"time"
)

func TestFireIn(t *testing.T) {
	const ms = time.Millisecond
	cases := []struct {
		name                 string
		rttA, rttB, inA, inB time.Duration
	}{
		{"equal distance fires on arrival", 40 * ms, 40 * ms, 0, 0},
		{"the nearer peer waits for the farther", 10 * ms, 90 * ms, 40 * ms, 0},
		{"whichever side it is", 90 * ms, 10 * ms, 0, 40 * ms},
		{"an unknown round trip counts as none", 0, 60 * ms, 30 * ms, 0},
		{"nothing known fires at once", 0, 0, 0, 0},
		{"a congested connection does not delay the punch for ever", 20 * ms, 5 * time.Second, 500 * ms, 0},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			inA, inB := fireIn(c.rttA, c.rttB)
			if inA != c.inA || inB != c.inB {
				t.Errorf("fireIn = %v, %v; want %v, %v", inA, inB, c.inA, c.inB)
			}
		})
	}
}

func TestBothFireAtTheSameInstant(t *testing.T) {
	for rttA := time.Duration(0); rttA < time.Second; rttA += 7 * time.Millisecond {
		for rttB := time.Duration(0); rttB < time.Second; rttB += 13 * time.Millisecond {
			inA, inB := fireIn(rttA, rttB)
			if a, b := rttA/2+inA, rttB/2+inB; a != b {
				t.Fatalf("round trips %v and %v: A fires after %v, B after %v", rttA, rttB, a, b)
			}
		}
	}
}
