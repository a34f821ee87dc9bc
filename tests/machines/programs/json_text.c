/* SPDX-License-Identifier: MIT
 *
 * json_text: what stands at a path of the JSON document on standard input, one value a line; a check's only way to look
 * into a plan or a report, since the emulated machine has neither jq nor Python.
 *
 *     json_text first_failure.kind < report.json
 *     json_text 'ranks.*.cpus' < plan.json        (* is every element of a list, a number one of them)
 *
 * Exits 1 when the document cannot be read or nothing stands there.
 */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int print_value(const json_t *value)
{
	char *text;

	if (json_is_string(value)) {
		puts(json_string_value(value));
		return 0;
	}
	text = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
	if (text == NULL)
		return 1;
	puts(text);
	free(text);
	return 0;
}

static int print_at(const json_t *value, const char *path);

static int print_every_element(const json_t *list, const char *rest)
{
	int failed = 0;

	for (size_t i = 0; i < json_array_size(list); i++)
		failed |= print_at(json_array_get(list, i), rest);
	return failed;
}

static int print_at(const json_t *value, const char *path)
{
	char name[128];
	size_t length = strcspn(path, ".");
	const char *rest = path + length + (path[length] == '.');

	if (value == NULL)
		return 1;
	if (path[0] == '\0')
		return print_value(value);
	if (length >= sizeof name)
		return 1;
	memcpy(name, path, length);
	name[length] = '\0';
	if (strcmp(name, "*") == 0)
		return print_every_element(value, rest);
	if (json_is_array(value))
		return print_at(json_array_get(value, strtoul(name, NULL, 10)), rest);
	return print_at(json_object_get(value, name), rest);
}

int main(int argc, char **argv)
{
	json_error_t error;
	json_t *document;
	int failed;

	if (argc != 2) {
		fprintf(stderr, "usage: json_text PATH < DOCUMENT\n");
		return 2;
	}
	document = json_loadf(stdin, JSON_DECODE_ANY, &error);
	if (document == NULL) {
		fprintf(stderr, "json_text: line %d: %s\n", error.line, error.text);
		return 1;
	}
	failed = print_at(document, argv[1]);
	json_decref(document);
	return failed;
}
