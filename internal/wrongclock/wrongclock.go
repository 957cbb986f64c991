//go:build linux && amd64

package wrongclock

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"
)

// Clock is the wall clock of a process.
type Clock struct {
	memory string // file with the process's memory
	offset int64  // address of the offset, in seconds
}

// Of takes over the clock of the process with the given id, a child of ours that
// has said or done something: until then it may not have a clock yet. Once is
// enough for a process.
func Of(pid int) (*Clock, error) {
	c := &Clock{memory: fmt.Sprintf("/proc/%d/mem", pid)}
	if err := c.takeOver(pid); err != nil {
		return nil, fmt.Errorf("take over the clock of process %d: %w", pid, err)
	}
	return c, nil
}

// Set makes the process's clock differ from ours by so much, in whole seconds, from
// now on.
func (c *Clock) Set(ahead time.Duration) error {
	return c.write(c.offset, binary.LittleEndian.AppendUint64(nil, uint64(ahead/time.Second)))
}

// The code that takes the place of the clock's, with the offset behind it.
var code = []byte{
	0xb8, 228, 0, 0, 0, // mov eax, SYS_clock_gettime
	0x0f, 0x05, // syscall
	0x85, 0xff, // test edi, edi: is it CLOCK_REALTIME?
	0x75, 10, // jnz to the end
	0x48, 0x8b, 0x0d, 4, 0, 0, 0, // mov rcx, [offset]
	0x48, 0x01, 0x0e, // add [rsi], rcx: the seconds
	0xc3, // ret
}

// jumpSize is how long a jump is that gets us there.
const jumpSize = 5

func (c *Clock) takeOver(pid int) error {
	start, image, err := c.vdso(pid)
	if err != nil {
		return err
	}
	entry, err := clockFunction(image)
	if err != nil {
		return err
	}
	room := len(code) + 8
	place := bytes.LastIndexFunc(image, func(r rune) bool { return r != 0 })/8*8 + 16 // behind all there is
	if place+room > len(image) {
		return errors.New("no room behind the kernel's code")
	}
	c.offset = start + int64(place+len(code))
	if err := c.write(start+int64(place), append(bytes.Clone(code), make([]byte, 8)...)); err != nil {
		return err
	}
	jump := binary.LittleEndian.AppendUint32([]byte{0xe9}, uint32(place-entry-jumpSize))
	return c.write(start+int64(entry), jump)
}

// vdso returns where the process has the kernel's code, and the code.
func (c *Clock) vdso(pid int) (start int64, image []byte, err error) {
	maps, err := os.ReadFile(fmt.Sprintf("/proc/%d/maps", pid))
	if err != nil {
		return 0, nil, err
	}
	for line := range strings.Lines(string(maps)) {
		if !strings.HasSuffix(strings.TrimSpace(line), "[vdso]") {
			continue
		}
		var end int64
		if _, err := fmt.Sscanf(line, "%x-%x", &start, &end); err != nil {
			return 0, nil, fmt.Errorf("read %q: %w", line, err)
		}
		memory, err := os.Open(c.memory)
		if err != nil {
			return 0, nil, err
		}
		defer memory.Close()
		image = make([]byte, end-start)
		_, err = memory.ReadAt(image, start)
		return start, image, err
	}
	return 0, nil, errors.New("the kernel has put no clock into it")
}

// clockFunction returns where in the kernel's code the clock is read.
func clockFunction(image []byte) (entry int, err error) {
	file, err := elf.NewFile(bytes.NewReader(image))
	if err != nil {
		return 0, err
	}
	symbols, err := file.DynamicSymbols()
	if err != nil {
		return 0, err
	}
	for _, symbol := range symbols {
		if symbol.Name == "__vdso_clock_gettime" {
			return int(symbol.Value), nil
		}
	}
	return 0, errors.New("it has no clock_gettime")
}

func (c *Clock) write(at int64, b []byte) error {
	memory, err := os.OpenFile(c.memory, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = memory.WriteAt(b, at)
	return errors.Join(err, memory.Close())
}
