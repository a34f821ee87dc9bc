/* SPDX-License-Identifier: MIT
 *
 * world: see world.h and muster/world.h.
 */
#include "world.h"

#include "environment.h"
#include "error.h"
#include "messages.h"
#include "steps.h"

#include <muster/world.h>

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

int world_refuse(const muster_world *world)
{
	if (world == NULL)
		return error_set(-EINVAL, "the world is NULL");
	switch (atomic_load(world->state)) {
	case WORLD_BUSY:
		return error_set(MUSTER_EBUSY, "two threads use one world at once: give each thread's use a lock");
	case WORLD_FINALIZED:
		return error_set(MUSTER_EFINALIZED, "the world was finalized or freed before");
	default:
		return error_set(MUSTER_EFORKED,
		                 "a child made by fork() has no world: only the process that called muster_init has");
	}
}

/* --- creating --- */

/* A page that is empty in a fork()ed child. */
static _Atomic uint32_t *make_state(void)
{
	void *page = mmap(NULL, SEGMENT_PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (page == MAP_FAILED)
		return NULL;
	madvise(page, SEGMENT_PAGE, MADV_WIPEONFORK);
	return page;
}

static uint32_t domain_of(const muster_world *world, uint32_t member)
{
	uint32_t domain = world_rank(world, member)->place.domain;
	return domain < world->layout.domains ? domain : 0;
}

static void look_at_places(muster_world *world)
{
	world->my_domain = domain_of(world, world->rank);
	for (uint32_t member = 0; member < world->size; member++) {
		world->domain_size += domain_of(world, member) == world->my_domain;
		if (world_rank(world, member)->place.crowded)
			world->crowded = true;
	}
}

int world_create(struct segment *segment, uint32_t rank, uint32_t size, uint32_t *job_ranks, uint64_t offset,
                 const struct group_layout *layout, muster_world **made)
{
	muster_world *world = calloc(1, sizeof *world);
	if (world != NULL)
		world->state = make_state();
	if (world == NULL || world->state == NULL) {
		free(world);
		free(job_ranks);
		return error_set(-ENOMEM, "no memory for a world of %u ranks", size);
	}
	world->segment = segment;
	world->rank = rank;
	world->size = size;
	world->job_ranks = job_ranks;
	world->layout = *layout;
	world->failure.rank = -1;
	world->group = segment_at(segment, offset);
	world->id = world->group->serial;
	world->domains = segment_at(segment, offset + layout->domains_offset);
	world->gate_domains = world->domains + layout->domains;
	world->members = segment_at(segment, offset + layout->members_offset);
	world->me = world_member(world, rank);
	look_at_places(world);
	segment->worlds++;
	segment->newest_world = world->id;
	world->next_open = segment->open_worlds;
	segment->open_worlds = world;
	atomic_store(world->state, WORLD_OPEN);
	*made = world;
	return 0;
}

static void close_world(const muster_world *world)
{
	muster_world **at = &world->segment->open_worlds;
	while (*at != world)
		at = &(*at)->next_open;
	*at = world->next_open;
	world->segment->worlds--;
}

/* Ids only rise, for the worlds of one rank: who makes one takes its id once all members have come to the split. */
bool world_is_over(const struct segment *segment, uint32_t id)
{
	const muster_world *world = segment->open_worlds;
	while (world != NULL && world->id != id)
		world = world->next_open;
	return world == NULL && id <= segment->newest_world;
}

/* The handle itself stays for a while, so that a later use of it is told and not a crash; it is small. */
static void bury(muster_world *world)
{
	enum { GRAVES = 256 };
	static muster_world *_Atomic graveyard[GRAVES];
	static _Atomic uint32_t buried;
	free(atomic_exchange(&graveyard[atomic_fetch_add(&buried, 1) % GRAVES], world));
}

void world_destroy(muster_world *world)
{
	static _Atomic uint32_t finalized = WORLD_FINALIZED;
	steps_destroy(world->steps);
	messages_forget_world(world->segment, world);
	free(world->job_ranks);
	munmap(world->state, SEGMENT_PAGE);
	world->state = &finalized;
	close_world(world);
	world->segment = NULL;
	world->steps = NULL;
	world->job_ranks = NULL;
	bury(world);
}

/* --- the calls --- */

int muster_attach(int segment_fd, int rank, muster_world **world)
{
	struct segment *segment;
	muster_world *made;
	if (world == NULL)
		return error_set(-EINVAL, "muster_attach: nowhere to put the world: world is NULL");
	if (rank < 0)
		return error_set(-EINVAL, "muster_attach: there is no rank %d", rank);
	int rc = segment_open(segment_fd, (uint32_t)rank, &segment);
	if (rc < 0)
		return rc;
	const struct segment_header *header = segment->header;
	struct group_layout layout = segment_world_layout(header->rank_count, header->domain_count, header->bytes);
	rc = world_create(segment, (uint32_t)rank, header->rank_count, NULL, header->world_offset, &layout, &made);
	if (rc == 0 && (rc = segment_join(segment)) < 0)
		world_destroy(made);
	if (rc < 0)
		segment_close(segment);
	else
		*world = made;
	return rc;
}

static int refuse_forked(void)
{
	return error_set(MUSTER_EFORKED, "muster_init: a child made by fork() is no rank of its own");
}

static int init_alone(muster_world **world)
{
	static _Atomic pid_t alone;
	int fd;
	if (atomic_load(&alone) == getpid())
		return error_set(-EALREADY, "this process has called muster_init before");
	if (atomic_load(&alone) != 0)
		return refuse_forked();
	int rc = segment_make_alone(&fd);
	if (rc < 0)
		return rc;
	rc = muster_attach(fd, 0, world);
	close(fd);
	if (rc == 0)
		atomic_store(&alone, getpid());
	return rc;
}

static struct segment *joined; /* by muster_init, until muster_finalize */

/* A rank that exits with 0 has left. The kernel would say only that it is gone, and how it ended is known when all its
 * memory was given back. fork()ed children come here, too. */
static void leave_at_exit(int code, void *context)
{
	(void)context;
	if (code == 0 && joined != NULL && joined->me->pid == getpid())
		segment_tell_leaving(joined);
}

int muster_init(muster_world **world)
{
	if (world == NULL)
		return error_set(-EINVAL, "muster_init: nowhere to put the world: world is NULL");
	if (joined != NULL && joined->me->pid != getpid())
		return refuse_forked();
	int rc = environment_read();
	if (rc < 0)
		return rc;
	const struct rank_environment *environment = environment_get();
	if (!environment->inside)
		return init_alone(world);
	muster_world *made;
	rc = muster_attach(environment->fd, environment->rank, &made);
	if (rc < 0)
		return rc;
	if ((int)made->size != environment->size) {
		uint32_t size = made->size;
		muster_finalize(made);
		/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc) muster_finalize has freed it */
		return error_set(MUSTER_EENVIRONMENT, "MUSTER_WORLD_SIZE is %d, but that of the job is %u",
		                 environment->size, size);
	}
	joined = made->segment;
	on_exit(leave_at_exit, NULL); /* a process joins once: see -EALREADY */
	*world = made;
	return 0;
}

