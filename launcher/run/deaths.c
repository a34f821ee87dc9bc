/* SPDX-License-Identifier: MIT
 *
 * deaths: see deaths.h.
 */
#include "run/deaths.h"

#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PROCESS_IDS = 4 << 20, WORD_BITS = 64 }; /* no pid_max is larger; of the bits only touched pages take memory */

int deaths_init(struct deaths *deaths, const pid_t *pids, uint32_t count)
{
	*deaths = (struct deaths){.epoll = epoll_create1(EPOLL_CLOEXEC), .pids = pids, .count = count};
	if (deaths->epoll < 0)
		return -errno;
	deaths->watched = calloc(PROCESS_IDS / WORD_BITS, sizeof *deaths->watched);
	deaths->held = calloc(count, sizeof *deaths->held);
	return deaths->watched == NULL || deaths->held == NULL ? -ENOMEM : 0;
}

void deaths_finish(struct deaths *deaths)
{
	if (deaths->epoll > 0)
		close(deaths->epoll);
	deaths->epoll = -1;
	free(deaths->watched);
	free(deaths->held);
	deaths->watched = NULL;
	deaths->held = NULL;
}

static bool is_rank(const struct deaths *deaths, pid_t pid)
{
	return (deaths->watched[pid / WORD_BITS] >> (pid % WORD_BITS) & 1) != 0;
}

static void flip(struct deaths *deaths, pid_t pid)
{
	deaths->watched[pid / WORD_BITS] ^= UINT64_C(1) << (pid % WORD_BITS);
}

int deaths_watch(struct deaths *deaths, uint32_t local_rank, pid_t pid, int pidfd)
{
	assert(local_rank < deaths->count && pid < PROCESS_IDS);
	struct epoll_event event = {.events = EPOLLIN, .data.u64 = (uint64_t)(uint32_t)pidfd << 32 | local_rank};
	if (epoll_ctl(deaths->epoll, EPOLL_CTL_ADD, pidfd, &event) < 0)
		return -errno;
	flip(deaths, pid);
	return 0;
}

/* False: it cannot be reaped as yet. */
static bool reap(struct deaths *deaths, uint32_t local_rank, struct death *death)
{
	pid_t pid = deaths->pids[local_rank];
	*death = (struct death){.local_rank = local_rank};
	pid_t reaped = wait4(pid, &death->status, WNOHANG, &death->usage);
	if (reaped == 0)
		return false;
	if (reaped < 0)
		death->status = SIGKILL; /* cannot happen: it is this process's child and nobody else reaps it */
	flip(deaths, pid);
	return true;
}

/* SIGCHLD comes when the tracer lets go. */
static bool next_of_held(struct deaths *deaths, struct death *death)
{
	for (uint32_t r = 0; r < deaths->count && deaths->held_count > 0; r++) {
		if (!deaths->held[r] || !reap(deaths, r, death))
			continue;
		deaths->held[r] = false;
		deaths->held_count--;
		return true;
	}
	return false;
}

/* One event a call: an event that was taken and not yet reaped would come again, out of its order. */
bool deaths_next(struct deaths *deaths, struct death *death)
{
	struct epoll_event event;
	if (next_of_held(deaths, death))
		return true;
	while (epoll_wait(deaths->epoll, &event, 1, 0) == 1) {
		uint32_t local_rank = (uint32_t)event.data.u64;
		int pidfd = (int)(event.data.u64 >> 32);
		/* Before it is closed: a child that has not executed yet holds a copy, and the kernel would keep the
		 * entry. */
		epoll_ctl(deaths->epoll, EPOLL_CTL_DEL, pidfd, NULL);
		if (reap(deaths, local_rank, death))
			return true;
		deaths->held[local_rank] = true;
		deaths->held_count++;
	}
	return false;
}

bool deaths_reap_orphans(struct deaths *deaths)
{
	for (;;) {
		siginfo_t info = {0};
		if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) < 0)
			return errno == ECHILD;
		if (info.si_pid == 0)
			return false;
		/* A rank is taken by deaths_next, in its order; it hides orphans behind it only until then. */
		if (is_rank(deaths, info.si_pid))
			return false;
		waitpid(info.si_pid, NULL, WNOHANG);
		deaths->orphans_reaped++;
	}
}
