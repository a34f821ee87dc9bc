/* SPDX-License-Identifier: MIT
 *
 * mount_space: a mount namespace of a child's own, in which files of the test's stand where the kernel's are. It takes
 * root, or a user namespace; where neither is to be had, the test is skipped and says so.
 */
#ifndef MUSTER_TESTS_MOUNT_SPACE_H
#define MUSTER_TESTS_MOUNT_SPACE_H

#include "run_fixture.h"

#include <sched.h>
#include <sys/mount.h>

static inline bool mount_space_enter(void)
{
	bool entered = unshare(CLONE_NEWNS) == 0 || unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0;
	return entered && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0;
}

/* In the test itself, before it makes its child. */
static inline void mount_space_or_skip(void)
{
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		_exit(mount_space_enter() && mount("/dev/null", "/proc/vmstat", NULL, MS_BIND, NULL) == 0 ? 0 : 1);
	if (fixture_wait(pid) == 0)
		return;
	print_message("skipped: no mount namespace may be made here\n");
	skip();
}

/* What `file` says now stands at `path`. */
static inline void mount_space_lay(const char *file, const char *path)
{
	child_must(mount(file, path, NULL, MS_BIND, NULL) == 0);
}

#endif
