/* SPDX-License-Identifier: MIT
 *
 * environment: what muster left in this process's environment about its rank; read once, by muster_init.
 */
#ifndef MUSTER_LIBRARY_ENVIRONMENT_H
#define MUSTER_LIBRARY_ENVIRONMENT_H

#include <stdbool.h>

struct rank_environment {
	bool inside; /* of a job; else all is that of a world of one */
	int fd;
	int rank;
	int size;
	int local_rank;
	int local_size;
	int node_rank;
	int node_count;
	int restart_count;
	char job_id[96];
	char job_name[96];
	char cpus[1024];
};

/* 0, or MUSTER_EENVIRONMENT with words: a part is missing, or no number. */
int environment_read(void);

const struct rank_environment *environment_get(void);

#endif
