package main

import (
	"errors"
	"math"
	"strconv"
	"strings"
)

// size is a flag's value in bytes: 0, 500M, 1GiB. The unit's prefix is of 1024.
type size int64

var errSize = errors.New("want a size such as 500M or 2G")

func (s *size) Set(text string) error {
	number := strings.TrimRight(text, "kKMGTiB")
	unit := strings.TrimSuffix(strings.TrimSuffix(strings.ToUpper(text[len(number):]), "B"), "I")
	shift := strings.Index("KMGT", unit)
	if len(unit) > 1 || shift < 0 {
		return errSize
	}
	factor := int64(1)
	if unit != "" {
		factor = 1 << (10 * (shift + 1))
	}
	n, err := strconv.ParseInt(number, 10, 64)
	if err != nil || n < 0 || n > math.MaxInt64/factor {
		return errSize
	}
	*s = size(n * factor)
	return nil
}

func (s *size) String() string {
	n, unit := int64(*s), 0
	for n >= 1<<10 && n%(1<<10) == 0 && unit < 4 {
		n >>= 10
		unit++
	}
	return strconv.FormatInt(n, 10) + []string{"", "K", "M", "G", "T"}[unit]
}

func (s *size) Type() string { return "size" }
