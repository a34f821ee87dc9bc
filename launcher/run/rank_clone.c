/* SPDX-License-Identifier: MIT
 *
 * rank_clone: see rank_clone.h. Register use: the System V AMD64 and the AArch64 Linux system call conventions,
 * syscall(2); struct clone_args: clone(2).
 */
#include "run/rank_clone.h"

#include <errno.h>
#include <linux/sched.h>
#include <signal.h>
#include <sys/syscall.h>

#if defined(CLONE_INTO_CGROUP) && (defined(__x86_64__) || defined(__aarch64__))

/* In the child the registers are as they were, but for the stack, on which nothing is: it must not return from here. */
#if defined(__x86_64__)
static long clone3_call(const struct clone_args *args, int (*body)(void *), void *argument)
{
	long result;
	register int (*in_body)(void *) __asm__("r12") = body;
	register void *in_argument __asm__("r13") = argument;
	__asm__ volatile("syscall\n\t"
	                 "testq %%rax, %%rax\n\t"
	                 "jnz 1f\n\t"
	                 "xorl %%ebp, %%ebp\n\t"
	                 "movq %%r13, %%rdi\n\t"
	                 "callq *%%r12\n\t"
	                 "movl %%eax, %%edi\n\t"
	                 "movl %[exit], %%eax\n\t"
	                 "syscall\n\t"
	                 "hlt\n"
	                 "1:"
	                 : "=a"(result)
	                 : "a"(SYS_clone3), "D"(args), "S"(sizeof *args), "r"(in_body),
	                   "r"(in_argument), [exit] "i"(SYS_exit)
	                 : "rcx", "r11", "memory");
	return result;
}
#else
static long clone3_call(const struct clone_args *args, int (*body)(void *), void *argument)
{
	register long x0 __asm__("x0") = (long)args; /* and the result */
	register long x1 __asm__("x1") = sizeof *args;
	register long x8 __asm__("x8") = SYS_clone3;
	register int (*in_body)(void *) __asm__("x9") = body;
	register void *in_argument __asm__("x10") = argument;
	__asm__ volatile("svc 0\n\t"
	                 "cbnz x0, 1f\n\t"
	                 "mov x29, xzr\n\t"
	                 "mov x0, x10\n\t"
	                 "blr x9\n\t"
	                 "mov x8, %[exit]\n\t"
	                 "svc 0\n\t"
	                 "brk 0\n"
	                 "1:"
	                 : "+r"(x0)
	                 : "r"(x1), "r"(x8), "r"(in_body), "r"(in_argument), [exit] "i"(SYS_exit)
	                 : "memory", "cc");
	return x0;
}
#endif

/* The kernel writes through `pidfd` and `tid`, whose addresses it gets as numbers. */
/* NOLINTBEGIN(readability-non-const-parameter) */
pid_t rank_clone_into(int cgroup, const struct rank_stack *stack, int (*body)(void *), void *argument, int *pidfd,
                      volatile int32_t *tid)
/* NOLINTEND(readability-non-const-parameter) */
{
	const struct clone_args args = {
		.flags = CLONE_VM | CLONE_PIDFD | CLONE_CHILD_CLEARTID | CLONE_INTO_CGROUP,
		.pidfd = (uintptr_t)pidfd,
		.child_tid = (uintptr_t)tid,
		.exit_signal = SIGCHLD,
		.stack = (uintptr_t)stack->lowest,
		.stack_size = stack->bytes,
		.cgroup = (uint64_t)cgroup,
	};
	return (pid_t)clone3_call(&args, body, argument);
}

#else

pid_t rank_clone_into(int cgroup, const struct rank_stack *stack, int (*body)(void *), void *argument, int *pidfd,
                      volatile int32_t *tid)
{
	(void)cgroup;
	(void)stack;
	(void)body;
	(void)argument;
	(void)pidfd;
	(void)tid;
	return -ENOSYS;
}

#endif
