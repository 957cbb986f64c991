// Package wrongclock sets the wall clock of one running process, and no other: a
// test wants a daemon ten years ahead of its peers on the same machine. It serves
// internal/chaos and internal/endtoend.
//
// Programs read the clock from a function that the kernel puts into each of them,
// the vDSO. It is replaced in the process's own copy, as a debugger sets a
// breakpoint:
//
//	__vdso_clock_gettime:  jmp ─▶ ask the kernel; CLOCK_REALTIME? add offset; ret
//
// The monotonic clock stays right, as it does when somebody sets a computer's
// clock. It is NOT for programs that ask the kernel without the vDSO, and knows Linux
// on amd64 only.
package wrongclock
