/* SPDX-License-Identifier: MIT
 *
 * rank_limits: see rank_limits.h.
 */
#include "run/rank_limits.h"

#include "base/error.h"
#include "run/signals.h"
#include "spec/job_spec.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <sys/resource.h>

enum {
	LIMITS = 4,
	CPU_TIME_TO_END_S = 5, /* between SIGXCPU, which says that the CPU time is used up, and SIGKILL */
	NICE_SPAN = 40,
	LEAST_IMPORTANT = 20,
};

struct wanted_limit {
	int resource;
	enum rank_step step;
	int64_t value; /* or NOT_SET */
	const char *key;
	const char *unit;
	char letter; /* of ulimit */
};

static void list_wanted(struct wanted_limit wanted[LIMITS], const struct limits_spec *spec)
{
	const struct wanted_limit all[LIMITS] = {
		{RLIMIT_AS, STEP_ADDRESS_SPACE, spec->address_space_bytes, "limits.address_space", " bytes", 'v'},
		{RLIMIT_CORE, STEP_CORE_SIZE, spec->core_size_bytes, "limits.core_size", " bytes", 'c'},
		{RLIMIT_CPU, STEP_CPU_TIME, spec->cpu_time_s, "limits.cpu_time", " s", 't'},
		{RLIMIT_NOFILE, STEP_OPEN_FILES, spec->open_files, "limits.open_files", "", 'n'},
	};
	for (size_t i = 0; i < LIMITS; i++)
		wanted[i] = all[i];
}

/* At the soft limit of CPU time the kernel sends SIGXCPU, which names the cause; at the hard one it only kills. */
static struct rlimit value_of(const struct wanted_limit *wanted)
{
	struct rlimit value = {(rlim_t)wanted->value, (rlim_t)wanted->value}, own;
	if (wanted->resource != RLIMIT_CPU || getrlimit(RLIMIT_CPU, &own) < 0)
		return value;
	value.rlim_max += CPU_TIME_TO_END_S;
	if (value.rlim_max > own.rlim_max)
		value.rlim_max = value.rlim_cur > own.rlim_max ? value.rlim_cur : own.rlim_max;
	return value;
}

/* muster raises its own number of open files; a rank gets back what muster was given, unless the spec says otherwise.
 */
uint32_t rank_limits_make(struct rank_limit limits[RANK_LIMITS_MAX], const struct limits_spec *spec)
{
	static_assert(LIMITS + 1 <= RANK_LIMITS_MAX, "all of them, and the inherited one");
	struct wanted_limit wanted[LIMITS];
	uint32_t count = 0;
	list_wanted(wanted, spec);
	for (size_t i = 0; i < LIMITS; i++)
		if (wanted[i].value != NOT_SET)
			limits[count++] = (struct rank_limit){wanted[i].resource, wanted[i].step, value_of(&wanted[i])};
	if (spec->open_files == NOT_SET)
		limits[count++] = (struct rank_limit){RLIMIT_NOFILE, STEP_OPEN_FILES, *signals_inherited_open_files()};
	return count;
}

/* A limit that was raised for a moment can always be put back. */
static int check_limit(const struct wanted_limit *wanted, struct error *err)
{
	struct rlimit own, raised;
	if (wanted->value == NOT_SET || getrlimit(wanted->resource, &own) < 0)
		return 0;
	raised = (struct rlimit){own.rlim_cur, value_of(wanted).rlim_max};
	if (raised.rlim_max <= own.rlim_max)
		return 0;
	if (setrlimit(wanted->resource, &raised) == 0) {
		setrlimit(wanted->resource, &own);
		return 0;
	}
	return error_set_key(err, -EPERM, wanted->key,
	                     "%" PRId64 "%s is above the hard limit, %" PRIu64
	                     "%s: ask for less, or raise it (ulimit -H%c)",
	                     wanted->value, wanted->unit, (uint64_t)own.rlim_max, wanted->unit, wanted->letter);
}

/* Never tried with a higher one, from which there may be no way back. */
static int check_nice(const struct limits_spec *spec, struct error *err)
{
	struct rlimit limit = {0, 0};
	int own = getpriority(PRIO_PROCESS, 0);
	if (!spec->has_nice || spec->nice >= own)
		return 0;
	if (setpriority(PRIO_PROCESS, 0, spec->nice) == 0) {
		setpriority(PRIO_PROCESS, 0, own);
		return 0;
	}
	getrlimit(RLIMIT_NICE, &limit);
	int lowest = LEAST_IMPORTANT - (int)(limit.rlim_cur > NICE_SPAN ? NICE_SPAN : limit.rlim_cur);
	return error_set_key(err, -EPERM, "limits.nice",
	                     "%d is below %d, the lowest that this user may ask for: ask for that, or raise "
	                     "RLIMIT_NICE (ulimit -e)",
	                     spec->nice, lowest < own ? lowest : own);
}

int rank_limits_check(const struct limits_spec *spec, struct error *err)
{
	struct wanted_limit wanted[LIMITS];
	list_wanted(wanted, spec);
	for (size_t i = 0; i < LIMITS; i++) {
		int rc = check_limit(&wanted[i], err);
		if (rc < 0)
			return rc;
	}
	return check_nice(spec, err);
}
