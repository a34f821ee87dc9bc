/* SPDX-License-Identifier: MIT
 *
 * raw_syscall: a system call without libc around it.
 *
 * For rank_child.c: a child that shares its parent's memory shares its thread-local storage too, so that libc's
 * wrappers would write the parent's errno from a second process. And for memory.c, which has let go of libc's text.
 * Returns the kernel's value: negative errno on failure.
 * Register use: the System V AMD64 and the AArch64 Linux system call conventions, syscall(2).
 */
#ifndef MUSTER_BASE_RAW_SYSCALL_H
#define MUSTER_BASE_RAW_SYSCALL_H

#if defined(__x86_64__)

static inline long raw_syscall(long number, long a, long b, long c, long d, long e)
{
	long result;
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	__asm__ volatile("syscall"
	                 : "=a"(result)
	                 : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8)
	                 : "rcx", "r11", "memory");
	return result;
}

#elif defined(__aarch64__)

static inline long raw_syscall(long number, long a, long b, long c, long d, long e)
{
	register long x8 __asm__("x8") = number;
	register long x0 __asm__("x0") = a;
	register long x1 __asm__("x1") = b;
	register long x2 __asm__("x2") = c;
	register long x3 __asm__("x3") = d;
	register long x4 __asm__("x4") = e;
	__asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4) : "memory", "cc");
	return x0;
}

#else
#error "raw_syscall: this architecture's system call convention is missing"
#endif

#endif
