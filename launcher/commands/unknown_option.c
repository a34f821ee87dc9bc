/* SPDX-License-Identifier: MIT
 *
 * unknown_option: see unknown_option.h.
 */
#include "commands/unknown_option.h"

#include "base/error.h"
#include "commands/foreign_options.h"
#include "commands/option_table.h"
#include "spec/nearest.h"
#include "spec/shown.h"
#include "spec/spec_keys.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { NAME_BYTES = 256 }; /* more than any of ours has, and than is shown */

/* The key that is called so, "start-timeout" or "start_timeout": not each has an option of its own. */
static const struct spec_key *find_key(const char *name)
{
	char leaf[NAME_BYTES];
	snprintf(leaf, sizeof leaf, "%s", name);
	for (char *at = leaf; *at != '\0'; at++)
		*at = *at == '-' ? '_' : *at;
	for (uint32_t i = 0; i < spec_key_count; i++)
		if (spec_keys[i].type != KEY_MAP && strncmp(spec_keys[i].path, "ranks[]", strlen("ranks[]")) != 0 &&
		    (strcmp(spec_key_leaf(&spec_keys[i]), leaf) == 0 || strcmp(spec_keys[i].path, leaf) == 0))
			return &spec_keys[i];
	return NULL;
}

/* The option that gives a key its value; NULL: none but --set. */
static const struct option_row *find_option_of(const struct spec_key *key)
{
	for (size_t i = 0; i < option_table_count; i++)
		if (option_table[i].operand != NULL && option_table[i].key != NULL &&
		    strcmp(option_table[i].key, key->path) == 0)
			return &option_table[i];
	return NULL;
}

int unknown_option_refuse(const char *typed, size_t length, struct error *err)
{
	char name[NAME_BYTES];
	snprintf(name, sizeof name, "%.*s", (int)(length < NAME_BYTES ? length : NAME_BYTES), typed);
	const char *advice = foreign_option_advice(typed, length);
	if (advice != NULL)
		return error_set(err, -EINVAL, "unknown option --%s; %s", SHOWN(name), advice);
	const struct spec_key *key = find_key(name);
	const struct option_row *own = key == NULL ? NULL : find_option_of(key);
	if (own != NULL)
		return error_set(err, -EINVAL, "unknown option --%s; write --%s %s", SHOWN(name), own->name,
		                 own->operand);
	if (key != NULL)
		return error_set(err, -EINVAL, "unknown option --%s; write --set %s=VALUE", SHOWN(name), key->path);
	const struct option_row *letter = length == 1 ? option_find_letter(name[0]) : NULL;
	if (letter != NULL)
		return error_set(err, -EINVAL, "unknown option --%s; did you mean -%s?", SHOWN(name), SHOWN(name));
	struct nearest nearest = nearest_to(name);
	for (size_t i = 0; i < option_table_count; i++) {
		nearest_offer(&nearest, option_table[i].name);
		if (option_table[i].alias != NULL)
			nearest_offer(&nearest, option_table[i].alias);
	}
	if (nearest.best != NULL)
		return error_set(err, -EINVAL, "unknown option --%s; did you mean --%s?", SHOWN(name), nearest.best);
	return error_set(err, -EINVAL, "unknown option --%s; see --help", SHOWN(name));
}

int unknown_option_refuse_one_dash(const char *argument, struct error *err)
{
	const char *typed = argument + 1;
	size_t length = strcspn(typed, "=");
	const struct option_row *own = length > 1 ? option_find_long(typed, length) : NULL;
	const char *advice = length > 1 ? foreign_option_advice(typed, length) : NULL;
	if (own != NULL && own->action != OPTION_HELP)
		return error_set(err, -EINVAL, "unknown option %s; did you mean --%s?", SHOWN(argument), own->name);
	return advice == NULL ? 0 : error_set(err, -EINVAL, "unknown option %s; %s", SHOWN(argument), advice);
}

int unknown_option_refuse_letter(const char *argument, char letter, struct error *err)
{
	const char *advice = foreign_option_advice(&letter, 1);
	if (advice == NULL)
		return error_set(err, -EINVAL, "unknown option %s; see --help", SHOWN(argument));
	return error_set(err, -EINVAL, "unknown option -%c; %s", letter, advice);
}
