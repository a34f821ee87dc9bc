/* SPDX-License-Identifier: MIT
 *
 * plan_picture: a machine with ranks on it, ready to be drawn: who is on each hardware thread, and which cores belong
 * together. The drawings of a plan, on a terminal and as SVG, start from it.
 */
#ifndef MUSTER_REPORT_PLAN_PICTURE_H
#define MUSTER_REPORT_PLAN_PICTURE_H

#include "machine/machine.h"
#include "plan/placement.h"

struct plan_view;

enum { PICTURE_LABEL_SIZE = 16 };

/* What a hardware thread is to the job. */
enum picture_use {
	PICTURE_RANKS,    /* bound ranks are there */
	PICTURE_ANY_RANK, /* ranks are not bound */
	PICTURE_FREE,
	PICTURE_HELD,       /* another job's, and no rank of this one is there */
	PICTURE_NOT_IN_SET, /* placement.cpu_set leaves it out */
	PICTURE_OTHER_KIND, /* placement.cores does */
	PICTURE_FORBIDDEN,
	PICTURE_USES
};

/* What stands on a hardware thread. */
struct picture_thread {
	enum picture_use use;
	uint32_t rank_count; /* of bound ranks */
	uint32_t first_rank;
	uint32_t last_rank;
};

/* A run of cores, in hardware order, of one package, NUMA node and L3 cache. */
struct picture_block {
	uint32_t package;
	uint32_t numa;    /* logical; NO_OBJECT: none */
	uint32_t l3cache; /* NO_OBJECT: none */
	uint32_t first_core;
	uint32_t core_count;
};

struct picture {
	const struct machine *machine;
	const struct placement *placement;
	struct picture_thread *threads; /* by index into machine.threads */
	uint32_t *core_threads;         /* core_count + 1: index of each core's first thread, then the end */
	struct picture_block *blocks;
	uint32_t block_count;
	uint32_t unbound_ranks;   /* ranks that may run anywhere */
	uint32_t label_width;     /* of the widest thread label */
	bool cores_are_uniform;   /* every core's threads carry the same label */
	uint32_t threads_a_core;  /* of the core that has most */
	struct index_set offline; /* CPUs without a place */
};

/* Whether both are in one NUMA node of one package, or beside the nodes of one. */
bool picture_same_node(const struct picture_block *one, const struct picture_block *other);

void picture_make(struct picture *picture, const struct plan_view *view);
void picture_finish(struct picture *picture);

/* "3", "0-3", "0+" (rank 0 and others), "x" not allowed, "-" not in cpu_set, "~" another kind of core, "h" held by
 * another job, "*" any of the unbound ranks, `free_mark` for nobody. */
void picture_label(const struct picture *picture, uint32_t thread, const char *free_mark,
                   char label[PICTURE_LABEL_SIZE]);

/* The label of a hardware thread that no bound rank is on, and what it means: "free". */
const char *picture_use_mark(enum picture_use use, const char *free_mark);
const char *picture_use_words(enum picture_use use);

/* The first of the ranks that are bound to it, at most `most`; returns how many were put into `ranks`. */
uint32_t picture_ranks_on(const struct picture *picture, uint32_t thread, uint32_t *ranks, uint32_t most);

/* Whether any hardware thread is that to the job. */
bool picture_has(const struct picture *picture, enum picture_use use);

/* Whether the same ranks, or the same nobody, are on both. */
bool picture_same_label(const struct picture *picture, uint32_t one, uint32_t other);

#endif
