/* SPDX-License-Identifier: MIT
 *
 * account: see account.h. A number needs no entry in the user database (containers have none), but then the group must
 * be given, since nothing else tells it.
 */
#include "plan/account.h"

#include "base/arena.h"
#include "base/error.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LOOKUP_BYTES = 64 * 1024 };

/* A whole decimal number that is a user or group id; (id)-1 means "unchanged" to the kernel and is none. */
static bool parse_id(const char *text, uint32_t *id)
{
	char *end;
	errno = 0;
	if (text[0] < '0' || text[0] > '9')
		return false;
	unsigned long long value = strtoull(text, &end, 10);
	if (*end != '\0' || errno != 0 || value >= UINT32_MAX)
		return false;
	*id = (uint32_t)value;
	return true;
}

static int look_up_user(struct account *account, struct arena *arena, const char *user, bool has_group,
                        struct error *err)
{
	struct passwd entry, *found = NULL;
	uint32_t id = 0;
	bool is_number = parse_id(user, &id);
	char *buffer = arena_alloc(arena, LOOKUP_BYTES);
	int failure = getpwnam_r(user, &entry, buffer, LOOKUP_BYTES, &found);
	if (found == NULL && is_number)
		failure = getpwuid_r(id, &entry, buffer, LOOKUP_BYTES, &found);
	if (found != NULL) {
		account->uid = found->pw_uid;
		account->gid = found->pw_gid;
		account->name = arena_copy(arena, found->pw_name);
		account->home = arena_copy(arena, found->pw_dir);
		account->shell = arena_copy(arena, found->pw_shell);
		return 0;
	}
	if (is_number && has_group) {
		account->uid = id;
		return 0;
	}
	if (is_number)
		return error_set(
			err, -ENOENT,
			"user: %s has no entry in the user database, so its group is not known: write %s:GROUP", user,
			user);
	if (failure != 0 && failure != ENOENT && failure != ESRCH)
		return error_set(err, -failure, "user: cannot look up \"%s\": %s", user, strerror(failure));
	return error_set(err, -ENOENT, "user: there is no user \"%s\" on this machine", user);
}

static int look_up_group(struct account *account, struct arena *arena, const char *group, struct error *err)
{
	struct group entry, *found = NULL;
	uint32_t id = 0;
	char *buffer = arena_alloc(arena, LOOKUP_BYTES);
	int failure = getgrnam_r(group, &entry, buffer, LOOKUP_BYTES, &found);
	if (found != NULL) {
		account->gid = found->gr_gid;
		return 0;
	}
	if (parse_id(group, &id)) {
		account->gid = id;
		return 0;
	}
	if (failure != 0 && failure != ENOENT && failure != ESRCH)
		return error_set(err, -failure, "user: cannot look up group \"%s\": %s", group, strerror(failure));
	return error_set(err, -ENOENT, "user: there is no group \"%s\" on this machine", group);
}

static void look_up_groups(struct account *account, struct arena *arena)
{
	int count = 64;
	account->groups = arena_alloc_array(arena, (size_t)count, sizeof *account->groups);
	if (account->name == NULL) {
		account->groups[0] = account->gid;
		account->group_count = 1;
		return;
	}
	/* When there is too little room it says how much it takes; the database may grow between two calls. */
	while (getgrouplist(account->name, account->gid, account->groups, &count) < 0)
		account->groups = arena_alloc_array(arena, (size_t)count, sizeof *account->groups);
	account->group_count = (size_t)count;
}

int account_look_up(struct account *account, struct arena *arena, const char *wanted, struct error *err)
{
	if (geteuid() != 0)
		return error_set(err, -EPERM,
		                 "user: only root may start ranks as another user (\"%s\" is asked for, muster runs as "
		                 "user id %u): remove the key, or run muster as root",
		                 wanted, (unsigned)geteuid());
	const char *colon = strchr(wanted, ':');
	size_t user_length = colon == NULL ? strlen(wanted) : (size_t)(colon - wanted);
	if (user_length == 0 || (colon != NULL && colon[1] == '\0'))
		return error_set(err, -EINVAL, "user: \"%s\" is not of the form user or user:group", wanted);
	char *user = arena_copy_bytes(arena, wanted, user_length);
	struct account made = {0};
	int rc = look_up_user(&made, arena, user, colon != NULL, err);
	if (rc < 0)
		return rc;
	rc = colon == NULL ? 0 : look_up_group(&made, arena, colon + 1, err);
	if (rc < 0)
		return rc;
	look_up_groups(&made, arena);
	*account = made;
	return 0;
}
