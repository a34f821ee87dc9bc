/* SPDX-License-Identifier: MIT
 *
 * deaths: see deaths.h.
 */
#include "run/deaths.h"

#include <errno.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

int deaths_init(struct deaths *deaths, const pid_t *pids, uint32_t count)
{
	*deaths = (struct deaths){.epoll = epoll_create1(EPOLL_CLOEXEC), .pids = pids, .count = count};
	return deaths->epoll < 0 ? -errno : 0;
}

void deaths_finish(struct deaths *deaths)
{
	if (deaths->epoll > 0)
		close(deaths->epoll);
	deaths->epoll = -1;
}

int deaths_watch(struct deaths *deaths, uint32_t local_rank, int pidfd)
{
	struct epoll_event event = {.events = EPOLLIN, .data.u64 = (uint64_t)(uint32_t)pidfd << 32 | local_rank};
	return epoll_ctl(deaths->epoll, EPOLL_CTL_ADD, pidfd, &event) < 0 ? -errno : 0;
}

/* One event a call: an event that was taken and not yet reaped would come again, out of its order. */
bool deaths_next(struct deaths *deaths, struct death *death)
{
	struct epoll_event event;
	if (epoll_wait(deaths->epoll, &event, 1, 0) != 1)
		return false;
	uint32_t local_rank = (uint32_t)event.data.u64;
	int pidfd = (int)(event.data.u64 >> 32);
	/* Before it is closed: a child that has not executed yet holds a copy, and the kernel would keep the entry. */
	epoll_ctl(deaths->epoll, EPOLL_CTL_DEL, pidfd, NULL);
	*death = (struct death){.local_rank = local_rank};
	if (wait4(deaths->pids[local_rank], &death->status, 0, &death->usage) < 0)
		death->status = SIGKILL; /* cannot happen: it is this process's child and nobody else reaps it */
	return true;
}

static bool is_rank(const struct deaths *deaths, pid_t pid)
{
	for (uint32_t r = 0; r < deaths->count; r++)
		if (deaths->pids[r] == pid)
			return true;
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
