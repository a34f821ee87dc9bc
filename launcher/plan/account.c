/* SPDX-License-Identifier: MIT
 *
 * account: see account.h. A number needs no entry in the user database (containers have none), but then the group must
 * be given, since nothing else tells it. The files are read, not the name services of the C library: those are loaded
 * at run time, which a program that is linked whole cannot do, and may keep a launcher waiting for a server.
 */
#include "plan/account.h"

#include "base/arena.h"
#include "base/error.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PASSWD_FILE "/etc/passwd"
#define GROUP_FILE  "/etc/group"

enum { LINE_BYTES = 64 * 1024, GROUPS_MAX = 1024 };

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

/* The entry that has the name, or, where none has, the one that has the number. */
static bool find_user(struct arena *arena, const char *user, struct passwd *entry)
{
	uint32_t id = 0;
	bool is_number = parse_id(user, &id), found = false;
	struct passwd read, *next;
	FILE *file = fopen(PASSWD_FILE, "re");
	for (char *buffer = arena_alloc(arena, LINE_BYTES);
	     file != NULL && fgetpwent_r(file, &read, buffer, LINE_BYTES, &next) == 0;) {
		bool has_name = strcmp(read.pw_name, user) == 0;
		if (!has_name && (found || !is_number || read.pw_uid != id))
			continue;
		*entry = read;
		found = true;
		if (has_name)
			break;
		buffer = arena_alloc(arena, LINE_BYTES);
	}
	if (file != NULL)
		fclose(file);
	return found;
}

static int look_up_user(struct account *account, struct arena *arena, const char *user, bool has_group,
                        struct error *err)
{
	struct passwd entry;
	uint32_t id = 0;
	if (find_user(arena, user, &entry)) {
		account->uid = entry.pw_uid;
		account->gid = entry.pw_gid;
		account->name = entry.pw_name;
		account->home = entry.pw_dir;
		account->shell = entry.pw_shell;
		return 0;
	}
	if (!parse_id(user, &id))
		return error_set_key(err, -ENOENT, "user",
		                     "there is no user \"%s\" in " PASSWD_FILE
		                     "; one of a directory service can be given "
		                     "as numbers, UID:GID",
		                     user);
	if (!has_group)
		return error_set_key(err, -ENOENT, "user",
		                     "%s has no entry in " PASSWD_FILE ", so its group is not known: write %s:GROUP",
		                     user, user);
	account->uid = id;
	return 0;
}

/* Calls back for each group of the file until told to stop. */
static void each_group(struct arena *arena, bool (*visit)(const struct group *group, void *context), void *context)
{
	struct group entry, *next;
	char *buffer = arena_alloc(arena, LINE_BYTES);
	FILE *file = fopen(GROUP_FILE, "re");
	while (file != NULL && fgetgrent_r(file, &entry, buffer, LINE_BYTES, &next) == 0)
		if (visit(&entry, context))
			break;
	if (file != NULL)
		fclose(file);
}

struct wanted_group {
	const char *name;
	gid_t gid;
	bool found;
};

static bool is_wanted(const struct group *group, void *context)
{
	struct wanted_group *wanted = context;
	if (strcmp(group->gr_name, wanted->name) != 0)
		return false;
	wanted->gid = group->gr_gid;
	wanted->found = true;
	return true;
}

static int look_up_group(struct account *account, struct arena *arena, const char *name, struct error *err)
{
	struct wanted_group wanted = {.name = name};
	uint32_t id = 0;
	each_group(arena, is_wanted, &wanted);
	if (!wanted.found && !parse_id(name, &id))
		return error_set_key(err, -ENOENT, "user", "there is no group \"%s\" in " GROUP_FILE, name);
	account->gid = wanted.found ? wanted.gid : id;
	return 0;
}

static bool add_if_member(const struct group *group, void *context)
{
	struct account *account = context;
	if (group->gr_gid == account->gid)
		return false;
	for (char **member = group->gr_mem; *member != NULL; member++)
		if (strcmp(*member, account->name) == 0) {
			account->groups[account->group_count++] = group->gr_gid;
			break;
		}
	return account->group_count == GROUPS_MAX;
}

static void look_up_groups(struct account *account, struct arena *arena)
{
	account->groups = arena_alloc_array(arena, GROUPS_MAX, sizeof *account->groups);
	account->groups[0] = account->gid;
	account->group_count = 1;
	if (account->name != NULL)
		each_group(arena, add_if_member, account);
}

int account_look_up(struct account *account, struct arena *arena, const char *wanted, struct error *err)
{
	if (geteuid() != 0)
		return error_set_key(err, -EPERM, "user",
		                     "only root may start ranks as another user (\"%s\" is asked for, muster runs as "
		                     "user id %u): remove the key, or run muster as root",
		                     wanted, (unsigned)geteuid());
	const char *colon = strchr(wanted, ':');
	size_t user_length = colon == NULL ? strlen(wanted) : (size_t)(colon - wanted);
	if (user_length == 0 || (colon != NULL && colon[1] == '\0'))
		return error_set_key(err, -EINVAL, "user", "\"%s\" is not of the form user or user:group", wanted);
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