int muster_finalize(muster_world *world)
{
	if (world == NULL)
		return 0;
	int rc = world_enter(world);
	if (rc < 0)
		return rc;
	struct segment *segment = world->segment;
	if (segment->worlds > 1)
		return world_leave(world,
		                   error_set(-EBUSY,
		                             "muster_finalize: worlds made by muster_split are still there (%u): free "
		                             "them first (muster_world_free)",
		                             segment->worlds - 1));
	world_destroy(world);
	if (segment == joined)
		joined = NULL;
	segment_leave(segment);
	return 0;
}

int muster_rank(const muster_world *world)
{
	return world != NULL ? (int)world->rank : world_refuse(world);
}

int muster_size(const muster_world *world)
{
	return world != NULL ? (int)world->size : world_refuse(world);
}

int muster_job_rank(const muster_world *world, int rank)
{
	uint32_t state = world == NULL ? 0 : atomic_load(world->state);
	if (state != WORLD_OPEN && state != WORLD_BUSY)
		return world_refuse(world);
	if (rank < 0 || (uint32_t)rank >= world->size)
		return error_set(-EINVAL, "no rank %d in this world", rank);
	return (int)world_job_rank(world, (uint32_t)rank);
}

const struct muster_failure *muster_failure_of(const muster_world *world)
{
	static const struct muster_failure none = {.rank = -1};
	return world != NULL ? &world->failure : &none;
}
