/* SPDX-License-Identifier: MIT
 *
 * spec_tool: what schema_test.py asks about the reader of specs: `spec_tool check --json FILE...` is the subcommand,
 * `spec_tool keys` is the table of keys as JSON.
 */
#include "commands/check.h"
#include "spec/spec_keys.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

static const char *const type_names[] = {
	[KEY_MAP] = "map",
	[KEY_NUMBER] = "number",
	[KEY_FLAG] = "flag",
	[KEY_CHOICE] = "choice",
	[KEY_DURATION] = "duration",
	[KEY_SIZE] = "size",
	[KEY_SIGNAL] = "signal",
	[KEY_UMASK] = "umask",
	[KEY_TEXT] = "text",
	[KEY_NAME] = "name",
	[KEY_TEXTS] = "texts",
	[KEY_CPUS] = "cpus",
	[KEY_RANKS] = "ranks",
	[KEY_RANK_CPUS] = "rank_cpus",
	[KEY_ENV] = "env",
	[KEY_INHERIT] = "inherit",
	[KEY_STDIN] = "stdin",
	[KEY_SINKS] = "sinks",
	[KEY_EXCEPTIONS] = "exceptions",
};

static json_t *json_of_key(const struct spec_key *key)
{
	json_t *words = json_array();
	for (const struct choice *choice = key->words; choice != NULL && choice->word != NULL; choice++)
		json_array_append_new(words, json_string(choice->word));
	return json_pack("{s:s, s:s, s:b, s:b, s:I, s:I, s:o, s:s?, s:s}", "path", key->path, "type",
	                 type_names[key->type], "required", key->required, "nullable", key->nullable, "min",
	                 (json_int_t)key->min, "max", (json_int_t)key->max, "words", words, "default", key->fallback,
	                 "help", key->help);
}

static int print_keys(void)
{
	json_t *keys = json_array();
	for (uint32_t i = 0; i < spec_key_count; i++)
		json_array_append_new(keys, json_of_key(&spec_keys[i]));
	json_dumpf(keys, stdout, JSON_INDENT(2));
	putchar('\n');
	json_decref(keys);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "keys") == 0)
		return print_keys();
	if (argc > 2 && strcmp(argv[1], "check") == 0)
		return command_check(argc - 1, argv + 1);
	fputs("usage: spec_tool keys | spec_tool check [--json] FILE...\n", stderr);
	return 2;
}
