/* SPDX-License-Identifier: MIT
 *
 * rank_process_fixture: the start of one rank, to the end of what it executed.
 */
#ifndef MUSTER_TESTS_RANK_PROCESS_FIXTURE_H
#define MUSTER_TESTS_RANK_PROCESS_FIXTURE_H

#include "run_fixture.h"

#include "run/rank_process.h"

enum { NOBODY = 65534, A_CPU_BEYOND = 8000 };

struct start {
	struct run_fixture f;
	struct rank_launcher launcher;
	int descriptors[3];
	int cgroup_procs;
	int status; /* as of wait(2), once it ended */
};

static inline void start_begin(struct start *s)
{
	memset(s, 0, sizeof *s);
	fixture_begin(&s->f, 1);
	s->cgroup_procs = -1;
	for (int i = 0; i < 3; i++)
		s->descriptors[i] = open("/dev/null", O_RDWR | O_CLOEXEC);
	s->f.spec.placement.memory = MEMORY_NONE;
}

/* Starts the rank and waits for its end, and until its stack is given back. */
static inline void start_run(struct start *s)
{
	struct started_rank started;
	struct error err;
	child_must(rank_start(&s->launcher, 0, s->descriptors, 3, s->cgroup_procs, &started, &err) == 0);
	struct pollfd ended = {.fd = started.pidfd, .events = POLLIN};
	child_must(poll(&ended, 1, -1) == 1);
	child_must(waitpid(started.pid, &s->status, 0) == started.pid);
	child_must(rank_launcher_all_left(&s->launcher));
	child_must(s->launcher.stacks == NULL);
	close(started.pidfd);
}

static inline void start_end(struct start *s)
{
	rank_launcher_finish(&s->launcher);
	for (int i = 0; i < 3; i++)
		close(s->descriptors[i]);
	fixture_end(&s->f);
}

typedef void prepare(struct start *s);

#endif
