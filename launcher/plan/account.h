/* SPDX-License-Identifier: MIT
 *
 * account: the user that ranks become, looked up by "user[:group]", names or numbers.
 */
#ifndef MUSTER_PLAN_ACCOUNT_H
#define MUSTER_PLAN_ACCOUNT_H

#include <stddef.h>
#include <sys/types.h>

struct arena;
struct error;

struct account {
	uid_t uid;
	gid_t gid;
	gid_t *groups; /* supplementary ones, the primary among them */
	size_t group_count;
	char *name; /* NULL: a number without an entry in the user database; then home and shell are NULL too */
	char *home;
	char *shell;
};

/* Only root may ask. -EPERM, or -ENOENT for a user or group that does not exist. `account` changes on success only. */
int account_look_up(struct account *account, struct arena *arena, const char *wanted, struct error *err);

#endif
